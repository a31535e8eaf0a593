"""Proofs that a key has a value, or has none.

A proof is the RLP of each node from the root down to where the key's way ends, without those that are embedded in
their parent. The same form proves absence: the last node shows that the way leads elsewhere (EIP-1186).
"""

from collections.abc import Sequence
from typing import Final

from state.blocks import EMPTY_TRIE_ROOT
from state.errors import Blame, DecodeError
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32
from state.trie.nodes import CorruptNode, Leaf, MissingNode, NodeSource, decode_node, reference_hash
from state.trie.reading import next_reference

MAX_PROOF_NODES: Final = 65
"""A key of 32 bytes passes 64 nibbles and a leaf."""
MAX_NODE_BYTES: Final = 256 * 1024
"""Twice the largest transaction that any pool takes; a node of the state trie has at most 532 bytes."""


class InvalidProof(DecodeError):
    """A Merkle proof that does not lead from its root to a value or to a gap."""

    blame = Blame.USER


def prove(source: NodeSource, root: Hash32, key: bytes) -> list[bytes]:
    """The proof of the value at `key`, or of its absence; empty for the empty trie. Raises MissingNode."""
    if root == EMPTY_TRIE_ROOT:
        return []
    proof: list[bytes] = []
    digits, depth = key.hex(), 0
    reference = b"\xa0" + root
    while True:
        node_hash = reference_hash(reference)
        if node_hash is None:
            node = decode_node(reference)
        else:
            data = source.get_node(node_hash)
            if data is None:
                raise MissingNode(node_hash, digits[:depth])
            proof.append(data)
            node = decode_node(data)
        step = next_reference(node, digits, depth)
        if step is None:
            return proof
        reference, depth = step


def verify_proof(root: Hash32, key: bytes, proof: Sequence[bytes]) -> bytes | None:
    """The value at `key` that `proof` shows under `root`, None if it shows that there is none.

    Raises InvalidProof for a proof that is too long, too large, broken, of another root, or with nodes left over.
    """
    _check_size(proof)
    if root == EMPTY_TRIE_ROOT and not proof:
        return None
    try:
        value, used = _follow(b"\xa0" + root, key.hex(), proof)
    except CorruptNode as error:
        raise InvalidProof(f"proof node is malformed: {error}") from error
    if used != len(proof):
        raise InvalidProof(f"proof has nodes left over: got {len(proof)}, expected {used}")
    return value


def _check_size(proof: Sequence[bytes]) -> None:
    if len(proof) > MAX_PROOF_NODES:
        raise InvalidProof(f"proof too long: got {len(proof)} nodes, expected at most {MAX_PROOF_NODES}")
    largest = max(map(len, proof), default=0)
    if largest > MAX_NODE_BYTES:
        raise InvalidProof(f"proof node too large: got {largest} bytes, expected at most {MAX_NODE_BYTES}")


def _follow(reference: bytes, digits: str, proof: Sequence[bytes]) -> tuple[bytes | None, int]:
    """(value, number of proof nodes used)."""
    depth = used = 0
    while True:
        node_hash = reference_hash(reference)
        if node_hash is None:
            node = decode_node(reference)
        else:
            if used == len(proof):
                raise InvalidProof(f"proof ends before the key: node {node_hash.hex()} expected")
            if keccak256(proof[used]) != node_hash:
                raise InvalidProof(f"proof node {used} has the wrong hash: expected {node_hash.hex()}")
            node = decode_node(proof[used])
            used += 1
        if isinstance(node, Leaf):
            return (node.value if digits[depth:] == node.path else None), used
        step = next_reference(node, digits, depth)
        if step is None:
            return None, used
        reference, depth = step
