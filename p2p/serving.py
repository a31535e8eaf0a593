"""Hands headers and blocks to peers that ask, within what a peer, and all of them together, may cost.

A request is answered while anything is left of both accounts, and paid for afterwards: what an answer costs is known
only then. Between two blocks other tasks have their turn, so that no request holds the event loop for long.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from p2p.budget import Budget
from p2p.envelope import encode_envelope
from p2p.messages import MAX_RANGE_BYTES, Blocks, Declined, DeclineReason, GetBlocks, GetHeaders, Headers
from p2p.ports import ChainPort, NodeId
from p2p.recent import Recent

HEADERS_A_BLOCK: Final = 32
"""Headers that cost as much work as one block."""
PEERS_REMEMBERED: Final = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingLimits:
    """What may be handed out a second; four seconds' worth may be saved up."""

    peer_blocks: float = 256
    peer_bytes: float = 16 << 20
    all_blocks: float = 512
    all_bytes: float = 64 << 20
    saved_seconds: float = 4


class Serving:
    """Answers to GetHeaders and GetBlocks."""

    def __init__(self, chain: ChainPort, *, clock: Callable[[], float], limits: ServingLimits | None = None) -> None:
        """`clock`: monotonic seconds."""
        self._chain = chain
        self._clock = clock
        self._limits = limits or ServingLimits()
        self._all = self._account(self._limits.all_blocks, self._limits.all_bytes)
        self._peers: Recent[NodeId, _Account] = Recent(PEERS_REMEMBERED)
        """Also of those that are gone: coming again must not fill an account."""
        self.declined = 0
        """Requests that were not answered."""

    async def headers(self, peer: NodeId, request: GetHeaders) -> Headers | Declined:
        """The headers as far down as there are any, the last asked for included."""
        account = self._open_account(peer)
        if account is None:
            return self._declined(request.request, DeclineReason.BUSY, "too much was asked for")
        found: list[bytes] = []
        first = max(self._chain.first_block(), request.last - request.count + 1)
        head = self._chain.unsafe_head().number
        expected = self._chain.canonical_hash(request.last) if request.last <= head else None
        for number in range(request.last, first - 1, -1):
            if expected is None:
                break
            header = self._chain.header(number)
            if header is None or header.hash != expected:
                break
            found.append(header.encode())
            expected = header.parent_hash
            if not len(found) % HEADERS_A_BLOCK:
                await asyncio.sleep(0)
        self._charge(account, len(found) / HEADERS_A_BLOCK, sum(map(len, found)))
        if not found:
            return self._declined(request.request, DeclineReason.UNAVAILABLE, f"no header {request.last}")
        return Headers(request=request.request, headers=tuple(reversed(found)))

    async def blocks(self, peer: NodeId, request: GetBlocks) -> Blocks | Declined:
        """The blocks from the first one on, as many as fit into one answer, all of one branch."""
        account = self._open_account(peer)
        if account is None:
            return self._declined(request.request, DeclineReason.BUSY, "too much was asked for")
        found: list[bytes] = []
        size, parent = 0, None
        end = min(request.first + request.count, self._chain.unsafe_head().number + 1)
        for number in range(request.first, end):
            kept = self._chain.block(number)
            if kept is None or (parent is not None and kept[0].header.parent_hash != parent):
                break
            block, parent = kept
            envelope = encode_envelope(block, parent)
            if found and size + len(envelope) > MAX_RANGE_BYTES:
                break
            found.append(envelope)
            size += len(envelope)
            await asyncio.sleep(0)
        self._charge(account, len(found) or 1, size)
        if not found:
            return self._declined(request.request, DeclineReason.UNAVAILABLE, f"no block {request.first}")
        return Blocks(request=request.request, blocks=tuple(found))

    def _open_account(self, peer: NodeId) -> "_Account | None":
        if peer not in self._peers:
            self._peers[peer] = self._account(self._limits.peer_blocks, self._limits.peer_bytes)
        account = self._peers[peer]
        return account if account.is_open and self._all.is_open else None

    def _account(self, blocks: float, size: float) -> "_Account":
        saved, clock = self._limits.saved_seconds, self._clock
        return _Account(
            blocks=Budget(rate=blocks, burst=blocks * saved, clock=clock),
            bytes=Budget(rate=size, burst=size * saved, clock=clock),
        )

    def _charge(self, account: "_Account", blocks: float, size: int) -> None:
        for paying in (account, self._all):
            paying.blocks.spend(blocks)
            paying.bytes.spend(size)

    def _declined(self, request: int, reason: DeclineReason, text: str) -> Declined:
        self.declined += 1
        return Declined(request=request, reason=reason, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    blocks: Budget
    bytes: Budget

    @property
    def is_open(self) -> bool:
        return self.blocks.is_open and self.bytes.is_open
