"""Who a node is among peers: a secp256k1 key of its own, which moves no money and signs nothing but greetings."""

import os
import secrets
from pathlib import Path
from typing import Final

import structlog
from coincurve import PrivateKey, PublicKey

from p2p.errors import IdentityUnusable, MalformedMessage
from p2p.ports import NodeId
from state.primitives.crypto import (
    SECP256K1_HALF_N,
    SECP256K1_N,
    InvalidSignature,
    keccak256,
    recover_address,
    sign_digest,
)

log = structlog.get_logger("p2p")

KEY_DIGITS: Final = 64
SIGNATURE: Final = 64


class NodeIdentity:
    """A node's key, and what others know of it."""

    def __init__(self, private_key: bytes) -> None:
        """`private_key`: 32 bytes, between 1 and the curve's order."""
        self._private_key = private_key
        self.public_key = bytes(PrivateKey(private_key).public_key.format(compressed=True))
        """33 bytes."""
        self.node_id = node_id_of(self.public_key)

    def sign(self, digest: bytes) -> bytes:
        """r ++ s, 64 bytes, over a digest of 32."""
        _, r, s = sign_digest(self._private_key, digest)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def node_id_of(public_key: bytes) -> NodeId:
    """keccak of the point (64 bytes) of a compressed key. Raises MalformedMessage for one off the curve."""
    try:
        point = PublicKey(public_key).format(compressed=False)
    except Exception as error:  # coincurve raises bare Exception and ValueError for what is no point
        raise MalformedMessage("public key is no point of secp256k1") from error
    return NodeId(bytes(keccak256(point[1:])))


def verify(node_id: NodeId, digest: bytes, signature: bytes) -> bool:
    """Whether the key of that node signed the digest; of the two forms of a signature only the low one counts."""
    if len(signature) != SIGNATURE:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < SECP256K1_N and 0 < s <= SECP256K1_HALF_N):
        return False
    return any(_recovers(node_id, digest, parity, r, s) for parity in (0, 1))


def _recovers(node_id: NodeId, digest: bytes, parity: int, r: int, s: int) -> bool:
    """An address is the last 20 bytes of what a node id is the whole of."""
    try:
        return recover_address(digest, parity, r, s) == node_id[12:]
    except InvalidSignature:
        return False


def load_identity(path: Path) -> NodeIdentity:
    """The node's identity from a file of 64 hexadecimal digits, which is made with a new key if it isn't there.

    Raises IdentityUnusable for a file that others may read, that holds anything else, or that can't be made.
    """
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise IdentityUnusable(f"node key {path} can be read by others: chmod 600 it, or remove it for a new one")
        text = path.read_bytes()[: KEY_DIGITS + 8].decode("ascii", "replace").strip()
    except OSError as error:
        raise IdentityUnusable(f"node key {path} can't be used: {error.strerror}") from error
    return NodeIdentity(_parse(text, path))


def _parse(text: str, path: Path) -> bytes:
    try:
        key = bytes.fromhex(text) if len(text) == KEY_DIGITS else b""
    except ValueError:
        key = b""
    if not 0 < int.from_bytes(key, "big") < SECP256K1_N:
        raise IdentityUnusable(f"node key {path} is malformed: expected {KEY_DIGITS} hexadecimal digits of a key")
    return key


def _make(path: Path) -> None:
    """All of the file or nothing, also when two nodes start at once: the first one's key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(PrivateKey().secret.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
    _sync_folder(path.parent)
    log.info("p2p.node_key_made", path=str(path))


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
