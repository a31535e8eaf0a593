"""rpc's NetworkPort: evidence of equivocation with what it means, and who leads."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from p2p.equivocations import Evidence, SignedEvidence
from rollup.codec import L1AttributesError
from rollup.codec.references import l2_block_ref
from rollup.engine import Engine
from rollup.types import BlockId

JsonObject = dict[str, Any]

FARTHEST: Final = 256
"""L2 blocks on either side of a height that are looked at for an L1 origin."""


class NetworkAnswers:
    """Evidence of the sequencer's equivocations, judged by the chain as it is now."""

    def __init__(
        self,
        engine: Engine,
        evidence: Callable[[], Iterable[Evidence]],
        leadership: Callable[[], JsonObject | None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._evidence = evidence
        self._leadership = leadership

    def equivocations(self) -> Sequence[JsonObject]:
        """`l1Reorg` is true where one of the two blocks stands on an L1 block that was reorganised away, so that the
        sequencer had to build the height again; false where both stand on L1 as it is; null while that isn't known."""
        return [self._described(one) for one in self._evidence()]

    def leadership(self) -> JsonObject | None:
        return self._leadership()

    def _described(self, evidence: Evidence) -> JsonObject:
        signed = (evidence.first, evidence.second)
        origins = [self._origin(one) for one in signed]
        return {
            "number": hex(evidence.number),
            "seenAt": hex(evidence.seen_at),
            "l1Reorg": self._is_l1_reorg(evidence.number, origins),
            "blocks": [_block(one, origin) for one, origin in zip(signed, origins, strict=True)],
        }

    def _origin(self, signed: SignedEvidence) -> BlockId | None:
        try:
            block = signed.block
            return l2_block_ref(block.header, signed.hash, block.transactions, self._engine.config).l1_origin
        except L1AttributesError:
            return None

    def _is_l1_reorg(self, number: int, origins: Sequence[BlockId | None]) -> bool | None:
        standing = [None if origin is None else self._stands(number, origin) for origin in origins]
        if False in standing:
            return True
        return None if None in standing else False

    def _stands(self, number: int, origin: BlockId) -> bool | None:
        """Whether the canonical chain has this L1 origin; None where it has no block of that epoch near the height."""
        head = self._engine.unsafe_head.number
        for distance in range(FARTHEST):
            for near in {number - distance, number + distance}:
                ref = self._engine.ref_by_number(near) if 0 <= near <= head else None
                if ref is not None and ref.l1_origin.number == origin.number:
                    return ref.l1_origin.hash == origin.hash
        return None


def _block(signed: SignedEvidence, origin: BlockId | None) -> JsonObject:
    return {
        "hash": "0x" + signed.hash.hex(),
        "signer": "0x" + signed.signer.hex(),
        "l1Origin": None if origin is None else {"number": hex(origin.number), "hash": "0x" + origin.hash.hex()},
        "message": "0x" + signed.message.hex(),
    }
