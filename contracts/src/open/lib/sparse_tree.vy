# pragma version 0.4.3
"""
@title Sparse Merkle trees of depth 32, one for each Datanet
@license Apache-2.0
@notice Keyed by contribution id; a leaf is keccak256(contentRoot ++ rows u32), absent leaves are zero, a node is
    keccak256(left ++ right). `contracts/datanets.py` computes the same roots and proofs.

    Cost. Writing all 32 nodes above a leaf would take 32 storage words (700,000 gas) for each acceptance. But ids are
    handed out in sequence, so every leaf lies in the leftmost subtree whose height is the bit length of the largest
    accepted id, and above it every right sibling is an empty subtree. Only nodes up to that height are stored, empty
    ones not at all; `_root` folds the rest from the known roots of empty subtrees when a version is published.
    Contributions may be accepted in any order. When the tree grows, the spine that joins the old top with the new one
    is written once. A withdrawal brings its siblings as a proof, which is cheaper than reading them.
"""

DEPTH: constant(uint256) = 32

_height: HashMap[uint256, uint256]  # tree -> stored levels above the leaves
_nodes: HashMap[uint256, HashMap[uint256, bytes32]]  # tree -> level << 32 | index -> node; zero = empty subtree


@internal
@view
def _root(tree: uint256) -> bytes32:
    height: uint256 = self._height[tree]
    node: bytes32 = self._nodes[tree][height << 32]
    blank: bytes32 = empty(bytes32)
    for level: uint256 in range(DEPTH):
        if level == height and node == empty(bytes32):
            node = blank
        if level >= height:
            node = keccak256(concat(node, blank))
        blank = keccak256(concat(blank, blank))
    return node


@internal
def _insert(tree: uint256, id: uint256, leaf: bytes32):
    height: uint256 = self._grow(tree, id)
    self._nodes[tree][id] = leaf
    node: bytes32 = leaf
    blank: bytes32 = empty(bytes32)
    index: uint256 = id
    for level: uint256 in range(height, bound=DEPTH):
        sibling: bytes32 = self._nodes[tree][(level << 32) | (index ^ 1)]
        if sibling == empty(bytes32):
            sibling = blank
        node = self._parent(node, sibling, index & 1)
        index >>= 1
        self._nodes[tree][((level + 1) << 32) | index] = node
        blank = keccak256(concat(blank, blank))


@internal
def _clear(tree: uint256, id: uint256, leaf: bytes32, proof: bytes32[32]) -> bool:
    # False, and nothing changed that a revert would not undo, when the proof does not fit the present tree.
    height: uint256 = self._height[tree]
    old: bytes32 = leaf
    new: bytes32 = empty(bytes32)
    index: uint256 = id
    root: bytes32 = self._root(tree)
    self._nodes[tree][id] = empty(bytes32)
    for level: uint256 in range(DEPTH):
        old = self._parent(old, proof[level], index & 1)
        new = self._parent(new, proof[level], index & 1)
        index >>= 1
        if level < height:
            self._nodes[tree][((level + 1) << 32) | index] = new
    return old == root


@internal
def _grow(tree: uint256, id: uint256) -> uint256:
    height: uint256 = self._height[tree]
    if id >> height == 0:
        return height
    node: bytes32 = self._nodes[tree][height << 32]
    blank: bytes32 = empty(bytes32)
    needed: uint256 = height
    for level: uint256 in range(DEPTH):
        if id >> level == 0:
            break
        if level >= height and node != empty(bytes32):
            node = keccak256(concat(node, blank))
            self._nodes[tree][(level + 1) << 32] = node
        blank = keccak256(concat(blank, blank))
        needed = level + 1
    self._height[tree] = needed
    return needed


@internal
@pure
def _parent(node: bytes32, sibling: bytes32, is_right: uint256) -> bytes32:
    if is_right == 1:
        return keccak256(concat(sibling, node))
    return keccak256(concat(node, sibling))
