"""The product's own genesis, executed by both executors: the fees that L1Block's storage says are the attributes'."""

import json
from pathlib import Path

import pytest

from contracts.addresses import (
    BASE_FEE_VAULT,
    BEACON_ROOTS,
    DEPOSITOR_ACCOUNT,
    HISTORY_STORAGE,
    L1_BLOCK,
    L1_FEE_VAULT,
    L2_TO_L1_MESSAGE_PASSER,
    OPERATOR_FEE_VAULT,
    WRAPPED_OPEN,
)
from contracts.genesis import l2_genesis
from contracts.genesis_config import TOTAL_SUPPLY, GenesisConfig
from state.blocks import Block
from state.database import ChainDatabase, MemoryStore
from state.execution.fast import FastExecutor
from state.execution.fees import L1FeeParams, ReceiptFees, operator_fee
from state.execution.reference import ReferenceExecutor
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Hash32, Wei
from state.transactions import DepositTransaction
from state.transition import CheckedExecutor, GenesisSpec, execute_block, genesis_record
from state.world.readers import FlatState
from tests.unit.state.transition.network import L2, SENDER, SEQUENCER_FEE_VAULT, Network

VAULTS = (SEQUENCER_FEE_VAULT, BASE_FEE_VAULT, L1_FEE_VAULT, OPERATOR_FEE_VAULT)
CALLDATA = (
    bytes.fromhex("098999be")
    + (1_368).to_bytes(4, "big")
    + (810_949).to_bytes(4, "big")
    + (0).to_bytes(8, "big")
    + (1_700_000_000).to_bytes(8, "big")
    + (77).to_bytes(8, "big")
    + (3 * 10**9).to_bytes(32, "big")
    + (10**6).to_bytes(32, "big")
    + b"\x77" * 32
    + bytes(12)
    + b"\x44" * 20
    + (2_000_000).to_bytes(4, "big")
    + (500).to_bytes(8, "big")
)
PARAMS = L1FeeParams.from_attributes(CALLDATA)


@pytest.fixture
def devnet(tmp_path: Path) -> Network:
    """A chain from the product's genesis.json with one funded key."""
    config = GenesisConfig(operator=b"\x0e" * 20, timestamp=1_700_000_000, accounts=((SENDER, 10**22),))
    network = Network(L2, CheckedExecutor(FastExecutor(), ReferenceExecutor(), tmp_path))
    network.genesis = genesis_record(GenesisSpec.from_json(json.dumps(l2_genesis(config))), L2)
    network.db = ChainDatabase(MemoryStore())
    network.db.initialise(network.genesis)
    return network


def attributes_deposit() -> DepositTransaction:
    return DepositTransaction(
        source_hash=keccak256(b"attributes"),
        sender=Address(DEPOSITOR_ACCOUNT),
        to=Address(L1_BLOCK),
        mint=Wei(0),
        value=Wei(0),
        gas_limit=Gas(1_000_000),
        is_system_transaction=False,
        data=CALLDATA,
    )


def total_supply(db: ChainDatabase) -> int:
    state = FlatState(db)
    accounts = [state.account(address) for address, _ in db.iterate_flat_accounts()]
    return sum(account.balance for account in accounts if account is not None)


def test_attributes_set_the_fees_of_their_own_block(devnet: Network) -> None:
    tx = devnet.sign(gas_limit=50_000)
    sealed = devnet.seal([attributes_deposit(), tx])
    attributes, transfer = sealed.outcomes
    assert attributes.succeeded
    assert attributes.gas_used < 1_000_000
    fees = ReceiptFees.decode(sealed.record.receipt_extras[1])
    assert fees == ReceiptFees.of(tx.raw, PARAMS)
    assert transfer.l1_fee == fees.l1_fee > 0
    assert transfer.operator_fee == operator_fee(21_000, PARAMS) == 42_500


def test_no_wei_is_made_or_lost(devnet: Network) -> None:
    assert total_supply(devnet.db) == TOTAL_SUPPLY
    wrap = devnet.sign(to=Address(WRAPPED_OPEN), value=10**18, gas_limit=200_000, data=keccak256(b"deposit()")[:4])
    failing = devnet.sign(to=Address(WRAPPED_OPEN), value=1, gas_limit=100_000, data=b"\1\2\3\4")
    sealed = devnet.seal([attributes_deposit(), wrap, failing])
    devnet.commit(sealed)
    assert [outcome.succeeded for outcome in sealed.outcomes] == [True, True, False]
    assert total_supply(devnet.db) == TOTAL_SUPPLY
    state = FlatState(devnet.db)
    assert all(state.account(Address(vault)).balance > 0 for vault in VAULTS)


def test_a_withdrawal_moves_the_withdrawals_root(devnet: Network) -> None:
    selector = keccak256(b"initiateWithdrawal(address,uint256,bytes)")[:4]
    data = selector + SENDER.rjust(32, b"\0") + (100_000).to_bytes(32, "big") + (96).to_bytes(32, "big") + bytes(32)
    tx = devnet.sign(to=Address(L2_TO_L1_MESSAGE_PASSER), value=5, gas_limit=300_000, data=data)
    sealed = devnet.seal([attributes_deposit(), tx])
    assert sealed.outcomes[1].succeeded
    assert len(sealed.outcomes[1].logs) == 1
    assert sealed.record.header.withdrawals_root != devnet.genesis.header.withdrawals_root
    block = Block(header=sealed.record.header, transactions=sealed.record.transactions)
    assert execute_block(devnet.db, devnet.executor, L2, block) == sealed


def test_system_contracts_record_parent_and_beacon_root(devnet: Network) -> None:
    sealed = devnet.seal([], parent_beacon_block_root=Hash32(b"\x0b" * 32))
    devnet.commit(sealed)
    state, header = FlatState(devnet.db), sealed.record.header
    assert state.storage(Address(HISTORY_STORAGE), 0) == int.from_bytes(devnet.genesis.hash, "big")
    slot = header.timestamp % 8_191
    assert state.storage(Address(BEACON_ROOTS), slot + 8_191) == int.from_bytes(b"\x0b" * 32, "big")
