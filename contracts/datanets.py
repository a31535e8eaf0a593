"""Sparse Merkle trees of Datanets: the reference for contracts/src/open/lib/sparse_tree.vy.

Depth 32, keyed by contribution id. A leaf is keccak256(contentRoot ++ rows u32), an absent or withdrawn one 32 zero
bytes; a node is keccak256(left ++ right). A Datanet version is the root over its accepted contributions.

    content_leaf(content_root, rows) -> bytes
    sparse_root(leaves) -> bytes                       leaves: contribution id -> leaf
    sparse_proof(leaves, id) -> tuple of 32 bytes      siblings from the leaf upwards, as `withdrawContribution` takes
    verify_sparse_proof(root, id, leaf, proof) -> bool
    contribution_commitment(sender, datanet_id, content_root, salt) -> bytes

Roots and proofs cost O(leaves * 32) hashes, nothing is cached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from eth_utils.address import to_canonical_address
from sha3 import keccak_256

DEPTH: Final = 32
EMPTY_LEAF: Final = bytes(32)


def _keccak(data: bytes) -> bytes:
    digest: bytes = keccak_256(data).digest()
    return digest


def _empty_roots() -> tuple[bytes, ...]:
    roots = [EMPTY_LEAF]
    for _ in range(DEPTH):
        roots.append(_keccak(roots[-1] * 2))
    return tuple(roots)


EMPTY_ROOTS: Final = _empty_roots()
"""Root of an empty subtree by height, 0 to 32."""


def content_leaf(content_root: bytes, rows: int) -> bytes:
    """The leaf of an accepted contribution; rows below 2**32."""
    if len(content_root) != 32:
        raise ValueError(f"content_root: got {len(content_root)} bytes, expected 32")
    return _keccak(content_root + rows.to_bytes(4, "big"))


def contribution_commitment(sender: str, datanet_id: int, content_root: bytes, salt: bytes) -> bytes:
    """keccak256(abi.encode(sender, datanetId, contentRoot, salt)): what `commitContribution` takes."""
    if len(content_root) != 32 or len(salt) != 32:
        raise ValueError(f"content_root and salt: got {len(content_root)} and {len(salt)} bytes, expected 32")
    sender_word = to_canonical_address(sender).rjust(32, b"\0")
    return _keccak(sender_word + datanet_id.to_bytes(32, "big") + content_root + salt)


def sparse_root(leaves: Mapping[int, bytes]) -> bytes:
    """Root over `leaves`; ValueError for an id outside 32 bits."""
    level = _checked(leaves)
    for height in range(DEPTH):
        level = _parents(level, height)
    return level.get(0, EMPTY_ROOTS[DEPTH])


def sparse_proof(leaves: Mapping[int, bytes], contribution_id: int) -> tuple[bytes, ...]:
    """The 32 siblings of `contribution_id`, whether it has a leaf or not, from the leaf upwards."""
    level = _checked(leaves)
    index = contribution_id
    proof = []
    for height in range(DEPTH):
        proof.append(level.get(index ^ 1, EMPTY_ROOTS[height]))
        level = _parents(level, height)
        index >>= 1
    return tuple(proof)


def verify_sparse_proof(root: bytes, contribution_id: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """True if `leaf` stands at `contribution_id` under `root`; EMPTY_LEAF proves absence."""
    if len(proof) != DEPTH or not 0 <= contribution_id < 2**DEPTH:
        return False
    node = leaf
    for height, sibling in enumerate(proof):
        node = _keccak(sibling + node if contribution_id >> height & 1 else node + sibling)
    return node == root


def _checked(leaves: Mapping[int, bytes]) -> dict[int, bytes]:
    for contribution_id, leaf in leaves.items():
        if not 0 <= contribution_id < 2**DEPTH or len(leaf) != 32:
            raise ValueError(f"leaf {contribution_id}: got {len(leaf)} bytes, expected an id of 32 bits and 32 bytes")
    return dict(leaves)


def _parents(level: Mapping[int, bytes], height: int) -> dict[int, bytes]:
    empty = EMPTY_ROOTS[height]
    return {
        index: _keccak(level.get(2 * index, empty) + level.get(2 * index + 1, empty))
        for index in {child >> 1 for child in level}
    }
