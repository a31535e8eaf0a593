"""Asks peers for headers and blocks whose hashes are known, one peer after the other until one gives them.

Whom to ask: who claims to have them, has disappointed least lately, and has least to do for us. A peer that does not
answer or declines is left alone for a while, longer each time; one that answers something else is reported too. What
an answer must be follows from hashes alone, so that it doesn't matter who gives it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from p2p.envelope import MAX_ENVELOPE, decode_envelope
from p2p.errors import BrokenPromise, NoAnswer, NoPeerLeft, OtherBranch, PeerFault, RequestDeclined
from p2p.messages import Blocks, GetBlocks, GetHeaders, Headers, Request, Response
from p2p.ports import Head, NodeId, Peer, PeersPort
from p2p.signed_block import claimed_length
from state.blocks import Block, Header
from state.errors import DecodeError
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32

REQUEST_SECONDS: Final = 10.0
ATTEMPTS: Final = 8
"""How often one range is asked for before `NoPeerLeft`."""
PATIENCE_SECONDS: Final = 10.0
"""How long it is waited for peers that are left alone."""
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 4.0
LOOK_AGAIN_SECONDS: Final = 0.5
"""While all are left alone: a new peer may have come."""
FALSE_ANSWER_POINTS: Final = 50
OTHER_BRANCH_POINTS: Final = 5
NO_ANSWER_POINTS: Final = 5
DECODED_BYTES: Final = MAX_ENVELOPE + (6 << 20)
"""Of the blocks of one answer, uncompressed; what is beyond is asked for again."""
HEADERS_A_SLICE: Final = 64

T = TypeVar("T")
log = structlog.get_logger("p2p.sync")


@dataclass(slots=True, kw_only=True)
class Standing:
    """What is known of a peer as one that answers."""

    claimed: int = 0
    """The highest block that it announced, or claimed by status."""
    first: int = 0
    under_way: int = 0
    disappointments: int = 0
    """In a row."""
    resumes_at: float = 0.0
    """It is left alone until then."""


class Asking:
    """Requests to peers, judged."""

    def __init__(
        self,
        peers: PeersPort,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        """`clock`: monotonic seconds."""
        self._peers = peers
        self._clock = clock
        self._sleep = sleep
        self._request_seconds = request_seconds
        self._standings: dict[NodeId, Standing] = {}
        self.false_answers = 0
        """Answers that were not what was asked for."""

    def note_claim(self, peer: NodeId, number: int, *, first: int | None = None) -> None:
        """A peer announced a block, or said which blocks it has (with `first`, which replaces what it said before)."""
        standing = self._standings.setdefault(peer, Standing())
        standing.claimed = number if first is not None else max(standing.claimed, number)
        standing.first = standing.first if first is None else first

    def forget(self, peer: NodeId) -> None:
        """The peer is gone."""
        self._standings.pop(peer, None)

    async def parents(self, last: Head, count: int) -> list[Hash32]:
        """Hashes of the parents of `last`, of that one, and so on, highest first: at least 1, at most `count`.

        Raises NoPeerLeft.
        """

        def make(request: int) -> GetHeaders:
            return GetHeaders(request=request, last=last.number, count=count)

        async def judge(answer: Response) -> list[Hash32]:
            return await _judge_headers(answer, last, count)

        return await self._ask(make, (last.number, last.number), judge)

    async def blocks(self, first: int, hashes: Sequence[Hash32]) -> list[Block]:
        """The blocks with these hashes, or the first few of them, at least 1. Raises NoPeerLeft."""

        def make(request: int) -> GetBlocks:
            return GetBlocks(request=request, first=first, count=len(hashes))

        async def judge(answer: Response) -> list[Block]:
            return await _judge_blocks(answer, first, hashes)

        return await self._ask(make, (first, first + len(hashes) - 1), judge)

    async def _ask(
        self, make: Callable[[int], Request], wanted: tuple[int, int], judge: Callable[[Response], Awaitable[T]]
    ) -> T:
        patient_until = self._clock() + PATIENCE_SECONDS
        for _ in range(ATTEMPTS):
            peer = await self._choose(wanted, patient_until)
            standing = self._standing(peer)
            standing.under_way += 1
            try:
                answer = await judge(await peer.request(make, seconds=self._request_seconds))
            except (NoAnswer, RequestDeclined, PeerFault) as error:
                self._disappointed(peer, standing, error)
            else:
                standing.disappointments = 0
                return answer
            finally:
                standing.under_way -= 1
        raise NoPeerLeft(f"blocks {wanted[0]} to {wanted[1]}: no peer gave them in {ATTEMPTS} attempts")

    async def _choose(self, wanted: tuple[int, int], patient_until: float) -> Peer:
        """The peer to ask next; waits for one that is left alone just now. Raises NoPeerLeft."""
        while True:
            peers, now = list(self._peers.peers), self._clock()
            if peer := min(
                (peer for peer in peers if self._standing(peer).resumes_at <= now),
                key=lambda peer: self._rank(peer, wanted),
                default=None,
            ):
                return peer
            resumes_at = min((self._standing(peer).resumes_at for peer in peers), default=now)
            if not peers or resumes_at > patient_until:
                raise NoPeerLeft(f"blocks {wanted[0]} to {wanted[1]}: none of {len(peers)} peers is left to ask")
            await self._sleep(min(resumes_at - now, LOOK_AGAIN_SECONDS))

    def _rank(self, peer: Peer, wanted: tuple[int, int]) -> tuple[bool, int, int]:
        """Lowest first. Claims are old news, so one that claims too little is asked last rather than not at all."""
        standing = self._standing(peer)
        claims = standing.first <= wanted[0] and wanted[1] <= standing.claimed
        return (not claims, standing.disappointments, standing.under_way)

    def _standing(self, peer: Peer) -> Standing:
        standing = self._standings.setdefault(peer.node_id, Standing(first=peer.first))
        standing.claimed = max(standing.claimed, peer.head.number)
        return standing

    def _disappointed(self, peer: Peer, standing: Standing, error: NoAnswer | RequestDeclined | PeerFault) -> None:
        now = self._clock()
        if standing.resumes_at <= now:  # several requests that fail at once are one disappointment
            standing.resumes_at = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2**standing.disappointments)
            standing.disappointments = min(standing.disappointments + 1, 16)
        log.debug("sync.disappointed", peer=peer.node_id.hex()[:8], reason=str(error))
        if isinstance(error, NoAnswer):
            peer.fault(NO_ANSWER_POINTS, str(error))
        elif isinstance(error, PeerFault):
            self.false_answers += 1
            peer.fault(OTHER_BRANCH_POINTS if isinstance(error, OtherBranch) else FALSE_ANSWER_POINTS, str(error))


async def _judge_headers(answer: Response, last: Head, count: int) -> list[Hash32]:
    if not isinstance(answer, Headers) or not 1 <= len(answer.headers) <= count:
        raise BrokenPromise(f"asked for {count} headers to {last.number}, got {_described(answer)}")
    parents: list[Hash32] = []
    expected = last.hash
    for encoded in reversed(answer.headers):
        if keccak256(encoded) != expected:
            raise _other_header(encoded, last) if not parents else BrokenPromise("headers do not hang together")
        expected = _parent_hash(encoded)
        parents.append(expected)
        if not len(parents) % HEADERS_A_SLICE:
            await asyncio.sleep(0)
    return parents


def _parent_hash(encoded: bytes) -> Hash32:
    """Of a header whose hash is vouched for: a list prefix of 3 bytes, then a string of 32."""
    return Hash32(encoded[4:36])


def _other_header(encoded: bytes, last: Head) -> BrokenPromise:
    try:
        number = Header.decode(encoded).number
    except DecodeError as error:
        return BrokenPromise(f"asked for header {last.number}, got none: {error}")
    if number != last.number:
        return BrokenPromise(f"asked for header {last.number}, got {number}")
    return OtherBranch(f"header {last.number} is not 0x{last.hash.hex()}")


async def _judge_blocks(answer: Response, first: int, hashes: Sequence[Hash32]) -> list[Block]:
    if not isinstance(answer, Blocks) or not 1 <= len(answer.blocks) <= len(hashes):
        raise BrokenPromise(f"asked for {len(hashes)} blocks from {first}, got {_described(answer)}")
    blocks: list[Block] = []
    size = 0
    for number, envelope, expected in zip(range(first, first + len(hashes)), answer.blocks, hashes, strict=False):
        size += claimed_length(envelope)
        if blocks and size > DECODED_BYTES:
            break
        block = decode_envelope(envelope)
        if block.header.number != number:
            raise BrokenPromise(f"asked for block {number}, got {block.header.number}")
        if block.header.hash != expected:
            raise OtherBranch(f"block {number} is not 0x{expected.hex()}")
        blocks.append(block)
        await asyncio.sleep(0)
    return blocks


def _described(answer: Response) -> str:
    match answer:
        case Headers(headers=items) | Blocks(blocks=items):
            return f"{len(items)} {type(answer).__name__}"
    return type(answer).__name__
