"""Walking a trie from a key on gives what walking all of it gives from there."""

from hypothesis import given
from hypothesis import strategies as st

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives.crypto import keccak256
from state.trie import iterate_leaves, update_trie


class _Nodes(dict[bytes, bytes]):
    def get_node(self, node_hash: bytes) -> bytes | None:
        return self.get(node_hash)


KEYS = st.integers(0, 2**16).map(lambda number: bytes(keccak256(number.to_bytes(4, "big"))))


@given(keys=st.sets(KEYS, max_size=60), start=KEYS | st.binary(max_size=2))
def test_leaves_from_a_key_are_the_end_of_all_leaves(keys: set[bytes], start: bytes) -> None:
    nodes = _Nodes()
    update = update_trie(nodes, EMPTY_TRIE_ROOT, {key: key[:3] for key in keys})
    nodes.update(update.nodes)
    everything = list(iterate_leaves(nodes, update.root))
    assert everything == sorted((key, key[:3]) for key in keys)
    assert list(iterate_leaves(nodes, update.root, start)) == [leaf for leaf in everything if leaf[0] >= start]
