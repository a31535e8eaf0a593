"""The Merkle Patricia trie: batched updates, reads, proofs.

What flows in: a source of nodes by hash (`NodeSource`, in practice the chain database), a root, and a batch of
changes. What flows out: the new root and the nodes that are new. Nothing is ever overwritten or deleted here: a node
is found by its hash, so that every old root stays readable for as long as its nodes are kept.

    update_trie   one sorted descent for a whole batch: each touched node is read, encoded and hashed once
    get_value     one value under a root
    iterate_leaves  all of them, in key order
    walk_trie, difference   which nodes stand where: for whoever deletes them
    prove, verify_proof   inclusion and exclusion proofs in eth_getProof's form
    SortedTrie    a whole trie from leaves in key order, in little memory
    ordered_root  the root over a list (transactions, receipts)

Keys in one trie must be prefix-free, as hashed keys (32 bytes) and RLP of indexes are; branch values therefore never
occur and are refused. The empty byte string is no value: it deletes.

Start reading at `nodes.py` (the forms of a node and of a reference), then `update.py`. Imports nothing of ours but
`primitives`, `errors` and the empty root of `blocks`; above all not `database`.
"""

from state.trie.nodes import CorruptNode, MissingNode, NodeSource
from state.trie.ordered import ordered_root
from state.trie.proofs import InvalidProof, prove, verify_proof
from state.trie.reading import get_value, iterate_leaves
from state.trie.sorted import LeavesOutOfOrder, SortedTrie
from state.trie.update import TrieUpdate, update_trie
from state.trie.walking import Difference, difference, walk_trie

__all__ = [
    "CorruptNode",
    "Difference",
    "InvalidProof",
    "LeavesOutOfOrder",
    "MissingNode",
    "NodeSource",
    "SortedTrie",
    "TrieUpdate",
    "difference",
    "get_value",
    "iterate_leaves",
    "ordered_root",
    "prove",
    "update_trie",
    "verify_proof",
    "walk_trie",
]
