"""The quick way to read a branch with sixteen hashes tells it from everything that only has its length."""

import pytest

from state.trie.nodes import Branch, CorruptNode, decode_node, encode_node

FULL = Branch(tuple(b"\xa0" + bytes([number]) * 32 for number in range(16)))


def test_reads_a_full_branch_as_it_was_written() -> None:
    assert decode_node(encode_node(FULL)) == FULL


def test_refuses_a_full_branch_with_a_value() -> None:
    data = encode_node(FULL)[:-1]
    with pytest.raises(CorruptNode):
        decode_node(data + b"\x01")


def test_refuses_a_node_of_that_length_whose_items_are_no_references() -> None:
    data = bytearray(encode_node(FULL))
    data[3] = 0xA1
    with pytest.raises(CorruptNode):
        decode_node(bytes(data))
