"""The Executor port: what building, re-execution and calls need of an EVM, and nothing of any one EVM.

    begin_block(state, env, rules) -> BlockExecution
        .apply(transaction) -> TransactionOutcome      any number of times, or raises InvalidTransaction
        .finish() -> StateChanges

Both implementations give the same outcomes and the same changes, bit for bit (ADR 0002).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from state.blocks import Log
from state.primitives.types import ZERO_HASH, Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei
from state.transactions import AccessListEntry, Authorization, ExecutableTransaction
from state.world.types import StateChanges, StateReader


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRules:
    """What differs between the two chains that this package serves. The EVM is Prague's on both."""

    chain_id: int
    is_optimism: bool
    """True on L2: deposits, L1 and operator fee, vaults, P256VERIFY, precompile input limits, no blobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockEnv:
    """The block that transactions run in."""

    number: BlockNumber
    timestamp: UnixSeconds
    fee_recipient: Address
    prev_randao: Hash32
    gas_limit: Gas
    base_fee_per_gas: Wei
    parent_hash: Hash32
    parent_beacon_block_root: Hash32 = ZERO_HASH
    excess_blob_gas: Gas = Gas(0)
    ancestor_hash: Callable[[int], Hash32 | None] = lambda _number: None
    """BLOCKHASH: the hash of one of the 256 blocks before, by number."""
    blob_base_fee: Wei | None = None
    """BLOBBASEFEE, where a call pretends one; None: by the chain's rule."""
    precompile_moves: Mapping[Address, Address | None] = field(default_factory=dict)
    """Where a call pretends precompiles: at the key runs the contract that is otherwise at the value, None: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionOutcome:
    """What one transaction did."""

    succeeded: bool
    gas_used: Gas
    logs: tuple[Log, ...]
    output: bytes
    """Return data, or revert data if it failed."""
    error: str | None
    """geth's words, e.g. `execution reverted`, `out of gas`; None on success."""
    created_address: Address | None
    deposit_nonce: int | None = None
    l1_fee: Wei = Wei(0)
    operator_fee: Wei = Wei(0)
    max_used_gas: Gas = Gas(0)
    """The most that was spent at any time: before refunds, and at least the calldata floor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMessage:
    """A call that no key signed: eth_call, eth_estimateGas. Nothing is charged but `value` and, where a price is
    given, gas."""

    sender: Address
    to: Address | None
    gas_limit: Gas
    gas_price: Wei = Wei(0)
    value: Wei = Wei(0)
    data: bytes = b""
    access_list: tuple[AccessListEntry, ...] = ()
    authorizations: tuple[Authorization, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOverride:
    """eth_call's state override for one account; None leaves a field as it is."""

    nonce: int | None = None
    balance: int | None = None
    code: bytes | None = None
    state: Mapping[int, int] | None = None
    """Replaces all storage."""
    state_diff: Mapping[int, int] = field(default_factory=dict)
    move_precompile_to: Address | None = None
    """The precompile at this account is found there instead. Whatever is overridden at a precompile takes it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOverrides:
    """What a call pretends about its block; None leaves a field as it is."""

    number: int | None = None
    timestamp: int | None = None
    gas_limit: int | None = None
    fee_recipient: Address | None = None
    prev_randao: Hash32 | None = None
    base_fee_per_gas: int | None = None
    blob_base_fee: int | None = None
    parent_beacon_block_root: Hash32 | None = None
    """In simulated blocks only; a call has no use for it and refuses it."""


class BlockExecution(Protocol):
    """A block being executed. Not re-entrant, not shared between threads."""

    gas_used: int
    """Of all transactions applied so far."""

    def apply(self, transaction: ExecutableTransaction) -> TransactionOutcome:
        """The outcome, with the state moved on. Raises InvalidTransaction with the state as it was."""

    def finish(self) -> StateChanges:
        """All changes since begin_block, the system calls of EIP-4788 and EIP-2935 included."""


class Executor(Protocol):
    """An EVM. Stateless: everything it knows of the chain is handed in."""

    name: str

    def begin_block(self, state: StateReader, env: BlockEnv, rules: ChainRules) -> BlockExecution:
        """An execution on top of `state`; the pre-block system calls have run."""

    def call(
        self,
        state: StateReader,
        env: BlockEnv,
        rules: ChainRules,
        message: CallMessage,
        overrides: Mapping[Address, AccountOverride] | None = None,
    ) -> TransactionOutcome:
        """What `message` would do as a transaction on `state`; nothing is kept, fees and nonces are not checked."""
