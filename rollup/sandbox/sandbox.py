"""Sandbox: pool, chain and clock together, one change at a time.

Everything here runs on the event loop but what executes or writes blocks, which goes to the engine's thread. A change
waits for the one before it (one lock), so that two clients can't forge into each other's blocks.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Executor as ThreadExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any, Final, Protocol, TypeVar

from rollup.sandbox.chain import Mined, SandboxChain
from rollup.sandbox.clock import SandboxClock
from rollup.sandbox.errors import SandboxRefusal
from rollup.sandbox.snapshots import NextBlock, Snapshot, Snapshots
from rollup.txpool import PoolLimits, TxPool
from state.blocks import Header
from state.database import BlockRecord
from state.errors import InvalidTransaction
from state.execution.fees import L1_BLOCK_ADDRESS, L1FeeParams, l1_fee, operator_fee
from state.primitives.types import Address, Gas, Hash32, UnixSeconds, Wei
from state.transactions import RecoveredTransaction
from state.transition import AccountForgery, child_base_fee
from state.world.readers import FlatState
from state.world.types import Account

T = TypeVar("T")

MOST_AT_ONCE: Final = 1_000_000
"""Blocks of one request."""
MOST_CANDIDATES: Final = 4_096
"""Transactions that are offered to one block."""
LEAST_GAS_LIMIT: Final = 5_000
MOST_GAS_LIMIT: Final = 2**63 - 1


class SandboxEvents(Protocol):
    """Who hears of changes, on the event loop, once they are on disk."""

    def on_blocks(self, added: Sequence[BlockRecord], dropped: Sequence[BlockRecord]) -> None:
        """Blocks joined the chain, or left it, lowest first. A forged head is the same block: nobody is told."""


class Sandbox:
    """One chain and its pool, on the event loop."""

    def __init__(
        self, chain: SandboxChain, *, clock: Callable[[], float], thread: ThreadExecutor, events: SandboxEvents
    ) -> None:
        """`clock` gives UNIX seconds; blocks are executed on `thread`, which has one worker."""
        self.chain = chain
        self.clock = SandboxClock(clock)
        self._thread = thread
        self._events = events
        self._lock = asyncio.Lock()
        genesis = chain.head
        self.next_block = NextBlock(gas_limit=genesis.gas_limit, fee_recipient=genesis.fee_recipient)
        """What was wished of the blocks to come."""
        self.automine = True
        """Whether a transaction gets its block at once."""
        self.interval: float | None = None
        """Seconds between blocks that come by themselves."""
        self._interval_changed = asyncio.Event()
        self.pool = TxPool(
            rules=chain.rules,
            state=_Head(chain, lambda: self.next_block.gas_limit),
            clock=clock,
            limits=PoolLimits(min_tip=0, global_slots=20_000, global_queue=5_000, account_queue=1_024),
        )
        self._snapshots = Snapshots()
        self._origin = self._take_snapshot()

    # Blocks

    async def submit(self, transaction: RecoveredTransaction) -> Hash32:
        """The hash of a transaction that is in the pool, or with automine in a block. Raises InvalidTransaction."""
        async with self._lock:
            self.pool.admit(transaction)
            if self.automine:
                for failed, reason in await self._mine_all():
                    if failed.hash == transaction.hash:
                        raise reason
        return transaction.hash

    async def _mine_all(self) -> list[tuple[RecoveredTransaction, InvalidTransaction]]:
        """Blocks until none takes a transaction any more; returns the impossible ones."""
        impossible: list[tuple[RecoveredTransaction, InvalidTransaction]] = []
        while self._candidates():
            mined = await _uninterrupted(self._mine_one())
            impossible += mined.impossible
            if not mined.record.transactions and not mined.impossible:
                break
        return impossible

    async def mine(self, count: int = 1, interval: int | None = None, timestamp: int | None = None) -> None:
        """`count` blocks: the first at `timestamp` or when the clock says, the others `interval` seconds apart.

        Raises SandboxRefusal.
        """
        if count > MOST_AT_ONCE:
            raise SandboxRefusal(f"too many blocks at once: got {count}, expected at most {MOST_AT_ONCE}")
        async with self._lock:
            if timestamp is not None and count:
                self.clock.ask_next(timestamp, self.chain.head.timestamp)
            for index in range(count):
                if index and interval:
                    self.clock.ask_next(self.chain.head.timestamp + interval, self.chain.head.timestamp)
                await _uninterrupted(self._mine_one())

    async def _mine_one(self) -> Mined:
        candidates, wishes = self._candidates(), self.next_block
        timestamp = self.clock.after(self.chain.head.timestamp)
        mined = await self._on_thread(lambda: self.chain.build(candidates, timestamp, wishes))
        self.clock.sealed(timestamp)
        self.next_block = replace(self.next_block, base_fee=None, prev_randao=None)
        for transaction, reason in mined.impossible:
            self.pool.discard(transaction.hash, str(reason))
        self.pool.on_new_head(mined.record.delta.accounts)
        self._events.on_blocks([mined.record], [])
        return mined

    def _candidates(self) -> list[RecoveredTransaction]:
        """What the next block may take, best first."""
        best = self.pool.best_transactions(self.base_fee_after(self.chain.head))
        room = self.next_block.gas_limit  # it may be less than when a transaction was admitted
        return [each for each in islice(best, MOST_CANDIDATES) if each.transaction.gas_limit <= room]

    def base_fee_after(self, header: Header) -> Wei:
        """The base fee, in wei, of a block on `header`: on the head perhaps one that was asked for."""
        wished = self.next_block.base_fee
        if wished is not None and header.number == self.chain.head.number:
            return wished
        return child_base_fee(header, self.chain.rules)

    def next_timestamp(self) -> UnixSeconds:
        """What the next block would have now."""
        return self.clock.after(self.chain.head.timestamp)

    def next_prev_randao(self) -> Hash32:
        """What PREVRANDAO will give in the next block."""
        return self.chain.prev_randao(self.next_block)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # When there are blocks

    async def set_automine(self, enabled: bool) -> None:
        """From now on transactions get their blocks at once, or wait; those that wait get theirs now."""
        async with self._lock:
            self.automine = enabled
            if enabled:
                self._set_interval(None)
                await self._mine_all()

    async def set_interval(self, seconds: float) -> None:
        """A block every so often and none at once; 0 is no block but those that are asked for."""
        async with self._lock:
            self.automine = False
            self._set_interval(seconds or None)

    def _set_interval(self, seconds: float | None) -> None:
        self.interval = seconds
        self._interval_changed.set()

    async def run(self) -> None:
        """Mines at the interval, while there is one, for ever."""
        while True:
            self._interval_changed.clear()
            try:
                async with asyncio.timeout(self.interval):
                    await self._interval_changed.wait()
            except TimeoutError:
                async with self._lock:
                    if not self._interval_changed.is_set():
                        await _uninterrupted(self._mine_one())

    # What the blocks to come are like

    def wish(self, **fields: Any) -> None:
        """Changes fields of `next_block`. Raises SandboxRefusal."""
        gas_limit = fields.get("gas_limit", self.next_block.gas_limit)
        if not LEAST_GAS_LIMIT <= gas_limit <= MOST_GAS_LIMIT:
            raise SandboxRefusal(
                f"gas limit out of range: got {gas_limit}, expected {LEAST_GAS_LIMIT} to {MOST_GAS_LIMIT}"
            )
        self.next_block = replace(self.next_block, **fields)

    # Forgeries

    async def forge(self, *forgeries: AccountForgery) -> None:
        """Accounts are what `forgeries` say, from the newest block on."""
        async with self._lock:
            await _uninterrupted(self._forge(forgeries))

    async def _forge(self, forgeries: Sequence[AccountForgery]) -> None:
        undo = await self._on_thread(lambda: self.chain.forge(forgeries))
        if undo is not None:
            self._snapshots.forged(self.chain.head.number, undo)
            self.pool.on_new_head([forgery.address for forgery in forgeries])

    # Snapshots

    async def snapshot(self) -> int:
        """The id of a point that `revert` can go back to, once. Raises SandboxRefusal for too many."""
        async with self._lock:
            return self._take_snapshot()

    def _take_snapshot(self) -> int:
        return self._snapshots.take(
            Snapshot(
                number=self.chain.head.number,
                head=self.chain.db.flat_head(),
                next_block=self.next_block,
                pool=tuple(transaction for transaction, _ in self.pool.content()),
                time=self.clock.now(),
                next_timestamp=self.clock.next_timestamp,
                interval=self.clock.interval,
            )
        )

    def snapshots(self) -> dict[int, tuple[int, Hash32]]:
        """Number and hash of the heads that `revert` can go back to, by id."""
        return {each: head for each, head in self._snapshots.heads().items() if each != self._origin}

    async def revert(self, snapshot_id: int) -> bool:
        """Whether there was such a snapshot; if so, chain, pool, clock and wishes are what they were then."""
        async with self._lock:
            return snapshot_id != self._origin and await _uninterrupted(self._revert(snapshot_id))

    async def reset(self) -> None:
        """Back to genesis, with nothing in the pool, no snapshots, and the time that it is outside."""
        async with self._lock:
            await _uninterrupted(self._reset())

    async def _reset(self) -> None:
        await self._revert(self._origin)
        self.clock.forget()
        self._origin = self._take_snapshot()

    async def _revert(self, snapshot_id: int) -> bool:
        found = self._snapshots.revert(snapshot_id)
        if found is None:
            return False
        snapshot, undo = found
        dropped = await self._on_thread(lambda: self.chain.revert(snapshot.number, undo))
        self.next_block = snapshot.next_block
        self.clock.set(snapshot.time)
        self.clock.next_timestamp, self.clock.interval = snapshot.next_timestamp, snapshot.interval
        self._refill_pool(snapshot.pool)
        self._events.on_blocks([], dropped)
        return True

    # The pool

    def drop(self, transaction_hash: Hash32) -> bool:
        """Whether the pool held the transaction, which it does no longer."""
        held = self.pool.transaction(transaction_hash) is not None
        self.pool.discard(transaction_hash, "dropped by hand")
        return held

    def drop_all(self, sender: Address | None = None) -> None:
        """Empties the pool, or takes one sender's transactions out of it."""
        for transaction, _ in list(self.pool.content()):
            if sender is None or transaction.sender == sender:
                self.pool.discard(transaction.hash, "dropped by hand")

    def _refill_pool(self, transactions: Iterable[RecoveredTransaction]) -> None:
        """What waited at the snapshot, and nothing else: a revert makes no block again that it has taken off."""
        self.drop_all()
        for transaction in transactions:
            with suppress(InvalidTransaction):
                self.pool.admit(transaction)


async def _uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which also goes on to its end when the request that asked for it is cancelled: what is on
    disk and what the pool knows have to agree."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class _Head:
    """The head's state as the pool asks for it."""

    def __init__(self, chain: SandboxChain, gas_limit: Callable[[], Gas]) -> None:
        self._state = FlatState(chain.db)
        self._gas_limit = gas_limit

    def account(self, address: Address) -> Account | None:
        return self._state.account(address)

    def code(self, code_hash: Hash32) -> bytes:
        return self._state.code(code_hash)

    def block_gas_limit(self) -> int:
        """The next block's: a limit that was just raised holds for transactions at once."""
        return self._gas_limit()

    def op_fees(self, transaction: RecoveredTransaction) -> Wei:
        """L1 fee and operator fee on the gas limit, by what L1Block says at the head."""
        params = L1FeeParams.from_storage(lambda slot: self._state.storage(L1_BLOCK_ADDRESS, slot))
        return Wei(l1_fee(transaction.raw, params) + operator_fee(Gas(transaction.transaction.gas_limit), params))
