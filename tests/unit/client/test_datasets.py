"""Rows from files, and the root that a contribution is known by."""

import json
from pathlib import Path

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from client.answers import RetrievalModel
from client.datasets import (
    MAX_LINE_BYTES,
    Row,
    content_root,
    disjoint_parts,
    load_directory,
    load_rows,
    parse_row,
    row_leaf,
)
from client.errors import BadInput


def row(number: int) -> Row:
    data = {"id": str(number), "prompt": f"what is {number}", "response": f"the number {number}"}
    return Row(id=data["id"], prompt=data["prompt"], response=data["response"], leaf=row_leaf(data))


def test_leaf_does_not_depend_on_spaces_or_the_order_of_keys() -> None:
    line = b'{"response": "r", "id": "1",  "prompt": "p"}'
    assert parse_row(line, "here").leaf == keccak(b'{"id":"1","prompt":"p","response":"r"}')


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=4))
def test_fields_beyond_the_three_are_part_of_the_leaf(extra: dict[str, str]) -> None:
    data = {"id": "1", "prompt": "p", "response": "r"}
    merged = {**extra, **data}
    parsed = parse_row(json.dumps(merged).encode(), "here")
    assert (parsed.leaf == row_leaf(data)) == (merged == data)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{",
        b'{"id": "1", "prompt": "p"}',
        b'{"id": 1, "prompt": "p", "response": "r"}',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_malformed_line_is_refused_with_its_place(line: bytes) -> None:
    with pytest.raises(BadInput, match="^rows:7: "):
        parse_row(line, "rows:7")


def test_line_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(BadInput, match="expected at most"):
        parse_row(b" " * (MAX_LINE_BYTES + 1), "rows:1")


def test_root_of_three_rows_by_hand() -> None:
    a, b, c = (row(number).leaf for number in range(3))
    assert content_root((row(0), row(1), row(2))) == keccak(keccak(a + b) + c)
    assert content_root((row(0),)) == a


@given(st.integers(1, 40), st.data())
def test_root_changes_with_any_row_and_with_their_order(count: int, data: st.DataObject) -> None:
    rows = tuple(row(number) for number in range(count))
    place = data.draw(st.integers(0, count - 1))
    changed = (*rows[:place], row(1000), *rows[place + 1 :])
    assert content_root(changed) != content_root(rows)
    if count > 1:
        assert content_root(tuple(reversed(rows))) != content_root(rows)


@given(st.integers(0, 60), st.integers(1, 12))
def test_parts_are_disjoint_even_and_complete(count: int, parts: int) -> None:
    rows = tuple(row(number) for number in range(count))
    found = disjoint_parts(rows, parts) if count else []
    assert tuple(one for part in found for one in part) == rows
    sizes = [len(part) for part in found]
    assert not sizes or (max(sizes) - min(sizes) <= 1 and min(sizes) >= 1)


def test_files_are_read_and_empty_ones_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id":"1","prompt":"p","response":"r"}\n\n')
    assert [dataset.domain for dataset in load_directory(tmp_path)] == ["a"]
    (tmp_path / "b.jsonl").write_text("\n")
    with pytest.raises(BadInput, match="no rows"):
        load_rows(tmp_path / "b.jsonl")
    with pytest.raises(BadInput, match="can't be read"):
        load_rows(tmp_path / "c.jsonl")


def test_retrieval_answers_with_the_nearest_row() -> None:
    model = RetrievalModel({4: [row(1), row(2)], 2: [row(7)]})
    assert model.answer("What is 2?") == "the number 2"
    assert model.answer("quite another question") == "the number 7"  # none is near: the first, by contribution id
    with pytest.raises(BadInput, match="at least one"):
        RetrievalModel({})
