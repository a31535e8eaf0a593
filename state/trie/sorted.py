"""A trie from leaves that come in key order, in memory for one path only.

A branch is open while leaves below it may still come. The next key shares a number of nibbles with the one before;
every open branch below that fork can get no more children, so it is sealed, handed out and forgotten.
"""

from collections.abc import Callable

from state.blocks import EMPTY_TRIE_ROOT
from state.errors import DecodeError
from state.primitives.types import Hash32
from state.trie.nodes import NIBBLE_VALUES, NO_CHILDREN, Branch, Extension, Leaf, Node, seal_node
from state.trie.update import seal_root, shared_length


class LeavesOutOfOrder(DecodeError):
    """A leaf whose key does not follow the one before, or that has no value."""


class SortedTrie:
    """The trie of leaves that are added in ascending order of their keys; nodes leave it as they are finished."""

    def __init__(self, emit: Callable[[dict[Hash32, bytes]], None] = lambda _nodes: None) -> None:
        """`emit` is handed finished nodes by hash, a few at a time."""
        self._emit = emit
        self._key = ""
        self._pending: tuple[Node, int] | None = None
        """(the last subtree, the depth at which it stands); its place in a branch above is not known yet."""
        self._open: list[tuple[int, list[bytes]]] = []
        """(depth, references) of the branches above it, from the root down."""

    def add(self, key: bytes, value: bytes) -> None:
        """One more leaf. Raises LeavesOutOfOrder. Keys are all of one length."""
        digits = key.hex()
        if not value or (self._pending is not None and (digits <= self._key or len(digits) != len(self._key))):
            raise LeavesOutOfOrder(f"leaf {digits} is empty or does not follow {self._key or 'nothing'}")
        if self._pending is not None:
            self._hang_up(shared_length(self._key, digits, 0))
        self._key, self._pending = digits, (Leaf("", value), len(digits))

    def root(self) -> Hash32:
        """The root of all that was added; the trie is spent."""
        if self._pending is None:
            return EMPTY_TRIE_ROOT
        nodes: dict[Hash32, bytes] = {}
        self._close_below(0, nodes)
        node, depth = self._pending
        if self._open:
            (_, children) = self._open.pop()
            children[NIBBLE_VALUES[self._key[0]]] = self._reference(1, nodes)
            node, depth = Branch(tuple(children)), 0
        root = seal_root(_lengthened(self._key[:depth], node, nodes), nodes)
        self._emit(nodes)
        return root

    def _hang_up(self, fork: int) -> None:
        """Puts the last subtree under the branch at depth `fork`, which is opened if it isn't there."""
        nodes: dict[Hash32, bytes] = {}
        self._close_below(fork, nodes)
        if not self._open or self._open[-1][0] < fork:
            self._open.append((fork, list(NO_CHILDREN)))
        self._open[-1][1][NIBBLE_VALUES[self._key[fork]]] = self._reference(fork + 1, nodes)
        if nodes:
            self._emit(nodes)

    def _close_below(self, fork: int, nodes: dict[Hash32, bytes]) -> None:
        """Finishes every open branch deeper than `fork`; the highest of them is then the last subtree."""
        while self._open and self._open[-1][0] > fork:
            depth, children = self._open.pop()
            children[NIBBLE_VALUES[self._key[depth]]] = self._reference(depth + 1, nodes)
            self._pending = Branch(tuple(children)), depth

    def _reference(self, start: int, nodes: dict[Hash32, bytes]) -> bytes:
        assert self._pending is not None  # noqa: S101 - only called between leaves
        node, depth = self._pending
        return seal_node(_lengthened(self._key[start:depth], node, nodes), nodes)


def _lengthened(path: str, node: Node, nodes: dict[Hash32, bytes]) -> Node:
    """`node` with `path` before it."""
    if isinstance(node, Leaf):
        return Leaf(path, node.value)
    return Extension(path, seal_node(node, nodes)) if path else node
