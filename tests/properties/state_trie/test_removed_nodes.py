"""An update names exactly the nodes that go: those before, less those, with those that come, are those after."""

from collections import Counter
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32
from state.trie import difference, update_trie, walk_trie


class Nodes(dict[Hash32, bytes]):
    def get_node(self, node_hash: Hash32, /) -> bytes | None:
        return self.get(node_hash)


crowded = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xFF]), min_size=4, max_size=4).map(
    lambda tail: bytes(tail) + bytes(28)
)
late = st.lists(st.sampled_from([0x00, 0x01, 0x10]), min_size=3, max_size=3).map(lambda tail: bytes(29) + bytes(tail))
hashed = st.integers(0, 60).map(lambda number: bytes(keccak256(number.to_bytes(2, "big"))))
# No two leaves are alike, as no two under hashed keys ever are: then a node stands in one place only.
batches = st.lists(st.dictionaries(crowded | late | hashed, st.integers(0, 3), max_size=24), min_size=1, max_size=8)


def standing(nodes: Nodes, root: Hash32) -> Iterator[Hash32]:
    return (node_hash for node_hash, _ in walk_trie(nodes, root) if node_hash is not None)


def changes_of(batch: dict[bytes, int]) -> dict[bytes, bytes]:
    return {key: key + bytes([number]) if number else b"" for key, number in batch.items()}


@settings(max_examples=200, deadline=None)
@given(batches)
def test_what_an_update_adds_and_removes_is_what_changes(rows: list[dict[bytes, int]]) -> None:
    nodes, root = Nodes(), EMPTY_TRIE_ROOT
    for batch in rows:
        update = update_trie(nodes, root, changes_of(batch))
        before = Counter(standing(nodes, root))
        nodes.update(update.nodes)
        after = Counter(standing(nodes, update.root))
        came, went = Counter(update.nodes.keys()), Counter(update.removed)
        assert all(before[node_hash] >= count for node_hash, count in went.items())
        before.subtract(went)
        before.update(came)
        assert +before == after
        assert min(before.values(), default=0) >= 0
        root = update.root


@settings(max_examples=100, deadline=None)
@given(batches)
def test_the_difference_of_two_roots_is_what_goes_and_what_comes(rows: list[dict[bytes, int]]) -> None:
    nodes, root = Nodes(), EMPTY_TRIE_ROOT
    for batch in rows:
        update = update_trie(nodes, root, changes_of(batch))
        nodes.update(update.nodes)
        found = difference(nodes, root, update.root)
        before, after = Counter(standing(nodes, root)), Counter(standing(nodes, update.root))
        before.subtract(Counter(found.removed))
        before.update(Counter(found.added))
        assert +before == after
        assert min(before.values(), default=0) >= 0
        common = set(found.removed) & set(found.added)
        assert not common
        root = update.root
