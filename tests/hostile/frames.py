"""WebSocket by hand (RFC 6455), so that it can be done wrong."""

import base64
import os
import socket
import struct
from typing import Final

from tests.hostile.target import Target

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FINAL: Final = 0x80
MASK: Final = b"\x37\xfa\x21\x3d"


def handshake(target: Target, *headers: str) -> socket.socket:
    """A connection on which WebSocket frames may be sent. Fails unless the server agrees."""
    connection, status = try_handshake(target, *headers)
    assert status == 101
    return connection


def try_handshake(target: Target, *headers: str) -> tuple[socket.socket, int]:
    """The connection and the HTTP status."""
    connection = target.connect()
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET / HTTP/1.1", f"Host: 127.0.0.1:{target.port}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *headers, "", "",
    ]  # fmt: skip
    connection.sendall("\r\n".join(lines).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv(1)
        if not received:
            break
        head += received
    return connection, int(head.split(b" ", 2)[1]) if head else 0


def frame(opcode: int, payload: bytes, *, final: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """One frame as a client sends it."""
    first = (FINAL if final else 0) | reserved | opcode
    return bytes([first]) + _length(len(payload), masked) + (MASK + _mask(payload) if masked else payload)


def _length(length: int, masked: bool) -> bytes:
    bit = 0x80 if masked else 0
    if length < 126:
        return bytes([bit | length])
    if length < 1 << 16:
        return bytes([bit | 126]) + struct.pack(">H", length)
    return bytes([bit | 127]) + struct.pack(">Q", length)


def _mask(payload: bytes) -> bytes:
    repeated = (MASK * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")


def announced(opcode: int, length: int) -> bytes:
    """The head of a frame whose payload never comes."""
    return bytes([FINAL | opcode, 0x80 | 127]) + struct.pack(">Q", length) + MASK


def read_frame(connection: socket.socket) -> tuple[int, bytes]:
    """(opcode, payload) of the server's next frame; (CLOSE, b"") where the connection ends without one."""
    head = _exactly(connection, 2)
    if len(head) < 2:
        return CLOSE, b""
    length = head[1] & 0x7F
    if length == 126:
        length = struct.unpack(">H", _exactly(connection, 2))[0]
    elif length == 127:
        length = struct.unpack(">Q", _exactly(connection, 8))[0]
    return head[0] & 0x0F, _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        try:
            part = connection.recv(min(1 << 16, count - len(received)))
        except ConnectionError:
            return b""
        if not part:
            return b""
        received += part
    return bytes(received)


def close_code(connection: socket.socket) -> int:
    """Why the server closes, other frames passed over; 1006 if it says nothing."""
    while True:
        opcode, payload = read_frame(connection)
        if opcode == CLOSE:
            return struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1006


def send_all_or_be_cut_off(connection: socket.socket, data: bytes) -> bool:
    """Whether the server took all of it."""
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True
