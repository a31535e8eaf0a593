"""The trie by official-style vectors, at its edges, and with damage."""

import pytest

from state.blocks import EMPTY_TRIE_ROOT
from state.errors import Severity
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32
from state.trie import (
    CorruptNode,
    InvalidProof,
    MissingNode,
    get_value,
    iterate_leaves,
    ordered_root,
    prove,
    update_trie,
    verify_proof,
)
from state.trie.nodes import decode_node
from state.trie.proofs import MAX_NODE_BYTES, MAX_PROOF_NODES


class Nodes(dict[Hash32, bytes]):
    def get_node(self, node_hash: Hash32, /) -> bytes | None:
        return self.get(node_hash)


def built(pairs: dict[bytes, bytes]) -> tuple[Nodes, Hash32]:
    update = update_trie(Nodes(), EMPTY_TRIE_ROOT, pairs)
    return Nodes(update.nodes), update.root


SIXTY = {bytes(keccak256(bytes([number]))): b"value %d" % number * 5 for number in range(60)}


def test_the_empty_trie_has_the_hash_of_the_empty_string() -> None:
    assert EMPTY_TRIE_ROOT.hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert update_trie(Nodes(), EMPTY_TRIE_ROOT, {}).root == EMPTY_TRIE_ROOT
    assert update_trie(Nodes(), EMPTY_TRIE_ROOT, {bytes(32): b""}).root == EMPTY_TRIE_ROOT
    assert ordered_root([]) == EMPTY_TRIE_ROOT
    assert list(iterate_leaves(Nodes(), EMPTY_TRIE_ROOT)) == []


def secure(pairs: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return {bytes(keccak256(key)): value for key, value in pairs.items()}


@pytest.mark.parametrize(
    ("pairs", "root"),
    [
        ({b"A": b"a" * 50}, "d23786fb4a010da3ce639d66d5e904a11dbc02746d1ce25029e53290cabf28ab"),
        (
            secure({b"doe": b"reindeer", b"dog": b"puppy", b"dogglesworth": b"cat"}),
            "d4cd937e4a4368d7931a9cf51686b7e10abb3dce38a39000fd7902a092b64585",
        ),
    ],
)
def test_official_roots(pairs: dict[bytes, bytes], root: str) -> None:
    assert update_trie(Nodes(), EMPTY_TRIE_ROOT, pairs).root.hex() == root


def test_the_official_secure_trie_with_deletions_ends_at_its_root() -> None:
    nodes, root = Nodes(), EMPTY_TRIE_ROOT
    steps = [(b"do", b"verb"), (b"ether", b"wookiedoo"), (b"horse", b"stallion"), (b"shaman", b"horse")]
    steps += [(b"doge", b"coin"), (b"ether", b""), (b"dog", b"puppy"), (b"shaman", b"")]
    for pair in steps:
        update = update_trie(nodes, root, secure(dict([pair])))
        nodes.update(update.nodes)
        root = update.root
    assert root.hex() == "29b235a58c3c25ab83010c327d5932bcf05324b7d6b1185e650798034783ca9d"


def test_an_update_that_changes_nothing_gives_the_same_root_and_no_nodes() -> None:
    nodes, root = built(SIXTY)
    for batch in ({}, SIXTY, {bytes(32): b"", bytes(keccak256(b"nobody")): b""}):
        update = update_trie(nodes, root, batch)
        assert (update.root, update.nodes) == (root, {})


def test_an_update_reads_only_the_ways_to_its_keys() -> None:
    nodes, root = built({bytes(keccak256(number.to_bytes(4, "big"))): b"v" * 40 for number in range(5_000)})
    asked: list[Hash32] = []

    class Spy(Nodes):
        def get_node(self, node_hash: Hash32, /) -> bytes | None:
            asked.append(node_hash)
            return self.get(node_hash)

    update = update_trie(Spy(nodes), root, {bytes(keccak256((7).to_bytes(4, "big"))): b"new"})
    assert len(asked) == len(set(asked)) == len(update.nodes) <= 6


def test_a_node_that_is_not_kept_is_a_critical_missing_node_that_names_it() -> None:
    nodes, root = built(SIXTY)
    key = next(iter(SIXTY))
    lost = keccak256(prove(nodes, root, key)[1])
    del nodes[lost]
    for action in (
        lambda: get_value(nodes, root, key),
        lambda: prove(nodes, root, key),
        lambda: update_trie(nodes, root, {key: b"new"}),
        lambda: list(iterate_leaves(nodes, root)),
    ):
        with pytest.raises(MissingNode, match=lost.hex()) as caught:
            action()
        assert caught.value.node_hash == lost
        assert caught.value.severity is Severity.CRITICAL


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        rlp.encode([b"\x20", b"v", b""]),
        rlp.encode([b"", b"value"]),
        rlp.encode([b"\x40", b"value"]),
        rlp.encode([b"\x21", b"value"])[:-1],
        rlp.encode([b"\x2f", b"value"]),
        rlp.encode([b"\x00", bytes(32)]),
        rlp.encode([b"\x11", b""]),
        rlp.encode([b"\x20", [b"list"]]),
        rlp.encode([[b"list"], b"value"]),
        rlp.encode([b""] * 16 + [b"value in a branch"]),
        rlp.encode([b""] * 18),
        rlp.encode([b"\x20", b"v"]) + b"\x00",
    ],
)
def test_bytes_that_are_no_node_are_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptNode):
        decode_node(data)


def test_a_reference_that_is_neither_hash_nor_node_is_corrupt() -> None:
    branch = rlp.encode([b"\x01" * 31] * 16 + [b""])
    root = keccak256(branch)
    with pytest.raises(CorruptNode, match="neither a hash nor an embedded node"):
        get_value(Nodes({root: branch}), root, bytes(32))
    with pytest.raises(InvalidProof, match="malformed"):
        verify_proof(root, bytes(32), [branch])


def test_a_proof_shows_its_value_and_no_other_key() -> None:
    nodes, root = built(SIXTY)
    for key, value in SIXTY.items():
        assert verify_proof(root, key, prove(nodes, root, key)) == value
    absent = bytes(keccak256(b"absent"))
    assert verify_proof(root, absent, prove(nodes, root, absent)) is None
    with pytest.raises(InvalidProof):
        verify_proof(keccak256(b"another root"), absent, prove(nodes, root, absent))


def test_the_empty_trie_proves_absence_with_nothing() -> None:
    assert prove(Nodes(), EMPTY_TRIE_ROOT, bytes(32)) == []
    assert verify_proof(EMPTY_TRIE_ROOT, bytes(32), []) is None
    with pytest.raises(InvalidProof):
        verify_proof(keccak256(b"not empty"), bytes(32), [])


def test_a_proof_cut_short_prolonged_too_long_or_too_large_is_refused() -> None:
    nodes, root = built(SIXTY)
    key = next(iter(SIXTY))
    proof = prove(nodes, root, key)
    with pytest.raises(InvalidProof, match="ends before the key"):
        verify_proof(root, key, proof[:-1])
    with pytest.raises(InvalidProof, match="left over"):
        verify_proof(root, key, [*proof, proof[-1]])
    with pytest.raises(InvalidProof, match="too long"):
        verify_proof(root, key, [b""] * (MAX_PROOF_NODES + 1))
    with pytest.raises(InvalidProof, match="too large"):
        verify_proof(root, key, [bytes(MAX_NODE_BYTES + 1)])


def test_a_deep_tower_of_shared_prefixes_is_proven_to_the_last_nibble() -> None:
    keys = [bytes(32)] + [bytes(31 - index) + b"\x01" + bytes(index) for index in range(32)]
    pairs = {key: key + b"v" for key in keys}
    nodes, root = built(pairs)
    assert dict(iterate_leaves(nodes, root)) == pairs
    assert verify_proof(root, bytes(32), prove(nodes, root, bytes(32))) == bytes(32) + b"v"
    emptied = update_trie(nodes, root, dict.fromkeys(keys[1:], b""))
    assert emptied.root == built({bytes(32): bytes(32) + b"v"})[1]
