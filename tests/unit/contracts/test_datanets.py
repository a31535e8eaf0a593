"""The reference sparse tree: shape, empty roots, and what it refuses."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak

from contracts.datanets import (
    EMPTY_LEAF,
    EMPTY_ROOTS,
    content_leaf,
    contribution_commitment,
    sparse_proof,
    sparse_root,
    verify_sparse_proof,
)

LEAF = keccak(b"leaf")


def test_an_empty_tree_has_the_empty_root() -> None:
    assert sparse_root({}) == EMPTY_ROOTS[32]
    assert EMPTY_ROOTS[1] == keccak(bytes(64))


def test_a_zero_leaf_is_no_leaf() -> None:
    assert sparse_root({5: EMPTY_LEAF}) == EMPTY_ROOTS[32]


def test_a_single_leaf_is_folded_with_empty_subtrees() -> None:
    node = LEAF
    for height in range(32):
        node = keccak(EMPTY_ROOTS[height] + node if 5 >> height & 1 else node + EMPTY_ROOTS[height])
    assert sparse_root({5: LEAF}) == node


def test_a_proof_shows_what_is_there_and_what_is_not() -> None:
    leaves = {1: LEAF, 2: keccak(b"2"), 2**32 - 1: keccak(b"last")}
    root = sparse_root(leaves)
    for number, leaf in leaves.items():
        assert verify_sparse_proof(root, number, leaf, sparse_proof(leaves, number))
        assert not verify_sparse_proof(root, number, EMPTY_LEAF, sparse_proof(leaves, number))
    assert verify_sparse_proof(root, 3, EMPTY_LEAF, sparse_proof(leaves, 3))
    assert not verify_sparse_proof(root, 3, LEAF, sparse_proof(leaves, 3))
    assert not verify_sparse_proof(root, 1, LEAF, sparse_proof(leaves, 1)[:31])
    assert not verify_sparse_proof(root, 2**32, LEAF, sparse_proof(leaves, 1))


def test_leaf_and_commitment_hash_what_the_contract_hashes() -> None:
    assert content_leaf(LEAF, 258) == keccak(LEAF + b"\0\0\1\2")
    sender = "0x" + "ab" * 20
    packed = encode(["address", "uint256", "bytes32", "bytes32"], [sender, 7, LEAF, bytes(32)])
    assert contribution_commitment(sender, 7, LEAF, bytes(32)) == keccak(packed)


def test_refuses_ids_and_hashes_out_of_range() -> None:
    for leaves in ({2**32: LEAF}, {-1: LEAF}, {1: LEAF[1:]}):
        with pytest.raises(ValueError, match="expected an id"):
            sparse_root(leaves)
    with pytest.raises(ValueError, match="expected 32"):
        content_leaf(LEAF[1:], 1)
    with pytest.raises(ValueError, match="expected 32"):
        contribution_commitment("0x" + "ab" * 20, 1, LEAF, b"")
