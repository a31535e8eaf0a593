"""Which connections stay, as far as one side decides; `test_network` has both sides over sockets."""

import contextlib

import pytest

from p2p.errors import GreetingRefused
from p2p.messages import Farewell
from p2p.ports import NodeId
from p2p.scores import Scores
from p2p.seats import Seats
from tests.unit.p2p.transport.peering import QUICK, MemoryValues

OWN = NodeId(b"\x05" * 32)
OTHER = NodeId(b"\x06" * 32)


@pytest.fixture
def scores() -> Scores:
    return Scores(QUICK, MemoryValues(), clock=lambda: 1_000.0)


def test_a_node_is_greeted_once_at_a_time(scores: Scores) -> None:
    seats = Seats(QUICK, scores, OWN)
    with seats.greeting() as first, seats.greeting() as second:
        first(OTHER)
        with pytest.raises(GreetingRefused) as refused:
            second(OTHER)
        assert refused.value.farewell == Farewell.ALREADY_CONNECTED
        seats.admit(OTHER, outbound=False)  # what the other side dialled is judged when there is a connection
    with seats.greeting() as third:
        third(OTHER)


def test_a_greeting_that_failed_leaves_its_node_free(scores: Scores) -> None:
    seats = Seats(QUICK, scores, OWN)
    with contextlib.suppress(TimeoutError), seats.greeting() as admit:
        admit(OTHER)
        raise TimeoutError
    seats.admit(OTHER, outbound=True)


@pytest.mark.parametrize("outbound", [False, True])
def test_a_banned_node_gets_no_seat(scores: Scores, outbound: bool) -> None:
    seats = Seats(QUICK, scores, OWN)
    scores.ban(OTHER, "192.0.2.1")
    with pytest.raises(GreetingRefused) as refused:
        seats.admit(OTHER, outbound=outbound)
    assert refused.value.farewell == Farewell.BANNED
