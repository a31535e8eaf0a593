"""What is said to a node under attack: the protocol's messages as bytes, and bytes that only look like them.

Nothing here is the node's own encoder: that one can't say what is wrong. Kinds and limits are its constants.
"""

import struct
from typing import Any, Final

import msgpack

from p2p import messages

HELLO: Final = messages.Hello.KIND
PROOF: Final = messages.Proof.KIND
GOODBYE: Final = messages.Goodbye.KIND
GET_ADDRESSES: Final = messages.GetAddresses.KIND
ADDRESSES: Final = messages.Addresses.KIND
HEAD_STATUS: Final = messages.HeadStatus.KIND
ANNOUNCEMENT: Final = messages.BlockAnnouncement.KIND
GET_HEADERS: Final = messages.GetHeaders.KIND
HEADERS: Final = messages.Headers.KIND
GET_BLOCKS: Final = messages.GetBlocks.KIND
BLOCKS: Final = messages.Blocks.KIND
SUBMIT: Final = messages.SubmitTransaction.KIND
VERDICT: Final = messages.Verdict.KIND
DECLINED: Final = messages.Declined.KIND
Farewell = messages.Farewell
DeclineReason = messages.DeclineReason
VerdictCode = messages.VerdictCode

MOST: Final = (1 << 32) - 1
"""The largest count that msgpack can claim."""


def say(kind: Any, *values: Any) -> bytes:
    """An array of a kind and its fields, whatever they are."""
    return bytes(msgpack.packb([kind, *values], use_bin_type=True))


def claimed_array(members: int, content: bytes = b"") -> bytes:
    """An array that says it has so many members, and has what `content` is."""
    return b"\xdd" + struct.pack(">I", members) + content


def claimed_map(members: int) -> bytes:
    return b"\xdf" + struct.pack(">I", members)


def claimed_bytes(length: int) -> bytes:
    return b"\xc6" + struct.pack(">I", length)


def claimed_text(length: int) -> bytes:
    return b"\xdb" + struct.pack(">I", length)


def claimed_extension(length: int) -> bytes:
    return b"\xc9" + struct.pack(">I", length) + b"\x05"


def array_of(*parts: bytes) -> bytes:
    """An array of at most 15 members that are encoded already."""
    return bytes([0x90 | len(parts)]) + b"".join(parts)


def nested(depth: int) -> bytes:
    """Arrays in arrays."""
    return b"\x91" * depth + b"\xc0"
