"""Roots over lists: key i is rlp(i) (yellow paper, section 4.3.2)."""

from collections.abc import Sequence

from state.primitives import rlp
from state.primitives.types import Hash32
from state.trie.update import build, seal_root


def ordered_root(values: Sequence[bytes]) -> Hash32:
    """The root of the trie that maps each value's index to it: transactionsRoot, receiptsRoot. No value is empty."""
    leaves = sorted([(rlp.encode_int(index).hex(), value) for index, value in enumerate(values)])
    discarded: dict[Hash32, bytes] = {}
    return seal_root(build(leaves, 0, discarded), discarded)
