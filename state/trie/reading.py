"""Reading values under a root."""

from collections.abc import Iterator

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives.types import Hash32
from state.trie.nodes import (
    EMPTY_REFERENCE,
    NIBBLE_VALUES,
    NIBBLES,
    Branch,
    Leaf,
    Node,
    NodeSource,
    load_node,
    load_root,
)


def get_value(source: NodeSource, root: Hash32, key: bytes) -> bytes | None:
    """The value at `key` in the trie under `root`, None where there is none. Raises MissingNode or CorruptNode."""
    if root == EMPTY_TRIE_ROOT:
        return None
    digits, depth = key.hex(), 0
    node = load_root(source, root)
    while True:
        if isinstance(node, Leaf):
            return node.value if digits[depth:] == node.path else None
        step = next_reference(node, digits, depth)
        if step is None:
            return None
        reference, depth = step
        node = load_node(source, reference, digits[:depth])


def next_reference(node: Node, digits: str, depth: int) -> tuple[bytes, int] | None:
    """(child's reference, its depth) on the way to a key from a node that is no leaf; None where the way ends."""
    if isinstance(node, Branch):
        if depth >= len(digits):
            return None
        reference = node.children[NIBBLE_VALUES[digits[depth]]]
        return None if reference == EMPTY_REFERENCE else (reference, depth + 1)
    if isinstance(node, Leaf) or not digits.startswith(node.path, depth):
        return None
    return node.child, depth + len(node.path)


def iterate_leaves(source: NodeSource, root: Hash32, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
    """Every (key, value) under `root` from the key `start` on, in key order.

    Raises MissingNode or CorruptNode at the first hole.
    """
    if root != EMPTY_TRIE_ROOT:
        yield from _leaves_below(source, load_root(source, root), "", start.hex())


def _leaves_below(source: NodeSource, node: Node, path: str, start: str) -> Iterator[tuple[bytes, bytes]]:
    """`start`, in nibbles: subtrees wholly before it are not even loaded."""
    if isinstance(node, Leaf):
        if path + node.path >= start:
            yield bytes.fromhex(path + node.path), node.value
    elif isinstance(node, Branch):
        for digit, reference in zip(NIBBLES, node.children, strict=True):
            if reference != EMPTY_REFERENCE and path + digit >= start[: len(path) + 1]:
                yield from _leaves_below(source, load_node(source, reference, path), path + digit, start)
    else:
        below = path + node.path
        if below >= start[: len(below)]:
            yield from _leaves_below(source, load_node(source, node.child, below), below, start)
