"""A network for tests: distinct roles, short delays, and its L1 as genesis lays it out."""

from __future__ import annotations

from contracts.addresses import SIMULATED_L1
from contracts.artifacts import artifact
from contracts.genesis_config import GenesisConfig
from contracts.l1_genesis import l1_allocation
from tests.unit.contracts.harness import Contract, Evm

OPERATOR, BATCHER, PROPOSER, CHALLENGER, GUARDIAN, SIGNER, FEES = (bytes([0xE0 + i]) * 20 for i in range(7))
ALICE, BOB = b"\xa1" * 20, b"\xb0" * 20

CONFIG = GenesisConfig(
    operator=OPERATOR, batcher=BATCHER, proposer=PROPOSER, challenger=CHALLENGER, guardian=GUARDIAN,
    unsafe_block_signer=SIGNER, fee_recipient=FEES, timestamp=1_700_000_000,
    accounts=((ALICE, 10_000 * 10**18), (BOB, 10_000 * 10**18)), l1_accounts=((ALICE, 10**21),),
    operator_fee_scalar=11, operator_fee_constant=12, init_bond=1_000, anchor_root=b"\x77" * 32,
)  # fmt: skip


def l1_network(evm: Evm, config: GenesisConfig = CONFIG) -> dict[str, Contract]:
    """The simulated L1's genesis in `evm`; contracts by name."""
    allocation = l1_allocation(config)
    for where in config.l1_contracts.values():
        account = allocation.account(where)
        evm.place(where, account.code, account.storage, account.balance)
    for who in (OPERATOR, BATCHER, PROPOSER, CHALLENGER, GUARDIAN, ALICE, BOB):
        evm.fund(who, 10**24)
    return {name: Contract(evm, artifact(name), SIMULATED_L1[name]) for name in config.l1_contracts}
