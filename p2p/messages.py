"""What peers say to each other, and its one form as bytes: a msgpack array of a kind and that kind's fields.

    greeting     Hello, Proof, Goodbye
    addresses    GetAddresses → Addresses
    gossip       BlockAnnouncement, HeadStatus
    ranges       GetHeaders → Headers, GetBlocks → Blocks
    transactions SubmitTransaction → Verdict
    any request  → Declined

A request carries an id of the asker's choice, which its answer repeats. Every count and length is checked against its
limit while msgpack reads it, so that a claim costs no memory.
"""

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Annotated, Any, ClassVar, Final, TypeAlias

import msgpack

from p2p.errors import MalformedMessage
from p2p.limits import Limited, at_most, between, limits_of, member, members, sized, string, unsigned
from p2p.signed_block import MAX_COMPRESSED

PROTOCOL_VERSION: Final = 1
MAX_FRAME: Final = MAX_COMPRESSED + 1_024
"""Bytes of one WebSocket message: a block that can't be compressed, and what surrounds it."""
MAX_GREETING: Final = 1_024
"""Bytes of a WebSocket message before both sides have greeted."""
MAX_TEXT: Final = 512
MAX_TRANSACTION: Final = 131_072
"""Bytes of a transaction, as in the pool."""
MAX_ADDRESSES: Final = 32
MAX_HEADERS: Final = 512
MAX_HEADER: Final = 1_024
MAX_BLOCKS: Final = 64
MAX_HOPS: Final = 4
MAX_RANGE_BYTES: Final = MAX_COMPRESSED
"""Bytes of all blocks of one answer together; who answers sends fewer blocks than asked for rather than more bytes."""


class Farewell(IntEnum):
    """Why a connection ends."""

    STOPPING = 0
    WRONG_NETWORK = 1
    WRONG_VERSION = 2
    BAD_IDENTITY = 3
    ALREADY_CONNECTED = 4
    TOO_MANY_PEERS = 5
    BANNED = 6
    MISBEHAVED = 7
    TOO_SLOW = 8


class DeclineReason(IntEnum):
    """Why a request is not answered."""

    UNAVAILABLE = 1
    INVALID = 2
    BUSY = 3


class VerdictCode(IntEnum):
    """What became of a transaction that was submitted."""

    TAKEN = 0
    """The sequencer's pool has it."""
    REFUSED = 1
    """The sequencer refused it, in the words of the text."""
    NO_ROUTE = 2
    """This peer can't reach the sequencer just now; whether anybody has the transaction is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The first message of both sides: which network, and a nonce that the other side's Proof answers."""

    KIND: ClassVar = 0
    version: Annotated[int, unsigned(16)]
    chain_id: Annotated[int, unsigned(64)]
    genesis_hash: Annotated[bytes, sized(32)]
    rollup_hash: Annotated[bytes, sized(32)]
    """Hash of the rollup configuration."""
    public_key: Annotated[bytes, sized(33)]
    """Compressed secp256k1 key of the node, 33 bytes."""
    nonce: Annotated[bytes, sized(32)]
    address: Annotated[str, string(128)]
    """host:port where it listens for peers; empty where it does not."""
    agent: Annotated[str, string(64)]
    """Name and version of the software."""
    head_number: Annotated[int, unsigned(64)]
    """Its unsafe head."""
    head_hash: Annotated[bytes, sized(32)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The second: signature 64 (r, s) by the node's key over both Hellos, its own first."""

    KIND: ClassVar = 1
    signature: Annotated[bytes, sized(64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye:
    """The last, where there is time for one."""

    KIND: ClassVar = 2
    reason: Annotated[int, member(Farewell)]
    text: Annotated[str, string(MAX_TEXT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAddresses:
    """Asks where other peers listen."""

    KIND: ClassVar = 3
    request: Annotated[int, unsigned(32)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """host:port of peers that the answerer is or was connected to."""

    KIND: ClassVar = 4
    request: Annotated[int, unsigned(32)]
    addresses: Annotated[tuple[str, ...], members(MAX_ADDRESSES, string(128))]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadStatus:
    """The sender's unsafe head, when it moved and no announcement told it; what it claims, not what is believed."""

    KIND: ClassVar = 5
    number: Annotated[int, unsigned(64)]
    hash: Annotated[bytes, sized(32)]
    first: Annotated[int, unsigned(64)]
    """The lowest block that it can hand over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockAnnouncement:
    """A block that the sequencer signed (`p2p.signed_block`)."""

    KIND: ClassVar = 6
    message: Annotated[bytes, at_most(MAX_COMPRESSED)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetHeaders:
    """Asks for canonical headers, `count` of them, the last of which is `last`."""

    KIND: ClassVar = 7
    request: Annotated[int, unsigned(32)]
    last: Annotated[int, unsigned(64)]
    count: Annotated[int, between(1, MAX_HEADERS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """RLP headers, lowest first."""

    KIND: ClassVar = 8
    request: Annotated[int, unsigned(32)]
    headers: Annotated[tuple[bytes, ...], members(MAX_HEADERS, at_most(MAX_HEADER))]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetBlocks:
    """Asks for canonical blocks, `count` of them from `first` on."""

    KIND: ClassVar = 9
    request: Annotated[int, unsigned(32)]
    first: Annotated[int, unsigned(64)]
    count: Annotated[int, between(1, MAX_BLOCKS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Blocks (`p2p.envelope`), lowest first; fewer than asked for where they are too large together."""

    KIND: ClassVar = 10
    request: Annotated[int, unsigned(32)]
    blocks: Annotated[tuple[bytes, ...], members(MAX_BLOCKS, at_most(MAX_COMPRESSED))]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitTransaction:
    """Asks to bring a transaction to the sequencer, over at most `hops` more peers."""

    KIND: ClassVar = 11
    request: Annotated[int, unsigned(32)]
    hops: Annotated[int, between(0, MAX_HOPS)]
    raw: Annotated[bytes, at_most(MAX_TRANSACTION)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of it."""

    KIND: ClassVar = 12
    request: Annotated[int, unsigned(32)]
    code: Annotated[int, member(VerdictCode)]
    text: Annotated[str, string(MAX_TEXT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """A request that is not answered."""

    KIND: ClassVar = 13
    request: Annotated[int, unsigned(32)]
    reason: Annotated[int, member(DeclineReason)]
    text: Annotated[str, string(MAX_TEXT)]


Request: TypeAlias = GetAddresses | GetHeaders | GetBlocks | SubmitTransaction
Response: TypeAlias = Addresses | Headers | Blocks | Verdict | Declined
Message: TypeAlias = Hello | Proof | Goodbye | HeadStatus | BlockAnnouncement | Request | Response

_KINDS: Final[dict[int, tuple[type[Message], tuple[Limited, ...]]]] = {
    kind.KIND: (kind, limits_of(kind))
    for kind in (
        Hello, Proof, Goodbye, GetAddresses, Addresses, HeadStatus, BlockAnnouncement, GetHeaders, Headers, GetBlocks,
        Blocks, SubmitTransaction, Verdict, Declined,
    )
}  # fmt: skip
MOST_MEMBERS: Final = MAX_HEADERS
"""Of any array."""


def encode_message(message: Message) -> bytes:
    """The bytes of one WebSocket message."""
    values = [getattr(message, field.name) for field in fields(message)]
    return bytes(msgpack.packb([message.KIND, *values], use_bin_type=True))


def decode_message(data: bytes) -> Message:
    """The message. Raises MalformedMessage for anything but a known kind with its fields inside their limits."""
    if len(data) > MAX_FRAME:
        raise MalformedMessage(f"message of {len(data)} bytes: expected at most {MAX_FRAME}")
    try:
        values = msgpack.unpackb(
            data,
            use_list=False,
            raw=False,
            max_str_len=MAX_TEXT * 4,
            max_bin_len=MAX_COMPRESSED,
            max_array_len=MOST_MEMBERS,
            max_map_len=0,
            max_ext_len=0,
        )
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise MalformedMessage(f"message is no msgpack of this protocol: {error or type(error).__name__}") from error
    if type(values) is not tuple or not values or type(values[0]) is not int:
        raise MalformedMessage("message is no array that begins with its kind")
    if values[0] not in _KINDS:
        raise MalformedMessage(f"message of unknown kind {values[0]}")
    kind, limits = _KINDS[values[0]]
    return _checked(kind, limits, values[1:])


def _checked(kind: type[Message], limits: tuple[Limited, ...], values: tuple[Any, ...]) -> Message:
    if len(values) != len(limits):
        raise MalformedMessage(f"{kind.__name__} has {len(values)} fields: expected {len(limits)}")
    for limited, value in zip(limits, values, strict=True):
        if not limited.check(value):
            raise MalformedMessage(f"{kind.__name__}: {limited.name} is out of its limits")
    return kind(**{limited.name: value for limited, value in zip(limits, values, strict=True)})
