"""Messages on a pipe: length u32 ++ msgpack array, whose first item names the message.

to the reader     ["open", path, chain id, is_optimism, cap in ms]     first, once
                  ["batch", encoded write batch]
                  ["snapshot"]  ["chunk", encoded write batch] …  ["level"]
                  ["ask", id, expiry on the monotonic clock in s, method, packed parameters]
from the reader   ["ready", sequence, genesis hash | nil]
                  ["started", id]
                  ["answer", id, packed result]
                  ["error", id, packed error]
                  ["bug", id, trace]
"""

import asyncio
from collections.abc import Sequence
from typing import Any, BinaryIO, Final

import msgpack

from node.readers.errors import FrameError

MAX_FRAME_BYTES: Final = 1 << 28
"""256 MiB: several times the largest write batch that a block can make."""
_LENGTH_BYTES: Final = 4


def encode_frame(message: Sequence[Any]) -> bytes:
    """The bytes of one message. Raises FrameError above MAX_FRAME_BYTES."""
    body = bytes(msgpack.packb(message))
    if len(body) > MAX_FRAME_BYTES:
        raise FrameError(f"message too large for a reader's pipe: got {len(body)}, expected at most {MAX_FRAME_BYTES}")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def _decode(body: bytes) -> tuple[Any, ...]:
    try:
        message = msgpack.unpackb(body, use_list=False)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise FrameError(f"not a message: {error}") from error
    if not isinstance(message, tuple) or not message or not isinstance(message[0], str):
        raise FrameError("not a message: expected an array that starts with a name")
    return message


def _checked_length(prefix: bytes) -> int:
    length = int.from_bytes(prefix, "big")
    if length > MAX_FRAME_BYTES:
        raise FrameError(f"message too large: got {length} bytes, expected at most {MAX_FRAME_BYTES}")
    return length


def read_frame(stream: BinaryIO) -> tuple[Any, ...] | None:
    """The next message of a blocking stream, None at its end. Raises FrameError."""
    prefix = stream.read(_LENGTH_BYTES)
    if len(prefix) < _LENGTH_BYTES:
        return None
    length = _checked_length(prefix)
    body = stream.read(length)
    return _decode(body) if len(body) == length else None


async def receive_frame(stream: asyncio.StreamReader) -> tuple[Any, ...] | None:
    """The next message of an asyncio stream, None at its end. Raises FrameError."""
    try:
        length = _checked_length(await stream.readexactly(_LENGTH_BYTES))
        return _decode(await stream.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
