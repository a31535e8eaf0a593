"""Names of blocks on the two chains."""

from dataclasses import dataclass
from typing import NewType

from state.primitives.types import Hash32, UnixSeconds

L1BlockNumber = NewType("L1BlockNumber", int)
L2BlockNumber = NewType("L2BlockNumber", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockId:
    """A block by hash and number, on either chain."""

    hash: Hash32
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class L1BlockRef:
    """An L1 block and its place in its chain."""

    hash: Hash32
    number: L1BlockNumber
    parent_hash: Hash32
    timestamp: UnixSeconds

    @property
    def id(self) -> BlockId:
        return BlockId(hash=self.hash, number=self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class L2BlockRef:
    """An L2 block, its place in its chain, and its L1 origin."""

    hash: Hash32
    number: L2BlockNumber
    parent_hash: Hash32
    timestamp: UnixSeconds
    l1_origin: BlockId
    """The L1 block whose sequencing epoch this block belongs to."""
    sequence_number: int
    """Blocks since the epoch's first; 0 carries the epoch's deposits."""

    @property
    def id(self) -> BlockId:
        return BlockId(hash=self.hash, number=self.number)
