"""The node's own key, and the file that it is in."""

from pathlib import Path

import pytest

from p2p.errors import IdentityUnusable, MalformedMessage
from p2p.identity import NodeIdentity, load_identity, node_id_of, verify
from state.primitives.crypto import SECP256K1_N, keccak256, private_key_to_address


def test_makes_a_key_that_only_its_owner_can_read_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "p2p.key"
    first = load_identity(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text().strip()) == 64
    assert load_identity(path).node_id == first.node_id
    assert [found.name for found in path.parent.iterdir()] == ["p2p.key"]


@pytest.mark.parametrize(
    "text", ["", "11" * 31, "11" * 33, "zz" * 32, "00" * 32, f"{SECP256K1_N:064x}", "0x" + "11" * 32, "ü" * 64]
)
def test_refuses_a_file_that_holds_no_key(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p2p.key"
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(IdentityUnusable, match="malformed: expected 64 hexadecimal digits"):
        load_identity(path)


def test_refuses_a_key_that_others_can_read(tmp_path: Path) -> None:
    path = tmp_path / "p2p.key"
    path.write_text("11" * 32)
    path.chmod(0o640)
    with pytest.raises(IdentityUnusable, match="can be read by others"):
        load_identity(path)


def test_says_where_no_key_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IdentityUnusable, match="can't be used"):
        load_identity(tmp_path / "file" / "p2p.key")


def test_a_node_id_ends_in_the_keys_address() -> None:
    identity = NodeIdentity(b"\x11" * 32)
    assert identity.node_id[12:] == private_key_to_address(b"\x11" * 32)
    assert node_id_of(identity.public_key) == identity.node_id


def test_what_is_no_point_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="no point"):
        node_id_of(b"\x05" * 33)


def test_a_signature_counts_for_its_key_and_its_digest_only() -> None:
    identity, digest = NodeIdentity(b"\x11" * 32), keccak256(b"greeting")
    signature = identity.sign(digest)
    assert verify(identity.node_id, digest, signature)
    assert not verify(NodeIdentity(b"\x12" * 32).node_id, digest, signature)
    assert not verify(identity.node_id, keccak256(b"other"), signature)
    assert not verify(identity.node_id, digest, signature[:-1])
    assert not verify(identity.node_id, digest, bytes(64))
    assert not verify(identity.node_id, digest, b"\xff" * 64)


def test_the_other_form_of_a_signature_does_not_count() -> None:
    identity, digest = NodeIdentity(b"\x11" * 32), keccak256(b"greeting")
    signature = identity.sign(digest)
    high = SECP256K1_N - int.from_bytes(signature[32:], "big")
    assert not verify(identity.node_id, digest, signature[:32] + high.to_bytes(32, "big"))
