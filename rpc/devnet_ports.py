"""What only a devnet or its sandbox can do, as the methods for it see it (`rpc.ports.Ports` has each, or None).

AccountsPort   signing for accounts that the node holds the keys of
FaucetPort     coin for whoever asks
SandboxPort    forged time and state
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from state.primitives.types import Address, Hash32, Wei
from state.transactions import SignedTransaction
from state.transition import AccountForgery


class AccountsPort(Protocol):
    """Accounts that this node signs for. Each `sign_` raises AccountLocked for another account."""

    def addresses(self) -> Sequence[Address]:
        """Whom it signs for, in a fixed order."""

    def sign_transaction(self, sender: Address, unsigned: SignedTransaction) -> bytes:
        """The EIP-2718 bytes of `unsigned` (whose signature is ignored) with the sender's signature."""

    def sign_message(self, signer: Address, message: bytes) -> bytes:
        """65 bytes r ++ s ++ v over a message with EIP-191's prefix."""

    def sign_typed_data(self, signer: Address, typed_data: Mapping[str, Any]) -> bytes:
        """65 bytes r ++ s ++ v (EIP-712). Raises InvalidTypedData."""

    def in_turn(self, sender: Address, work: Callable[[], Coroutine[Any, Any, Hash32]]) -> Coroutine[Any, Any, Hash32]:
        """What `work` gives, run when nobody else is choosing a nonce for the account."""


class FaucetPort(Protocol):
    """Coin for whoever asks, out of a devnet account."""

    @property
    def most(self) -> Wei:
        """Wei that one request gets at most."""

    @property
    def usual(self) -> Wei:
        """Wei that a request gets which names no amount."""

    @property
    def cooldown(self) -> float:
        """Seconds until an account may ask again."""

    async def pay(self, to: Address, amount: Wei) -> Hash32:
        """The hash of the transaction that pays. Raises NodeError where it won't."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxState:
    """What a sandbox says of itself."""

    instance: Hash32
    """Another one for each start and each reset."""
    snapshots: Mapping[int, tuple[int, Hash32]]
    """Id -> number and hash of the head that a revert leads to."""
    gas_limit: int
    """Of the blocks to come."""
    mining_interval: float | None
    """Seconds between blocks that come by themselves."""


class SandboxPort(Protocol):
    """A chain whose time and state may be forged. Methods raise SandboxRefusal for what even that can't be."""

    def describe(self) -> SandboxState: ...

    @property
    def automine(self) -> bool:
        """Whether a transaction gets its block at once."""

    async def mine(self, count: int = 1, interval: int | None = None, timestamp: int | None = None) -> None:
        """`count` blocks, `interval` seconds apart, the first at `timestamp`."""

    async def set_automine(self, enabled: bool) -> None: ...

    async def set_interval(self, seconds: float) -> None:
        """A block every so often instead; 0: none but those that are asked for."""

    def increase_time(self, seconds: int) -> int:
        """How many seconds ahead of the machine's clock the sandbox is now."""

    def set_time(self, timestamp: int) -> int:
        """How many seconds ahead of the machine's clock it is, now that it is `timestamp`."""

    def ask_timestamp(self, timestamp: int) -> None:
        """The next block has exactly this."""

    def set_timestamp_interval(self, seconds: int) -> None:
        """From block to block, whatever the clock says."""

    def remove_timestamp_interval(self) -> bool:
        """Whether there was one."""

    def wish_gas_limit(self, gas_limit: int) -> None: ...

    def wish_base_fee(self, base_fee: int) -> None:
        """Of the next block only."""

    def wish_prev_randao(self, prev_randao: Hash32) -> None:
        """Of the next block only."""

    def wish_fee_recipient(self, fee_recipient: Address) -> None: ...

    async def forge(self, forgery: AccountForgery) -> None:
        """The account is so from the newest block on."""

    async def snapshot(self) -> int: ...

    async def revert(self, snapshot_id: int) -> bool:
        """Whether there was such a snapshot."""

    async def reset(self) -> None:
        """Back to genesis."""

    def impersonate(self, address: Address) -> None: ...

    def stop_impersonating(self, address: Address) -> None: ...

    def impersonate_anybody(self, enabled: bool) -> None: ...

    def make_up_transaction(self, sender: Address, unsigned: SignedTransaction) -> bytes:
        """Bytes that the pool will take as the sender's, though nobody has signed them."""

    def drop(self, transaction_hash: Hash32) -> bool:
        """Whether the pool held it."""

    def drop_all(self, sender: Address | None = None) -> None:
        """All of the pool, or of one sender."""
