"""The shared log: the committed head, and the blocks below it that a candidate may lack.

    PREFIX/leader                            who leads (leadership.py)
    PREFIX/head                              {number, hash, parent, term, parts}, JSON
    PREFIX/block/<number>/<hash>/<part>      the block as peers hand it over (p2p.envelope), a MiB a key

A commit is one transaction: the leader's key must still have the token's revision, and the head must be what this
leader saw last. So what a former leader is late with is refused, and no two leaders' blocks interleave. A block of
more than a MiB is written part by part before, under its hash, and counts once the head names it.

A head's number may be lower than that of the head before: after an L1 reorg the leader builds again from further down.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson
import structlog

from node.conductor.errors import EtcdRefused, EtcdUnavailable, LogDamaged
from node.conductor.etcd import Compare, DeleteRange, EtcdClient, Get, KeyValue, Operation, Put, TxnResult
from p2p.envelope import decode_envelope, encode_envelope
from p2p.errors import PeerFault
from p2p.signed_block import MAX_COMPRESSED
from state.blocks import Block
from state.primitives.types import Hash32

log = structlog.get_logger("node.conductor")

BLOCKS_KEPT: Final = 64
PART_BYTES: Final = 1 << 20
"""etcd takes requests of 1.5 MiB as it comes."""
MAX_PARTS: Final = MAX_COMPRESSED // PART_BYTES + 1
COMPACT_EVERY: Final = 128
"""Commits, after which etcd may forget what the keys held before: it keeps every version until it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedHead:
    """The block that everybody agrees was sealed last."""

    number: int
    hash: Hash32
    parent: Hash32
    term: int
    """The token of the leader that committed it."""
    parts: int
    """Keys that its block takes."""

    def encode(self) -> bytes:
        texts = {"hash": self.hash.hex(), "parent": self.parent.hex()}
        return orjson.dumps({"number": self.number, **texts, "term": self.term, "parts": self.parts})

    @classmethod
    def decode(cls, data: bytes) -> "CommittedHead":
        """Raises LogDamaged."""
        try:
            found = orjson.loads(data)
            head = cls(
                number=int(found["number"]),
                hash=Hash32(bytes.fromhex(found["hash"])),
                parent=Hash32(bytes.fromhex(found["parent"])),
                term=int(found["term"]),
                parts=int(found["parts"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise LogDamaged(f"the committed head in etcd can't be read: {error}") from error
        if len(head.hash) != 32 or len(head.parent) != 32 or not 0 <= head.number < 1 << 63:
            raise LogDamaged("the committed head in etcd is no block's number and hash")
        return head


class SharedLog:
    """The log under one prefix. One task reads and writes at a time."""

    def __init__(self, etcd: EtcdClient, prefix: bytes) -> None:
        self._etcd = etcd
        self._leader_key = prefix + b"/leader"
        self._head_key = prefix + b"/head"
        self._blocks = prefix + b"/block/"
        self._head_revision = 0
        self.committed: CommittedHead | None = None
        """The head at the last look or commit."""
        self._commits = 0
        self._compact_to = 0
        self._last_revision = 0

    @property
    def leader_key(self) -> bytes:
        """What leadership is about."""
        return self._leader_key

    async def head(self) -> CommittedHead | None:
        """The committed head, on which the next commit builds; None before the first. Raises LogDamaged and etcd's."""
        found = await self._etcd.get(self._head_key)
        self._head_revision = 0 if found is None else found.mod_revision
        self.committed = None if found is None else CommittedHead.decode(found.value)
        return self.committed

    async def block(self, number: int, block_hash: Hash32) -> Block | None:
        """A block that was committed, if it is kept. Raises LogDamaged and etcd's errors."""
        data = b""
        for part in range(MAX_PARTS):
            found = await self._etcd.get(self._part_key(number, block_hash, part))
            if found is None:
                break
            data += found.value
            if len(found.value) < PART_BYTES:
                break
        if not data:
            return None
        try:
            block = decode_envelope(data)
        except PeerFault as error:
            raise LogDamaged(f"block {number} in etcd can't be read: {error}") from error
        return block if block.header.hash == block_hash else None

    async def commit(self, block: Block, block_hash: Hash32, token: int) -> bool:
        """Whether the block is the committed head now. False: another leads, or has committed since `head()`.

        Raises EtcdUnavailable, with the commit done or not: the same call again finds out.
        """
        data = encode_envelope(block, block_hash)
        number = int(block.header.number)
        pieces = [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)]
        if len(pieces[-1]) == PART_BYTES:
            pieces.append(b"")  # a part that is full says that another follows
        head = CommittedHead(
            number=number, hash=block_hash, parent=block.header.parent_hash, term=token, parts=len(pieces)
        )
        keys = [self._part_key(number, block_hash, part) for part in range(len(pieces))]
        puts = [Put(key=key, value=piece) for key, piece in zip(keys, pieces, strict=True)]
        for put in puts[:-1]:
            if not (await self._etcd.transact([self._leads(token)], [put])).succeeded:
                return False
        return await self._move_head(head, [puts[-1]])

    async def _move_head(self, head: CommittedHead, puts: list[Put]) -> bool:
        encoded = head.encode()
        result = await self._etcd.transact(
            [self._leads(head.term), Compare(key=self._head_key, mod_revision=self._head_revision)],
            [Put(key=self._head_key, value=encoded), *puts, *self._outdated(head.number)],
            [Get(key=self._head_key), Get(key=self._leader_key)],
        )
        if not result.succeeded and not self._has_happened(result, encoded, head.term):
            return False
        self._head_revision = result.revision if result.succeeded else _mod_revision(result.found[0])
        self._last_revision = self._head_revision
        self.committed = head
        self._commits += 1
        return True

    def _has_happened(self, result: TxnResult, encoded: bytes, token: int) -> bool:
        """A commit whose answer got lost is refused when it is repeated: the head is what it asked for."""
        found, leader = result.found
        leads = leader is not None and leader.create_revision == token
        return leads and found is not None and found.value == encoded

    def _leads(self, token: int) -> Compare:
        return Compare(key=self._leader_key, create_revision=token)

    def _outdated(self, number: int) -> Iterator[Operation]:
        if number >= BLOCKS_KEPT:
            yield DeleteRange(first=self._blocks, end=self._blocks + _digits(number - BLOCKS_KEPT + 1))

    def _part_key(self, number: int, block_hash: Hash32, part: int) -> bytes:
        return self._blocks + _digits(number) + b"/" + block_hash.hex().encode() + b"/%04d" % part

    async def tidy(self) -> None:
        """Now and then: let etcd forget the versions of keys before those that the last commits wrote."""
        if self._commits < COMPACT_EVERY:
            return
        self._commits = 0
        former, self._compact_to = self._compact_to, self._last_revision
        if former:
            try:
                await self._etcd.compact(former)
            except (EtcdUnavailable, EtcdRefused) as error:
                log.info("conductor.not_compacted", reason=str(error))


def _digits(number: int) -> bytes:
    return b"%020d" % number


def _mod_revision(found: KeyValue | None) -> int:
    return 0 if found is None else found.mod_revision
