"""rpc's PoolPort and SandboxPort over `rollup.sandbox`, and its events for subscribers."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from node.adapters.pool import pool_content, pool_counts
from node.sandbox.accounts import SandboxAccounts
from rollup.sandbox import Sandbox, SandboxRefusal
from rpc.devnet_ports import SandboxState
from rpc.events import EventHub
from rpc.values import PoolCounts, PoolEntry
from state.database import BlockRecord
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei
from state.queries import PendingRequest
from state.transactions import RecoveredTransaction, SignedTransaction
from state.transition import AccountForgery


class SandboxPool:
    """PoolPort: what is submitted is in a block when the answer goes out, with automine."""

    def __init__(self, sandbox: Sandbox, accounts: SandboxAccounts) -> None:
        self._sandbox = sandbox
        self._accounts = accounts

    async def submit(self, raw: bytes) -> Hash32:
        return await self._sandbox.submit(self._accounts.recover(raw))

    def pending_nonce(self, address: Address) -> Nonce | None:
        return Nonce(self._sandbox.pool.pending_nonce(address))

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        return self._sandbox.pool.transaction(transaction_hash)

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        return list(islice(self._sandbox.pool.best_transactions(Wei(0)), limit))

    def content(self, sender: Address | None = None) -> Iterator[PoolEntry]:
        return pool_content(self._sandbox.pool, sender)

    def counts(self) -> PoolCounts:
        return pool_counts(self._sandbox.pool)


def as_wished(sandbox: Sandbox, request: PendingRequest) -> PendingRequest:
    """The pending block with the time that the next one would get, and all that was wished of it."""
    wishes = sandbox.next_block
    return replace(
        request,
        timestamp=sandbox.next_timestamp(),
        fee_recipient=wishes.fee_recipient,
        prev_randao=sandbox.next_prev_randao(),
        gas_limit=wishes.gas_limit,
        base_fee_per_gas=wishes.base_fee,
    )


class Subscribers:
    """SandboxEvents: tells those who wait on the server."""

    def __init__(self) -> None:
        self.hub: EventHub | None = None
        """The server's, once there is one."""

    def on_blocks(self, added: Sequence[BlockRecord], dropped: Sequence[BlockRecord]) -> None:
        if self.hub is not None:
            removed = [record.hash for record in reversed(dropped)]
            self.hub.publish_heads(added=[record.hash for record in added], removed=removed)


class SandboxControl:
    """SandboxPort."""

    def __init__(self, sandbox: Sandbox, accounts: SandboxAccounts) -> None:
        self._sandbox = sandbox
        self._accounts = accounts
        self._instance = _instance()

    def describe(self) -> SandboxState:
        return SandboxState(
            instance=self._instance,
            snapshots=self._sandbox.snapshots(),
            gas_limit=self._sandbox.next_block.gas_limit,
            mining_interval=self._sandbox.interval,
        )

    # Blocks

    @property
    def automine(self) -> bool:
        return self._sandbox.automine

    async def mine(self, count: int = 1, interval: int | None = None, timestamp: int | None = None) -> None:
        await self._sandbox.mine(count, interval, timestamp)

    async def set_automine(self, enabled: bool) -> None:
        await self._sandbox.set_automine(enabled)

    async def set_interval(self, seconds: float) -> None:
        await self._sandbox.set_interval(seconds)

    # Time

    def increase_time(self, seconds: int) -> int:
        return self._sandbox.clock.increase(seconds)

    def set_time(self, timestamp: int) -> int:
        self._sandbox.clock.set(timestamp)
        return round(self._sandbox.clock.offset)

    def ask_timestamp(self, timestamp: int) -> None:
        self._sandbox.clock.ask_next(timestamp, self._sandbox.chain.head.timestamp)

    def set_timestamp_interval(self, seconds: int) -> None:
        if not 0 < seconds < 2**32:
            raise SandboxRefusal(f"interval out of range: got {seconds}, expected at least 1 second")
        self._sandbox.clock.interval = seconds

    def remove_timestamp_interval(self) -> bool:
        had_one = self._sandbox.clock.interval is not None
        self._sandbox.clock.interval = None
        return had_one

    # The blocks to come

    def wish_gas_limit(self, gas_limit: int) -> None:
        self._sandbox.wish(gas_limit=Gas(gas_limit))

    def wish_base_fee(self, base_fee: int) -> None:
        self._sandbox.wish(base_fee=Wei(base_fee))

    def wish_prev_randao(self, prev_randao: Hash32) -> None:
        self._sandbox.wish(prev_randao=prev_randao)

    def wish_fee_recipient(self, fee_recipient: Address) -> None:
        self._sandbox.wish(fee_recipient=fee_recipient)

    # Accounts

    async def forge(self, forgery: AccountForgery) -> None:
        await self._sandbox.forge(forgery)

    def impersonate(self, address: Address) -> None:
        self._accounts.impersonate(address)

    def stop_impersonating(self, address: Address) -> None:
        self._accounts.stop_impersonating(address)

    def impersonate_anybody(self, enabled: bool) -> None:
        self._accounts.anybody = enabled

    def make_up_transaction(self, sender: Address, unsigned: SignedTransaction) -> bytes:
        return self._accounts.make_up(sender, unsigned)

    # Back

    async def snapshot(self) -> int:
        return await self._sandbox.snapshot()

    async def revert(self, snapshot_id: int) -> bool:
        return await self._sandbox.revert(snapshot_id)

    async def reset(self) -> None:
        await self._sandbox.reset()
        self._instance = _instance()

    def drop(self, transaction_hash: Hash32) -> bool:
        return self._sandbox.drop(transaction_hash)

    def drop_all(self, sender: Address | None = None) -> None:
        self._sandbox.drop_all(sender)


def _instance() -> Hash32:
    return Hash32(secrets.token_bytes(32))
