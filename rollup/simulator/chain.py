"""SimulatedL1: the pool in, sealed blocks out, and reorgs on request.

Every block is one synced write batch, so that what was sealed survives a kill. A reorg is a rewind, in one batch with
the list of transactions that it dropped, and then ordinary blocks; a kill between them leaves a shorter chain whose
dropped transactions come back into the pool at the next start.
"""

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from rollup.simulator import randomness
from rollup.simulator.config import SimulatorConfig
from rollup.txpool import Journal, PoolLimits, TxPool
from state.database import BlockRecord, ChainDatabase, Heads, WriteBatch
from state.database.schema import META_SIMULATOR
from state.errors import Blame, InvalidTransaction, NodeError
from state.execution.errors import NonceTooHigh
from state.execution.port import ChainRules, Executor
from state.primitives import rlp
from state.primitives.types import Address, Hash32, UnixSeconds, Wei
from state.transactions import RecoveredTransaction
from state.transition import BlockAttributes, BlockBuilder, GenesisSpec, child_base_fee, genesis_record
from state.world.readers import FlatState
from state.world.types import Account

log = structlog.get_logger("rollup.simulator")

_BRANCH: Final = META_SIMULATOR + b"branch"
"""How many reorgs there were."""
_DROPPED: Final = META_SIMULATOR + b"dropped"
"""Transactions of a reorg that is under way."""
_FINALITY: Final = META_SIMULATOR + b"finality"
"""The finality distance, where it was changed."""
_MAX_MINED_AT_ONCE: Final = 1_000
_MAX_SKIPS: Final = 64
"""Transactions that don't fit into what is left of a block before it is sealed."""


class ReorgTooDeep(NodeError):
    """A reorg would go below the finalized block, or below genesis."""

    blame = Blame.USER


class _Head:
    """The head's state as the pool asks for it."""

    def __init__(self, db: ChainDatabase) -> None:
        self._db = db
        self._state = FlatState(db)

    def account(self, address: Address) -> Account | None:
        return self._state.account(address)

    def code(self, code_hash: Hash32) -> bytes:
        return self._state.code(code_hash)

    def block_gas_limit(self) -> int:
        return self._db.require_header(self._db.flat_head()).gas_limit

    def op_fees(self, transaction: RecoveredTransaction) -> Wei:
        """None on L1."""
        del transaction
        return Wei(0)


class SimulatedL1:
    """A chain of one process. Not thread-safe; nothing happens but when a method is called."""

    def __init__(
        self,
        db: ChainDatabase,
        executor: Executor,
        genesis: GenesisSpec,
        *,
        clock: Callable[[], float],
        config: SimulatorConfig | None = None,
        journal: Journal | None = None,
        limits: PoolLimits | None = None,
    ) -> None:
        """Begins the chain of `genesis` in an empty database, or goes on with it. `clock` gives UNIX seconds.

        Raises AnotherChain if the database holds another chain.
        """
        self.rules = ChainRules(chain_id=genesis.chain_id, is_optimism=False)
        self.db = db
        self.config = config or SimulatorConfig()
        self._executor = executor
        self._clock = clock
        self._listeners: list[Callable[[Hash32], None]] = []
        db.initialise(genesis_record(genesis, self.rules))
        self.finality_distance = self._stored_number(_FINALITY, self.config.finality_distance)
        self.branch = self._stored_number(_BRANCH, 0)
        self.pool = TxPool(rules=self.rules, state=_Head(db), clock=clock, limits=limits, journal=journal)
        self.pool.load_journal()
        self._finish_interrupted_reorg()

    # -- what happens ----------------------------------------------------------------------------------------

    def submit(self, raw: bytes) -> Hash32:
        """The hash of a transaction that now waits. Raises DecodeError or InvalidTransaction in geth's words."""
        return self.pool.add(raw)[0].hash

    def seconds_to_next_slot(self) -> float:
        """How long until `tick` has something to do; 0 if it has now."""
        return max(0.0, self._head_timestamp() + self.config.block_time - self._clock())

    def tick(self) -> Hash32 | None:
        """The block of the current slot, if its time has come and it is not there yet. Slots that were missed stay
        empty."""
        elapsed = self._clock() - self._head_timestamp()
        slots = int(elapsed // self.config.block_time)
        if slots < 1:
            return None
        return self._build(UnixSeconds(self._head_timestamp() + slots * self.config.block_time))

    def mine(self, count: int = 1) -> tuple[Hash32, ...]:
        """That many blocks at once, whatever the time. Their timestamps may run ahead of the clock by seconds."""
        return tuple(self._build(self._earliest_timestamp()) for _ in range(min(count, _MAX_MINED_AT_ONCE)))

    def reorg(self, depth: int) -> tuple[Hash32, ...]:
        """Replace the last `depth` blocks by `depth` + 1 others and return their hashes.

        The dropped transactions go back to the pool; the first of the new blocks is empty, so that they come later
        than before. Raises ReorgTooDeep.
        """
        heads, tip = self.db.heads(), self.db.require_header(self.db.flat_head())
        ancestor_number = tip.number - depth
        if depth < 1 or ancestor_number < self.db.require_header(heads.finalized).number:
            raise ReorgTooDeep(f"can't reorganise {depth} blocks: the finalized block is {self._finalized_number()}")
        dropped = [self._record(number) for number in range(ancestor_number + 1, tip.number + 1)]
        self._rewind(ancestor_number, dropped)
        log.info("simulator.reorg", depth=depth, from_block=ancestor_number + 1, branch=self.branch)
        hashes = []
        for index in range(depth + 1):
            timestamp = dropped[index].header.timestamp if index < depth else self._earliest_timestamp()
            hashes.append(self._build(timestamp, empty=index == 0))
        return tuple(hashes)

    def set_finality_distance(self, distance: int) -> None:
        """From the next block on `finalized` stays that many blocks behind; it never goes back."""
        if not 0 <= distance < 2**32:
            raise ReorgTooDeep(f"finality distance out of range: got {distance}")
        self.db.put_meta(_FINALITY, distance.to_bytes(8, "big"))
        self.finality_distance = distance

    def subscribe(self, listener: Callable[[Hash32], None]) -> None:
        """`listener` hears the hash of every new head, after it is on disk."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Write the pool's journal. The database is the caller's."""
        self.pool.close()

    # -- building --------------------------------------------------------------------------------------------

    def _build(self, timestamp: UnixSeconds, *, empty: bool = False) -> Hash32:
        parent_hash = self.db.flat_head()
        parent = self.db.require_header(parent_hash)
        number, seed = parent.number + 1, self.config.seed
        attributes = BlockAttributes(
            timestamp=timestamp,
            fee_recipient=self.config.fee_recipient,
            prev_randao=randomness.prev_randao(seed, number, self.branch),
            gas_limit=parent.gas_limit,
            extra_data=randomness.extra_data(self.branch),
            parent_beacon_block_root=randomness.parent_beacon_block_root(seed, number, self.branch),
        )
        builder = BlockBuilder(self.db, self._executor, self.rules, parent_hash, attributes)
        impossible = [] if empty else self._fill(builder, child_base_fee(parent, self.rules))
        record = builder.seal().record
        self.db.commit_block(record, self._heads_at(record))
        for transaction, reason in impossible:
            self.pool.discard(transaction.hash, reason)
        self.pool.on_new_head(record.delta.accounts)
        self.pool.evict_stale()
        log.debug("simulator.sealed", number=number, hash=record.hash.hex(), transactions=len(record.transactions))
        for listener in self._listeners:
            listener(record.hash)
        return record.hash

    def _fill(self, builder: BlockBuilder, base_fee: Wei) -> list[tuple[RecoveredTransaction, str]]:
        """Best transactions first, as many as fit; returns those that turned out impossible, and why."""
        impossible: list[tuple[RecoveredTransaction, str]] = []
        passed_over: set[Address] = set()
        skips = 0
        for tx in self.pool.best_transactions(base_fee):
            if tx.sender in passed_over:
                continue
            if tx.transaction.gas_limit > builder.gas_left - self.config.reserve_gas:
                passed_over.add(tx.sender)
                skips += 1
                if skips > _MAX_SKIPS:
                    break
                continue
            try:
                builder.apply(tx, tx.raw)
            except NonceTooHigh:
                passed_over.add(tx.sender)
            except InvalidTransaction as error:
                impossible.append((tx, str(error)))
                passed_over.add(tx.sender)
        return impossible

    def _heads_at(self, record: BlockRecord) -> Heads:
        """latest = the new block; safe and finalized at their distances, finalized never going back."""
        number = record.header.number
        finalized = max(number - self.finality_distance, self._finalized_number())
        safe = max(number - min(self.config.safe_distance, self.finality_distance), finalized)

        def at(wanted: int) -> Hash32:
            found = record.hash if wanted == number else self.db.canonical_hash(wanted)
            assert found is not None, f"canonical block {wanted} is missing"  # noqa: S101 - all below the tip exist
            return found

        return Heads(unsafe=record.hash, safe=at(safe), finalized=at(finalized))

    # -- reorgs ----------------------------------------------------------------------------------------------

    def _rewind(self, ancestor_number: int, dropped: Sequence[BlockRecord]) -> None:
        ancestor = self.db.canonical_hash(ancestor_number)
        assert ancestor is not None  # noqa: S101 - it was checked to lie between finalized and latest
        raws = [raw for record in dropped for raw in record.transactions]
        before = self.db.heads()
        safe = before.safe if self.db.require_header(before.safe).number <= ancestor_number else ancestor
        heads = Heads(unsafe=ancestor, safe=safe, finalized=before.finalized)
        extra = WriteBatch()
        self.branch += 1
        extra.put(_BRANCH, self.branch.to_bytes(8, "big"))
        extra.put(_DROPPED, rlp.encode(raws))
        self.db.rewind_to(ancestor, heads, extra=extra)
        self._take_back(raws)

    def _finish_interrupted_reorg(self) -> None:
        stored = self.db.get_meta(_DROPPED)
        if stored is not None:
            self._take_back([rlp.to_bytes(raw) for raw in rlp.decode_list(stored)])

    def _take_back(self, raws: list[bytes]) -> None:
        """Dropped transactions into the pool again, whose journal keeps them from here on."""
        self.pool.on_reorg((), raws)
        self.db.put_meta(_DROPPED, None)

    # -- reading ---------------------------------------------------------------------------------------------

    def _record(self, number: int) -> BlockRecord:
        block_hash = self.db.canonical_hash(number)
        record = None if block_hash is None else self.db.block_record(block_hash)
        assert record is not None, f"canonical block {number} is missing"  # noqa: S101 - all below the tip exist
        return record

    def _head_timestamp(self) -> UnixSeconds:
        return self.db.require_header(self.db.flat_head()).timestamp

    def _earliest_timestamp(self) -> UnixSeconds:
        return UnixSeconds(max(self._head_timestamp() + 1, int(self._clock())))

    def _finalized_number(self) -> int:
        return int(self.db.require_header(self.db.heads().finalized).number)

    def _stored_number(self, key: bytes, default: int) -> int:
        stored = self.db.get_meta(key)
        return default if stored is None else int.from_bytes(stored, "big")
