"""What a network's genesis depends on: everything that `l2_genesis`, `l1_genesis` and `deployment_plan` read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from contracts.addresses import SIMULATED_L1
from contracts.errors import GenesisInconsistent

WEI_PER_OPEN: Final = 10**18
TOTAL_SUPPLY: Final = 1_000_000_000 * WEI_PER_OPEN
"""Wei on L2 at genesis, and the portal's escrow for it on L1."""

TRANCHES: Final = ("community", "investors", "team", "ecosystem", "liquidity")
UPFRONT: Final = {
    "community": 145_500_000 * WEI_PER_OPEN,
    "ecosystem": 20_000_000 * WEI_PER_OPEN,
    "liquidity": 50_000_000 * WEI_PER_OPEN,
}
"""Wei that a tranche's beneficiary holds at genesis (CONTRACTS.md, Vesting)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenesisConfig:
    """One network. Addresses are 20 bytes, amounts wei, times UNIX seconds, delays seconds."""

    operator: bytes
    """Owner of SystemConfig and the factory; the default for each role below."""
    timestamp: int
    """Genesis time of L2; the simulated L1 starts at the same time."""
    accounts: tuple[tuple[bytes, int], ...] = ()
    """L2 accounts and their amounts, paid out of community's genesis part."""
    l1_accounts: tuple[tuple[bytes, int], ...] = ()
    """Accounts of the simulated L1 and their amounts: gas money, beyond the escrowed supply."""
    l2_chain_id: int = 161_299
    l1_chain_id: int = 900
    block_time: int = 1
    seq_window_size: int = 3_600
    """L1 blocks."""

    batcher: bytes = b""
    proposer: bytes = b""
    challenger: bytes = b""
    """May resolve a game against its root while its clock runs."""
    guardian: bytes = b""
    """May pause withdrawals, blacklist games and retire all that exist."""
    unsafe_block_signer: bytes = b""
    fee_recipient: bytes = b""
    """Where the four fee vaults pay, on L2."""
    beneficiaries: Mapping[str, bytes] = field(default_factory=dict)
    """Tranche → beneficiary; the operator where absent."""
    timelock: bytes = b""
    """May turn parameters and grant from the treasury; admin of the OPEN predeploys' proxies."""
    parameters: Mapping[str, int] = field(default_factory=dict)
    """Genesis values of OPEN parameters by name, over the devnet's of contracts.open_genesis."""

    l1_contracts: Mapping[str, bytes] = field(default_factory=lambda: SIMULATED_L1)
    """Where the L1 contracts lie; `contracts.deploy.deployment_plan` predicts them for a real L1."""
    anchor_root: bytes = bytes(32)
    """Output root of L2's genesis block, which the first game starts from. L2's genesis doesn't depend on it."""

    gas_limit: int = 20_000_000
    eip1559_denominator: int = 250
    eip1559_elasticity: int = 6
    base_fee_scalar: int = 1_368
    blob_base_fee_scalar: int = 810_949
    operator_fee_scalar: int = 0
    operator_fee_constant: int = 0
    base_fee_per_gas: int = 10**9

    l1_gas_limit: int = 30_000_000
    max_resource_limit: int = 4_000_000
    """L2 gas that all deposits of an L1 block may buy."""
    proof_maturity_delay: int = 12
    dispute_game_finality_delay: int = 6
    max_clock_duration: int = 6
    """How long a challenger may answer a proposal."""
    init_bond: int = 0
    min_vault_withdrawal: int = 10 * WEI_PER_OPEN
    custom_gas_token: bool = False
    """True on an L1 whose coin is not OPEN: native deposits and withdrawals revert."""

    def __post_init__(self) -> None:
        """Fill the roles with the operator and check ranges; GenesisInconsistent for a value that cannot be."""
        for role in (
            "batcher", "proposer", "challenger", "guardian", "unsafe_block_signer", "fee_recipient", "timelock",
        ):  # fmt: skip
            if not getattr(self, role):
                object.__setattr__(self, role, self.operator)
        tranches = {name: self.beneficiaries.get(name, self.operator) for name in TRANCHES}
        object.__setattr__(self, "beneficiaries", tranches)
        for who in (self.operator, self.batcher, self.proposer, self.challenger, self.guardian,
                    self.unsafe_block_signer, self.fee_recipient, self.timelock, *tranches.values(),
                    *(who for who, _ in (*self.accounts, *self.l1_accounts))):  # fmt: skip
            if len(who) != 20:
                raise GenesisInconsistent(f"an address has {len(who)} bytes, expected 20")
        if not (self.eip1559_denominator and self.eip1559_elasticity):
            raise GenesisInconsistent("EIP-1559 parameters must not be zero")
        funded = sum(amount for _, amount in self.accounts)
        if funded > UPFRONT["community"]:
            raise GenesisInconsistent(f"accounts get {funded} wei, community's genesis part is {UPFRONT['community']}")

    @property
    def extra_data(self) -> bytes:
        """Holocene's nine bytes of the genesis header."""
        return b"\0" + self.eip1559_denominator.to_bytes(4, "big") + self.eip1559_elasticity.to_bytes(4, "big")

    @property
    def scalar(self) -> bytes:
        """Ecotone's packed fee scalar: 0x01, 23 zeros, blob scalar, base scalar."""
        scalars = self.blob_base_fee_scalar.to_bytes(4, "big") + self.base_fee_scalar.to_bytes(4, "big")
        return b"\x01" + bytes(23) + scalars
