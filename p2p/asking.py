"""Asks peers for headers and blocks whose hashes are known, one peer after the other until one gives them.

Whom to ask: who claims to have them, has disappointed least lately, and has least to do for us. A peer that does not
answer or declines is left alone for a while, longer each time; one that answers something else is reported too. What
an answer must be follows from hashes alone, so that it doesn't matter who gives it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import structlog

from p2p.envelope import MAX_ENVELOPE, decode_envelope
from p2p.errors import BrokenPromise, NoAnswer, NoPeerLeft, OtherBranch, PeerFault, RequestDeclined
from p2p.messages import MAX_BLOCKS, Blocks, GetBlocks, GetHeaders, Headers, Request, Response
from p2p.ports import Head, NodeId, Peer, PeersPort
from p2p.signed_block import claimed_length
from state.blocks import Block, Header
from state.errors import DecodeError
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32

REQUEST_SECONDS: Final = 8.0
FIRST_SHARE: Final = 0.25
LEAST_SHARE: Final = 1 / 64
"""A peer behind a slow link is asked for so much less than could be asked for at once."""
HEADERS_SHARE: Final = 4
"""Headers are that much lighter than blocks."""
ATTEMPTS: Final = 8
"""How often one range is asked for in vain before `NoPeerLeft`; that peers are busy doesn't count."""
DECLINED_SECONDS: Final = 20.0
"""How long peers may say that they are busy, or have no such blocks, before `NoPeerLeft`."""
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 4.0
LOOK_AGAIN_SECONDS: Final = 0.5
"""While all are left alone: a new peer may have come."""
FALSE_ANSWER_POINTS: Final = 50
OTHER_BRANCH_POINTS: Final = 2
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
    share: float = FIRST_SHARE
    """Of a whole range, what it is asked for at once: as much as it answers in good time."""
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

        def make(share: float, request: int) -> GetHeaders:
            wanted = max(1, round(count * min(1.0, share * HEADERS_SHARE)))
            return GetHeaders(request=request, last=last.number, count=wanted)

        async def judge(answer: Response) -> list[Hash32]:
            return await _judge_headers(answer, last, count)

        return await self._ask(make, last.number, judge)

    async def blocks(self, first: int, hashes: Sequence[Hash32]) -> list[Block]:
        """The blocks with these hashes, or the first few of them, at least 1. Raises NoPeerLeft."""

        def make(share: float, request: int) -> GetBlocks:
            return GetBlocks(request=request, first=first, count=min(len(hashes), max(1, round(MAX_BLOCKS * share))))

        async def judge(answer: Response) -> list[Block]:
            return await _judge_blocks(answer, first, hashes)

        return await self._ask(make, first, judge)

    async def _ask(
        self, make: Callable[[float, int], Request], wanted: int, judge: Callable[[Response], Awaitable[T]]
    ) -> T:
        began, attempts = self._clock(), 0
        elsewhere: set[NodeId] = set()
        while attempts < ATTEMPTS:
            peer = await self._choose(wanted, elsewhere)
            standing = self._standing(peer)
            standing.under_way += 1
            asked_at = self._clock()
            try:
                response = await peer.request(partial(make, standing.share), seconds=self._request_seconds)
                self._adapt(standing, self._clock() - asked_at)
                answer = await judge(response)
            except (NoAnswer, RequestDeclined, PeerFault) as error:
                self._disappointed(peer, standing, error, self._clock() - asked_at)
                is_patient = isinstance(error, RequestDeclined) and self._clock() - began < DECLINED_SECONDS
                attempts += 0 if is_patient else 1
                if isinstance(error, OtherBranch):
                    elsewhere.add(peer.node_id)
            else:
                standing.disappointments = 0
                return answer
            finally:
                standing.under_way -= 1
        raise NoPeerLeft(f"block {wanted}: no peer gave it in {self._clock() - began:.0f} s")

    async def _choose(self, wanted: int, elsewhere: set[NodeId]) -> Peer:
        """The peer to ask next; waits for one that is left alone just now. Raises NoPeerLeft where there is none."""
        while True:
            peers, now = [peer for peer in self._peers.peers if peer.node_id not in elsewhere], self._clock()
            if peer := min(
                (peer for peer in peers if self._standing(peer).resumes_at <= now),
                key=lambda peer: self._rank(peer, wanted),
                default=None,
            ):
                return peer
            if not peers:
                raise NoPeerLeft(
                    f"block {wanted}: " + ("no peer is on its branch" if elsewhere else "no peer is connected")
                )
            resumes_at = min(self._standing(peer).resumes_at for peer in peers)
            await self._sleep(min(resumes_at - now, LOOK_AGAIN_SECONDS))

    def _rank(self, peer: Peer, wanted: int) -> tuple[bool, int, int]:
        """Lowest first. Claims are old news, so one that claims too little is asked last rather than not at all."""
        standing = self._standing(peer)
        claims = standing.first <= wanted <= standing.claimed
        return (not claims, standing.disappointments, standing.under_way)

    def _standing(self, peer: Peer) -> Standing:
        standing = self._standings.setdefault(peer.node_id, Standing(first=peer.first))
        standing.claimed = max(standing.claimed, peer.head.number)
        return standing

    def _adapt(self, standing: Standing, seconds: float) -> None:
        """Ask for more at once where answers come quickly, for less where they hardly come in time."""
        if seconds < self._request_seconds / 8:
            standing.share = min(1.0, standing.share * 2)
        elif seconds > self._request_seconds / 2:
            standing.share = max(LEAST_SHARE, standing.share / 2)

    def _disappointed(
        self, peer: Peer, standing: Standing, error: NoAnswer | RequestDeclined | PeerFault, seconds: float
    ) -> None:
        now = self._clock()
        if standing.resumes_at <= now:  # several requests that fail at once are one disappointment
            standing.resumes_at = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2**standing.disappointments)
            standing.disappointments = min(standing.disappointments + 1, 16)
        log.debug("sync.disappointed", peer=peer.node_id.hex()[:8], reason=str(error))
        if isinstance(error, NoAnswer):
            self._adapt(standing, max(seconds, self._request_seconds / 8))
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
