"""A batch of changes in one descent.

The changes are sorted once. Each recursion step owns a slice of them and one node; a branch hands each child its part
of the slice, so that every touched node is loaded, encoded and hashed exactly once however many changes pass through.

A step returns a node that is not yet encoded. Its parent decides what becomes of it: a branch that keeps one child
only merges with it (the trie's form must not depend on history), and only then a reference is made. A step that
changes nothing returns the very object that it was given.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32
from state.trie.nodes import (
    EMPTY_REFERENCE,
    NIBBLE_VALUES,
    NIBBLES,
    NO_CHILDREN,
    Branch,
    Extension,
    Leaf,
    Node,
    NodeSource,
    encode_node,
    load_node,
    load_root,
    reference_hash,
    seal_node,
)


@dataclass(frozen=True, slots=True)
class TrieUpdate:
    """What a batch did to a trie."""

    root: Hash32
    nodes: dict[Hash32, bytes]
    """New nodes by hash, as RLP."""
    removed: tuple[Hash32, ...] = ()
    """Nodes that stand where they stood no longer; one in both `nodes` and here was taken off and put back."""


def update_trie(source: NodeSource, root: Hash32, updates: Mapping[bytes, bytes]) -> TrieUpdate:
    """The trie under `root` with `updates` applied; an empty value deletes its key, and deleting a missing key is fine.

    Keys must be prefix-free (usually keccak hashes). Raises MissingNode where `source` lacks a node on the way.
    """
    changes = sorted([(key.hex(), value) for key, value in updates.items()])
    if not changes:
        return TrieUpdate(root, {})
    descent = _Descent(source)
    before = None if root == EMPTY_TRIE_ROOT else load_root(source, root)
    after = descent.apply(before, changes, 0)
    if after is before:
        return TrieUpdate(root, {})
    removed = descent.removed if before is None else [root, *descent.removed]
    return TrieUpdate(seal_root(after, descent.nodes), descent.nodes, tuple(removed))


def seal_root(node: Node | None, nodes: dict[Hash32, bytes]) -> Hash32:
    """The hash of a root node, which is stored whatever its size."""
    if node is None:
        return EMPTY_TRIE_ROOT
    data = encode_node(node)
    root = keccak256(data)
    nodes[root] = data
    return root


Changes = list[tuple[str, bytes]]
"""(key as hex digits, value), sorted by key. A step's slice of them is never empty."""


class _Descent:
    """The recursion, over one source and one collection of nodes that come and go.

    Whoever puts another node in the place of a child notes the child's going; a node without a hash has none to note.
    """

    __slots__ = ("_source", "nodes", "removed")

    def __init__(self, source: NodeSource) -> None:
        self._source = source
        self.nodes: dict[Hash32, bytes] = {}
        self.removed: list[Hash32] = []

    def _remove(self, reference: bytes) -> None:
        if reference != EMPTY_REFERENCE and (node_hash := reference_hash(reference)) is not None:
            self.removed.append(node_hash)

    def apply(self, node: Node | None, changes: Changes, depth: int) -> Node | None:
        """`node`, which stands `depth` nibbles below the root, after `changes`."""
        if isinstance(node, Branch):
            return self._apply_to_branch(node, changes, depth)
        if isinstance(node, Extension):
            return self._apply_to_extension(node, changes, depth)
        if node is None:
            return build([change for change in changes if change[1]], depth, self.nodes)
        return self._apply_to_leaf(node, changes, depth)

    def _apply_to_leaf(self, leaf: Leaf, changes: Changes, depth: int) -> Node | None:
        key = changes[0][0][:depth] + leaf.path
        if len(changes) == 1 and changes[0] == (key, leaf.value):
            return leaf
        leaves = dict(changes)
        leaves.setdefault(key, leaf.value)
        after = build(sorted([item for item in leaves.items() if item[1]]), depth, self.nodes)
        return leaf if after == leaf and isinstance(after, Leaf) else after

    def _apply_to_extension(self, node: Extension, changes: Changes, depth: int) -> Node | None:
        path = node.path
        shared = min(shared_length(path, changes[0][0], depth), shared_length(path, changes[-1][0], depth))
        if shared == len(path):
            child = load_node(self._source, node.child, changes[0][0][: depth + shared])
            after = self.apply(child, changes, depth + shared)
            if after is child:
                return node
            self._remove(node.child)
            return self._prepend(path, after)
        rest, index = path[shared + 1 :], NIBBLE_VALUES[path[shared]]
        children = list(NO_CHILDREN)
        children[index] = node.child
        held: dict[int, Node | None] = {index: Extension(rest, node.child)} if rest else {}
        forked = self._apply_to_branch(Branch(tuple(children)), changes, depth + shared, held)
        after = self._prepend(path[:shared], forked)
        return node if after == node and isinstance(after, Extension) else after

    def _apply_to_branch(
        self, node: Branch, changes: Changes, depth: int, held: dict[int, Node | None] | None = None
    ) -> Node | None:
        """`held` has children that stand in place of the node's references and are not encoded yet."""
        changed = held or {}
        count, start = len(changes), 0
        while start < count:
            digit = changes[start][0][depth]
            stop = start + 1
            while stop < count and changes[stop][0][depth] == digit:
                stop += 1
            index = NIBBLE_VALUES[digit]
            part = changes[start:stop]
            is_held = index in changed
            child = changed[index] if is_held else self._child(node, index, part[0][0], depth)
            after = self.apply(child, part, depth + 1)
            if after is not child:
                changed[index] = after
                if not is_held:
                    self._remove(node.children[index])
            start = stop
        return self._rejoin(node, changed)

    def _child(self, node: Branch, index: int, key: str, depth: int) -> Node | None:
        reference = node.children[index]
        return None if reference == EMPTY_REFERENCE else load_node(self._source, reference, key[: depth + 1])

    def _rejoin(self, node: Branch, changed: dict[int, Node | None]) -> Node | None:
        """The branch with its changed children, or what is left of it where fewer than two remain."""
        children = list(node.children)
        for index, child in changed.items():
            # Any non-empty bytes do until it is known that the branch stays one.
            children[index] = EMPTY_REFERENCE if child is None else b"?"
        left = [index for index, reference in enumerate(children) if reference != EMPTY_REFERENCE]
        if len(left) < 2:
            return self._collapse(children, left, changed)
        if not changed:
            return node
        for index, child in changed.items():
            if child is not None:
                children[index] = seal_node(child, self.nodes)
        return Branch(tuple(children))

    def _collapse(self, children: list[bytes], left: list[int], changed: dict[int, Node | None]) -> Node | None:
        if not left:
            return None
        index = left[0]
        if index in changed:
            return self._prepend(NIBBLES[index], changed[index])
        self._remove(children[index])
        return self._prepend(NIBBLES[index], load_node(self._source, children[index]))

    def _prepend(self, path: str, node: Node | None) -> Node | None:
        """`node` with more nibbles before it."""
        if node is None or not path:
            return node
        if isinstance(node, Branch):
            return Extension(path, seal_node(node, self.nodes))
        if isinstance(node, Leaf):
            return Leaf(path + node.path, node.value)
        return Extension(path + node.path, node.child)


def build(leaves: Changes, depth: int, nodes: dict[Hash32, bytes]) -> Node | None:
    """The subtrie, `depth` nibbles below the root, of exactly these leaves, which are sorted."""
    if not leaves:
        return None
    first = leaves[0][0]
    if len(leaves) == 1:
        return Leaf(first[depth:], leaves[0][1])
    fork = depth + shared_length(first[depth:], leaves[-1][0], depth)
    children = list(NO_CHILDREN)
    start, count = 0, len(leaves)
    while start < count:
        digit = leaves[start][0][fork]
        stop = start + 1
        while stop < count and leaves[stop][0][fork] == digit:
            stop += 1
        child = build(leaves[start:stop], fork + 1, nodes)
        if child is not None:
            children[NIBBLE_VALUES[digit]] = seal_node(child, nodes)
        start = stop
    branch = Branch(tuple(children))
    return branch if fork == depth else Extension(first[depth:fork], seal_node(branch, nodes))


def shared_length(path: str, key: str, depth: int) -> int:
    """How many nibbles of `path` the key continues with, from `depth` on."""
    if key.startswith(path, depth):
        return len(path)
    length = 0
    for digit in path:
        if depth + length >= len(key) or key[depth + length] != digit:
            return length
        length += 1
    return length
