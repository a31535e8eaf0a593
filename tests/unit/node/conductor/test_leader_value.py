"""What stands under the leader's key, whoever wrote it."""

import pytest

from node.conductor import Candidate, CommittedHead, LogDamaged
from node.conductor.leadership import MAX_TEXT
from state.primitives.types import Hash32


def test_a_candidate_is_read_as_it_was_written() -> None:
    candidate = Candidate(name="ä", node_id="1", rpc="http://a")
    assert Candidate.decode(candidate.encode()) == candidate


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"[" * 100_000, b'{"other": 1}'])
def test_what_no_candidate_wrote_has_no_name(data: bytes) -> None:
    assert Candidate.decode(data) == Candidate(name="", node_id="", rpc="")


def test_texts_of_a_leader_are_bounded() -> None:
    assert len(Candidate.decode(b'{"name": "' + b"a" * 10_000 + b'"}').name) == MAX_TEXT


def test_a_head_is_read_as_it_was_written() -> None:
    head = CommittedHead(number=7, hash=Hash32(b"\x01" * 32), parent=Hash32(b"\x02" * 32), term=9, parts=1)
    assert CommittedHead.decode(head.encode()) == head


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[" * 100_000, b'{"number": -1, "hash": "", "parent": "", "term": 1, "parts": 1}'],
)
def test_a_head_that_is_none_is_damage(data: bytes) -> None:
    with pytest.raises(LogDamaged):
        CommittedHead.decode(data)
