"""Which gossiped blocks are believed enough to be passed on: the rules of rollup-node-p2p.md, in one place.

The order of the checks is the specification's but for two things, both to make a liar's messages cheap: bytes that
were seen before are ignored before they are read, and the signature is checked before the transactions' root is
computed. What is refused is the same; only that nobody loses standing for what honest nodes do whose clock or view of
L1 is not quite ours: while the sequencer's key is not known, when it has just changed, when clocks differ by seconds.

L1 alone decides what is safe. A block from here is speculation: the first at a height wins, and a second one with the
sequencer's signature is evidence that the sequencer equivocated.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeVar

from p2p.errors import RefusedBlock, UntimelyBlock
from p2p.signed_block import parse_signed_block
from state.blocks import Block
from state.primitives.types import Address, Hash32

_K = TypeVar("_K")
_V = TypeVar("_V")

MAX_AGE_SECONDS: Final = 60
MAX_AHEAD_SECONDS: Final = 5
CLOCKS_DIFFER_SECONDS: Final = 30
"""By how much honest clocks may disagree."""
MAX_BLOCKS_AT_A_HEIGHT: Final = 5
HEIGHTS_REMEMBERED: Final = 1_000
NEWEST_REMEMBERED: Final = 64
"""Heights; of blocks a second apart, those that are young enough for a second one to be accepted."""
EQUIVOCATIONS_REMEMBERED: Final = 16
MESSAGES_REMEMBERED: Final = 4_096
FORMER_SEQUENCERS: Final = 4
NOBODY: Final = Address(bytes(20))
"""The sequencer while nobody knows who it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A block that may be passed on."""

    block: Block
    hash: Hash32
    message: bytes
    """As it came, and as it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivocation:
    """Two blocks of one height, both with the sequencer's signature."""

    number: int
    first: bytes
    second: bytes
    """The messages, as they came."""


class BlockGossip:
    """Checks messages one by one. Not thread-safe."""

    def __init__(self, *, chain_id: int, sequencer: Callable[[], Address], clock: Callable[[], float]) -> None:
        """`sequencer` tells whose signature counts now (SystemConfig's unsafe block signer); `clock` Unix seconds."""
        self._chain_id = chain_id
        self._sequencer = sequencer
        self._clock = clock
        self._messages: OrderedDict[bytes, None] = OrderedDict()
        self._heights: OrderedDict[int, set[Hash32]] = OrderedDict()
        self._newest: OrderedDict[int, bytes] = OrderedDict()
        """Height -> the first message of it, of the last few: what a second one is laid beside."""
        self._known: OrderedDict[Address, None] = OrderedDict()
        """Who is the sequencer, and who was before."""
        self.equivocations: deque[Equivocation] = deque(maxlen=EQUIVOCATIONS_REMEMBERED)
        """At most one a height, the newest last."""

    def check(self, message: bytes) -> Accepted | None:
        """The block of a message; None for one that was seen before, or that nobody can judge.

        Raises RefusedBlock and MalformedPayload; UntimelyBlock where it may be that nobody is to blame.
        """
        digest = sha256(message).digest()
        sequencer = self._sequencer()
        if digest in self._messages or sequencer == NOBODY:
            return None
        _remember(self._known, sequencer, None, FORMER_SEQUENCERS)
        signed = parse_signed_block(message)
        untimely = self._check_time(signed.timestamp, slack=CLOCKS_DIFFER_SECONDS)
        if (signer := signed.signer(self._chain_id)) != sequencer:
            if signer not in self._known:
                raise RefusedBlock(f"block is signed by 0x{signer.hex()}, who is not the sequencer")
            _remember(self._messages, digest, None, MESSAGES_REMEMBERED)
            return None
        if untimely:
            raise UntimelyBlock(untimely)
        block = signed.block()
        accepted = Accepted(block=block, hash=block.header.hash, message=message)
        if not self._note(accepted):
            return None
        _remember(self._messages, digest, None, MESSAGES_REMEMBERED)
        return accepted

    def note_own(self, accepted: Accepted) -> None:
        """This node's own block, so that a second one at its height is noticed."""
        self._note(accepted)

    def _check_time(self, timestamp: int, *, slack: int) -> str | None:
        """What is wrong with it, by no more than `slack` seconds. Raises RefusedBlock beyond that."""
        age = self._clock() - timestamp
        if -MAX_AHEAD_SECONDS <= age <= MAX_AGE_SECONDS:
            return None
        wrong = f"block is {age:.0f} s old: expected at most {MAX_AGE_SECONDS}"
        if age < 0:
            wrong = f"block is {-age:.0f} s ahead: expected at most {MAX_AHEAD_SECONDS}"
        if not -MAX_AHEAD_SECONDS - slack <= age <= MAX_AGE_SECONDS + slack:
            raise RefusedBlock(wrong)
        return wrong

    def _note(self, accepted: Accepted) -> bool:
        """Whether the block is new. Raises RefusedBlock for one of too many at its height."""
        number = int(accepted.block.header.number)
        seen = self._heights.get(number, set())
        if accepted.hash in seen:
            return False
        if len(seen) >= MAX_BLOCKS_AT_A_HEIGHT:
            raise RefusedBlock(f"more than {MAX_BLOCKS_AT_A_HEIGHT} blocks of height {number}")
        if len(seen) == 1:
            first = self._newest.get(number, b"")
            self.equivocations.append(Equivocation(number=number, first=first, second=accepted.message))
        elif not seen:
            _remember(self._newest, number, accepted.message, NEWEST_REMEMBERED)
        seen.add(accepted.hash)
        _remember(self._heights, number, seen, HEIGHTS_REMEMBERED)
        return True


def _remember(cache: OrderedDict[_K, _V], key: _K, value: _V, most: int) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > most:
        cache.popitem(last=False)
