"""One sequenced block, from an L1 origin and the pool to the unsafe head."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from rollup.derivation.attributes import prepare_attributes
from rollup.engine import Engine
from rollup.engine.payload import PayloadBuild
from rollup.errors import EngineError
from rollup.sequencer.fill import FillLimit
from rollup.types import L1Block, L2BlockRef, PayloadAttributes
from state.blocks import decode_holocene_extra_data, next_base_fee
from state.errors import InvalidTransaction
from state.execution.errors import GasLimitReached, NonceTooHigh
from state.primitives.types import Address, Hash32, UnixSeconds, Wei
from state.transactions import RecoveredTransaction
from state.transition import SealedBlock

log = structlog.get_logger("rollup.engine")


class PoolPort(Protocol):
    """What the sequencer needs of the txpool."""

    def best_transactions(self, base_fee: Wei) -> Iterable[RecoveredTransaction]:
        """Executable transactions, best tip first, each sender's in nonce order."""

    def discard(self, transaction_hash: Hash32, reason: str) -> None:
        """A transaction turned out to be impossible in the current state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockBuilt:
    """A sealed block that is nowhere yet, and what it took."""

    sealed: SealedBlock
    transactions: int
    """From the pool; deposits not counted."""
    gas_used: int
    seconds: float
    discarded: tuple[tuple[Hash32, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockProduced:
    """A sealed, stored block and what it took."""

    ref: L2BlockRef
    sealed: SealedBlock
    transactions: int
    """From the pool; deposits not counted."""
    gas_used: int
    seconds: float
    discarded: tuple[tuple[Hash32, str], ...]


class SequencerBuilder:
    """Builds on the unsafe head. Runs on the engine's thread."""

    def __init__(self, *, engine: Engine, fill: FillLimit, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._fill = fill
        self._clock = clock

    def next_base_fee(self) -> Wei:
        """The base fee, in wei, of the block after the unsafe head."""
        header = self._engine.db.header(self._engine.unsafe_head.hash)
        if header is None:
            raise LookupError("the unsafe head has no header")
        return next_base_fee(header, *decode_holocene_extra_data(header.extra_data))

    def attributes(self, l1_block: L1Block, *, allow_transactions: bool) -> PayloadAttributes:
        """The next block's attributes with its deposits, on `l1_block` as origin."""
        engine = self._engine
        parent = engine.unsafe_head
        timestamp = UnixSeconds(parent.timestamp + engine.config.block_time)
        config = engine.system_config_at(parent)
        derived = prepare_attributes(engine.config, parent, config, l1_block, timestamp)
        return PayloadAttributes(
            timestamp=derived.timestamp,
            prev_randao=derived.prev_randao,
            fee_recipient=derived.fee_recipient,
            parent_beacon_block_root=derived.parent_beacon_block_root,
            transactions=derived.transactions,
            no_tx_pool=not allow_transactions,
            gas_limit=derived.gas_limit,
            eip1559_params=derived.eip1559_params,
        )

    def build(
        self,
        l1_block: L1Block,
        candidates: Sequence[RecoveredTransaction],
        *,
        allow_transactions: bool,
        deadline: float,
    ) -> BlockProduced:
        """Seal the next block and make it the unsafe head; after `deadline` (clock seconds) nothing more is added."""
        return self.insert(self.seal(l1_block, candidates, allow_transactions=allow_transactions, deadline=deadline))

    def seal(
        self,
        l1_block: L1Block,
        candidates: Sequence[RecoveredTransaction],
        *,
        allow_transactions: bool,
        deadline: float,
    ) -> BlockBuilt:
        """The next block, on the unsafe head; nothing is on disk, and no head moves."""
        started = self._clock()
        attributes = self.attributes(l1_block, allow_transactions=allow_transactions)
        payload = self._engine.start_payload(self._engine.unsafe_head, attributes)
        included = 0
        discarded: list[tuple[Hash32, str]] = []
        if allow_transactions:
            included, discarded = self._fill_payload(payload, candidates, deadline)
        gas_used = payload.gas_used
        log.info(
            "engine.built",
            number=payload.parent.number + 1,
            transactions=included,
            gas=gas_used,
            left_out=len(discarded),
        )
        return BlockBuilt(
            sealed=payload.seal(),
            transactions=included,
            gas_used=gas_used,
            seconds=self._clock() - started,
            discarded=tuple(discarded),
        )

    def insert(self, built: BlockBuilt) -> BlockProduced:
        """The block that `seal` gave, now the unsafe head. Raises EngineError where the head has moved since."""
        header, head = built.sealed.record.header, self._engine.unsafe_head
        if header.parent_hash != head.hash:
            raise EngineError(f"block {header.number} is no child of the unsafe head {head.number} any more")
        started = self._clock()
        ref = self._engine.insert_unsafe(built.sealed)
        seconds = built.seconds + self._clock() - started
        self._fill.record(built.gas_used, seconds)
        return BlockProduced(
            ref=ref,
            sealed=built.sealed,
            transactions=built.transactions,
            gas_used=built.gas_used,
            seconds=seconds,
            discarded=built.discarded,
        )

    def _fill_payload(
        self, payload: PayloadBuild, candidates: Sequence[RecoveredTransaction], deadline: float
    ) -> tuple[int, list[tuple[Hash32, str]]]:
        soft_limit = self._fill.limit(payload.attributes.gas_limit)
        discarded: list[tuple[Hash32, str]] = []
        skipped: set[Address] = set()
        included = 0
        for candidate in candidates:
            if candidate.sender in skipped:
                continue
            if included and (payload.gas_used >= soft_limit or self._clock() >= deadline):
                break
            try:
                payload.apply(candidate)
                included += 1
            except (GasLimitReached, NonceTooHigh):
                # It fits another block; what follows of the same sender can't run before it.
                skipped.add(candidate.sender)
            except InvalidTransaction as error:
                skipped.add(candidate.sender)
                discarded.append((candidate.hash, str(error)))
        return included, discarded
