"""Which nodes make up a trie, and which tell two tries apart, each by where it stands.

A node is stored once however often it stands in a trie, or in several. Who wants to delete nodes has to count the
places: an *occurrence* is a node at one path below one root.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives.types import Hash32
from state.trie.nodes import (
    EMPTY_REFERENCE,
    NIBBLES,
    Branch,
    Extension,
    Leaf,
    Node,
    NodeSource,
    load_node,
    reference_hash,
)


def walk_trie(source: NodeSource, root: Hash32) -> Iterator[tuple[Hash32 | None, bytes | None]]:
    """Every occurrence of a node under `root`: (its hash, None for one that is embedded; its value, None for one that
    is no leaf). Raises MissingNode or CorruptNode."""
    stack = [] if root == EMPTY_TRIE_ROOT else [b"\xa0" + root]
    while stack:
        reference = stack.pop()
        node = load_node(source, reference)
        yield reference_hash(reference), node.value if isinstance(node, Leaf) else None
        stack += [child for _, child in _children(node)]


@dataclass(slots=True, kw_only=True)
class Difference:
    """What stands under one root and not in the same place under the other."""

    removed: list[Hash32] = field(default_factory=list)
    added: list[Hash32] = field(default_factory=list)
    leaves_before: dict[str, bytes] = field(default_factory=dict)
    """Key in hex digits -> value, of the leaves that are in another place or have another value."""
    leaves_after: dict[str, bytes] = field(default_factory=dict)


def difference(source: NodeSource, before: Hash32, after: Hash32) -> Difference:
    """From the trie under `before` to the one under `after`. Subtries that both have in one place are not read.

    Raises MissingNode or CorruptNode.
    """
    found = Difference()
    sides = (
        _Side(source, before, found.removed, found.leaves_before),
        _Side(source, after, found.added, found.leaves_after),
    )
    heap: list[tuple[int, str]] = [(0, "")]
    # Shorter paths first: what stands at a path is known once everything above it was opened.
    while heap:
        _, path = heappop(heap)
        first, second = (side.waiting.pop(path, None) for side in sides)
        if first == second:
            continue
        for side, reference in zip(sides, (first, second), strict=True):
            if reference is not None:
                for child in side.open(path, reference):
                    heappush(heap, (len(child), child))
    return found


class _Side:
    def __init__(self, source: NodeSource, root: Hash32, hashes: list[Hash32], leaves: dict[str, bytes]) -> None:
        self._source = source
        self._hashes = hashes
        self._leaves = leaves
        self.waiting: dict[str, bytes] = {} if root == EMPTY_TRIE_ROOT else {"": b"\xa0" + root}
        """Path -> reference of what was found and not opened yet."""

    def open(self, path: str, reference: bytes) -> list[str]:
        """Notes the node and returns the paths of its children, which wait from now on."""
        node_hash = reference_hash(reference)
        if node_hash is not None:
            self._hashes.append(node_hash)
        node = load_node(self._source, reference, path)
        if isinstance(node, Leaf):
            self._leaves[path + node.path] = node.value
        children = {path + below: child for below, child in _children(node)}
        self.waiting |= children
        return list(children)


def _children(node: Node) -> list[tuple[str, bytes]]:
    """(nibbles below the node, reference) of each child."""
    if isinstance(node, Branch):
        return [pair for pair in zip(NIBBLES, node.children, strict=True) if pair[1] != EMPTY_REFERENCE]
    return [(node.path, node.child)] if isinstance(node, Extension) else []
