"""Evidence that the sequencer signed two blocks for one height, kept on disk so that no restart loses it.

Not every piece is a crime: after an L1 reorg an honest sequencer signs heights again, on another L1 origin. Who shows
the evidence judges that, by the first transactions of the two blocks, which say their L1 origins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import msgpack
import structlog

from p2p.block_gossip import Equivocation
from p2p.errors import MalformedPayload
from p2p.ports import KeyValues
from p2p.signed_block import parse_signed_block
from state.blocks import Block
from state.errors import StorageError
from state.primitives.types import Address, Hash32

PREFIX: Final = b"equivocation/"
MOST_KEPT: Final = 256
MOST_BYTES: Final = 64 << 20

log = structlog.get_logger("p2p.equivocations")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedEvidence:
    """One of the two blocks."""

    hash: Hash32
    block: Block
    signer: Address
    message: bytes
    """As it was gossiped (`p2p.signed_block`), so that anybody can check the signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Two blocks of one height with the sequencer's signature."""

    number: int
    first: SignedEvidence
    second: SignedEvidence
    seen_at: int
    """Unix seconds."""


class Equivocations:
    """The first pieces of evidence that this node saw, one a height; when there is no room, later ones only count."""

    def __init__(
        self,
        *,
        store: KeyValues,
        chain_id: int,
        sequencer: Callable[[], Address],
        clock: Callable[[], float],
        most: int = MOST_KEPT,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Loads what is on disk. Raises StorageError for what is no evidence."""
        self._store = store
        self._chain_id = chain_id
        self._sequencer = sequencer
        self._clock = clock
        self._most, self._most_bytes = most, most_bytes
        sizes = {key: len(value) for key, value in store.iterate(PREFIX)}
        self._heights = {int.from_bytes(key[len(PREFIX) :], "big") for key in sizes}
        self._bytes = sum(sizes.values())
        self.seen = len(sizes)
        """How many were seen, those on disk included."""

    def __len__(self) -> int:
        return len(self._heights)

    def __iter__(self) -> Iterator[Evidence]:
        """What is kept, lowest height first, read from disk. Raises StorageError for damage."""
        for _key, value in self._store.iterate(PREFIX):
            yield self._decode(value)

    def add(self, found: Equivocation) -> Evidence | None:
        """Keeps what gossip found; None where it proves nothing or is known."""
        evidence = self._judge(found.first, found.second, seen_at=int(self._clock()))
        if evidence is None or evidence.number in self._heights:
            return None
        self.seen += 1
        log.error(
            "sequencer.equivocated",
            number=evidence.number,
            first=evidence.first.hash.hex(),
            second=evidence.second.hash.hex(),
        )
        self._keep(evidence)
        return evidence

    def _keep(self, evidence: Evidence) -> None:
        value = bytes(msgpack.packb([evidence.seen_at, evidence.first.message, evidence.second.message]))
        if len(self._heights) >= self._most or self._bytes + len(value) > self._most_bytes:
            return
        self._store.put(PREFIX + evidence.number.to_bytes(8, "big"), value)
        self._heights.add(evidence.number)
        self._bytes += len(value)

    def _judge(self, first: bytes, second: bytes, *, seen_at: int) -> Evidence | None:
        try:
            one, other = self._part(first), self._part(second)
        except MalformedPayload:
            return None
        number, sequencer = int(one.block.header.number), self._sequencer()
        if one.hash == other.hash or number != other.block.header.number:
            return None
        if one.signer != sequencer or other.signer != sequencer:
            return None
        return Evidence(number=number, first=one, second=other, seen_at=seen_at)

    def _part(self, message: bytes) -> SignedEvidence:
        signed = parse_signed_block(message)
        block = signed.block()
        return SignedEvidence(
            hash=block.header.hash, block=block, signer=signed.signer(self._chain_id), message=message
        )

    def _decode(self, value: bytes) -> Evidence:
        """What was judged when it was seen: the sequencer's key may have changed since."""
        try:
            seen_at, first, second = msgpack.unpackb(value)
            one, other = self._part(first), self._part(second)
        except (ValueError, TypeError, msgpack.UnpackException, MalformedPayload) as error:
            raise StorageError(f"evidence of an equivocation on disk is damaged: {error}") from error
        return Evidence(number=int(one.block.header.number), first=one, second=other, seen_at=seen_at)
