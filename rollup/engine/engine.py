"""The engine: three heads over one database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rollup.codec.references import l2_block_ref, system_config_of
from rollup.engine.consolidation import difference
from rollup.engine.payload import PayloadBuild
from rollup.engine.unsafe import check_unsafe
from rollup.errors import EngineError
from rollup.types import L2BlockRef, PayloadAttributes, RollupConfig, SystemConfig
from state.blocks import Block
from state.database import BlockRecord, ChainDatabase, Heads, WriteBatch
from state.execution.port import ChainRules, Executor
from state.primitives.types import BlockNumber, Hash32
from state.transition import SealedBlock, execute_block


class EngineListener(Protocol):
    """Hears of head changes, on the engine's thread, after they are on disk."""

    def on_unsafe_block(self, ref: L2BlockRef, record: BlockRecord) -> None:
        """`record` is the new unsafe head, child of the former one."""

    def on_reorg(self, kept: L2BlockRef, dropped: Sequence[BlockRecord]) -> None:
        """The unsafe chain now ends at `kept`; `dropped` are the blocks that left it, lowest first."""

    def on_heads(self, unsafe: L2BlockRef, safe: L2BlockRef, finalized: L2BlockRef) -> None:
        """One or more heads moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeStep:
    """What became of one derived payload."""

    safe: L2BlockRef
    consolidated: bool
    """True where the unsafe chain had the block already."""
    reason: str | None = None
    """Where it had another: the first field that differed."""


class Engine:
    """Moves the heads. Single-threaded; memory and disk agree after each method, also one that raises."""

    def __init__(self, *, db: ChainDatabase, executor: Executor, rules: ChainRules, config: RollupConfig) -> None:
        self.db = db
        self.config = config
        self._executor = executor
        self._rules = rules
        self._listeners: list[EngineListener] = []
        heads = db.heads()
        self.unsafe_head = self.ref_by_hash(heads.unsafe)
        self.safe_head = self.ref_by_hash(heads.safe)
        self.finalized_head = self.ref_by_hash(heads.finalized)

    def add_listener(self, listener: EngineListener) -> None:
        """`listener` hears of every later change."""
        self._listeners.append(listener)

    # Reading

    def ref_by_hash(self, block_hash: Hash32) -> L2BlockRef:
        """The reference of a block that we have. Raises EngineError for one that we don't."""
        block = self.db.block(block_hash)
        if block is None:
            raise EngineError(f"unknown L2 block 0x{block_hash.hex()}")
        return l2_block_ref(block.header, block_hash, block.transactions, self.config)

    def ref_by_number(self, number: int) -> L2BlockRef | None:
        """The canonical block at a height, None above the unsafe head."""
        block_hash = self.db.canonical_hash(BlockNumber(number))
        return None if block_hash is None else self.ref_by_hash(block_hash)

    def system_config_at(self, ref: L2BlockRef) -> SystemConfig:
        """The system config that a block was built with."""
        if ref.number == self.config.genesis.l2.number:
            return self.config.genesis.system_config
        block = self.db.block(ref.hash)
        if block is None:
            raise EngineError(f"unknown L2 block 0x{ref.hash.hex()}")
        return system_config_of(block.header, block.transactions, self.config)

    # Building on the unsafe head

    def start_payload(self, parent: L2BlockRef, attributes: PayloadAttributes) -> PayloadBuild:
        """A build on top of `parent`, which must be the unsafe head. Raises InvalidPayload."""
        if parent.hash != self.unsafe_head.hash:
            raise EngineError(f"can't build on {parent.number}: the unsafe head is {self.unsafe_head.number}")
        return PayloadBuild(
            db=self.db,
            executor=self._executor,
            rules=self._rules,
            config=self.config,
            parent=parent,
            attributes=attributes,
        )

    def insert_unsafe(self, sealed: SealedBlock) -> L2BlockRef:
        """The new unsafe head: `sealed`, on disk with one write, child of the former head."""
        return self._append(sealed.record)

    def insert_block(self, block: Block) -> L2BlockRef:
        """The new unsafe head: a block from elsewhere, executed and checked against its header.

        Raises EngineError for one that is no child of the unsafe head, InvalidBlock for one that can't be a block here.
        """
        if block.header.parent_hash != self.unsafe_head.hash:
            raise EngineError(f"block {block.header.number} is no child of the unsafe head {self.unsafe_head.number}")
        check_unsafe(block, block.header.hash, self.unsafe_head, self.config)
        sealed = execute_block(self.db, self._executor, self._rules, block)
        return self._append(sealed.record)

    def _append(
        self, record: BlockRecord, *, safe: Hash32 | None = None, extra: WriteBatch | None = None
    ) -> L2BlockRef:
        heads = self.db.heads()
        new_heads = Heads(unsafe=record.hash, safe=safe or heads.safe, finalized=heads.finalized)
        self.db.commit_block(record, new_heads, extra=extra)
        ref = l2_block_ref(record.header, record.hash, record.transactions, self.config)
        self.unsafe_head = ref
        if safe is not None:
            self.safe_head = ref
        for listener in self._listeners:
            listener.on_unsafe_block(ref, record)
        self._tell_heads()
        return ref

    # Following derivation

    def apply_derived(
        self, attributes: PayloadAttributes, safe_extra: Callable[[L2BlockRef], WriteBatch] | None = None
    ) -> SafeStep:
        """The safe head one block on: by agreement with the unsafe chain, else by replacing what follows it.

        `safe_extra(ref)` is written in the same batch as the head. Raises InvalidPayload with nothing changed.
        """
        existing = self.ref_by_number(self.safe_head.number + 1)
        reason: str | None = None
        if existing is not None:
            block = self.db.block(existing.hash)
            reason = "missing body" if block is None else difference(attributes, block, self.config)
            if reason is None:
                self._promote_safe(existing, safe_extra(existing) if safe_extra else None)
                return SafeStep(safe=existing, consolidated=True)
        return self._replace_with(attributes, safe_extra, reason)

    def _replace_with(
        self,
        attributes: PayloadAttributes,
        safe_extra: Callable[[L2BlockRef], WriteBatch] | None,
        reason: str | None,
    ) -> SafeStep:
        sealed = self._build_derived(attributes)
        if self.unsafe_head.hash != self.safe_head.hash:
            self._rewind_unsafe(self.safe_head)
        record = sealed.record
        ref = l2_block_ref(record.header, record.hash, record.transactions, self.config)
        self._append(record, safe=record.hash, extra=safe_extra(ref) if safe_extra else None)
        return SafeStep(safe=ref, consolidated=False, reason=reason)

    def _build_derived(self, attributes: PayloadAttributes) -> SealedBlock:
        build = PayloadBuild(
            db=self.db,
            executor=self._executor,
            rules=self._rules,
            config=self.config,
            parent=self.safe_head,
            attributes=attributes,
        )
        return build.seal()

    def _promote_safe(self, ref: L2BlockRef, extra: WriteBatch | None) -> None:
        heads = self.db.heads()
        self.db.set_heads(Heads(unsafe=heads.unsafe, safe=ref.hash, finalized=heads.finalized), extra=extra)
        self.safe_head = ref
        self._tell_heads()

    def finalize(self, ref: L2BlockRef) -> None:
        """`ref`, a canonical block at or below the safe head, is final. Going back is refused."""
        if ref.number <= self.finalized_head.number:
            return
        if ref.number > self.safe_head.number or self.db.canonical_hash(BlockNumber(ref.number)) != ref.hash:
            raise EngineError(f"can't finalize {ref.number}: not on the safe chain (safe {self.safe_head.number})")
        heads = self.db.heads()
        self.db.set_heads(Heads(unsafe=heads.unsafe, safe=heads.safe, finalized=ref.hash))
        self.finalized_head = ref
        self._tell_heads()

    def reset_heads(self, *, unsafe: L2BlockRef, safe: L2BlockRef) -> None:
        """Both heads moved back to canonical blocks, after an L1 reorg. Finalized stays: below it nothing may move."""
        if safe.number < self.finalized_head.number:
            raise EngineError(f"can't reset to {safe.number}: {self.finalized_head.number} is finalized")
        self.safe_head = safe
        if unsafe.hash != self.unsafe_head.hash:
            self._rewind_unsafe(unsafe)
            return
        heads = self.db.heads()
        self.db.set_heads(Heads(unsafe=heads.unsafe, safe=safe.hash, finalized=heads.finalized))
        self._tell_heads()

    def _rewind_unsafe(self, target: L2BlockRef) -> None:
        dropped = []
        for number in range(target.number + 1, self.unsafe_head.number + 1):
            block_hash = self.db.canonical_hash(BlockNumber(number))
            record = None if block_hash is None else self.db.block_record(block_hash)
            if record is not None:
                dropped.append(record)
        heads = Heads(unsafe=target.hash, safe=self.safe_head.hash, finalized=self.finalized_head.hash)
        self.db.rewind_to(target.hash, heads)
        self.unsafe_head = target
        for listener in self._listeners:
            listener.on_reorg(target, dropped)
        self._tell_heads()

    def _tell_heads(self) -> None:
        for listener in self._listeners:
            listener.on_heads(self.unsafe_head, self.safe_head, self.finalized_head)
