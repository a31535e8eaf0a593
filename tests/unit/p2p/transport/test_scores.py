"""What faults cost, and who is banned for them."""

import pytest

from p2p.errors import BrokenPromise, GreetingRefused, MalformedMessage, OtherBranch, PeerFault, RefusedBlock
from p2p.messages import Farewell
from p2p.ports import NodeId
from p2p.scores import BAN, MOST_BANS, MOST_REMEMBERED, Scores, address_group, points_of
from p2p.settings import PeerSettings
from tests.unit.p2p.transport.peering import MemoryValues

SETTINGS = PeerSettings(score_limit=100, score_recovery=1, ban_seconds=3_600, ids_until_ip_ban=3)
PUBLIC = "203.0.113.7"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def node(number: int) -> NodeId:
    return NodeId(number.to_bytes(32, "big"))


def make(store: MemoryValues | None = None, clock: Clock | None = None) -> tuple[Scores, Clock, MemoryValues]:
    store, clock = MemoryValues() if store is None else store, clock or Clock()
    return Scores(SETTINGS, store, clock=clock), clock, store


def test_points_come_back_with_time() -> None:
    scores, clock, _ = make()
    assert not scores.fault(node(1), PUBLIC, 60)
    assert scores.score(node(1)) == -60
    clock.now += 20
    assert scores.score(node(1)) == -40
    clock.now += 1_000
    assert scores.score(node(1)) == 0
    assert not scores.fault(node(1), PUBLIC, 60)


def test_a_clock_that_goes_back_gives_nothing_back() -> None:
    scores, clock, _ = make()
    scores.fault(node(1), PUBLIC, 60)
    clock.now -= 1_000
    assert scores.score(node(1)) == -60


def test_too_many_points_are_a_ban_for_a_time() -> None:
    scores, clock, store = make()
    scores.fault(node(1), PUBLIC, 60)
    assert scores.fault(node(1), PUBLIC, 60)
    assert scores.is_banned(node(1))
    assert not scores.is_banned(node(2))
    assert not scores.is_banned_ip(PUBLIC), "one liar does not cut off its neighbours"
    clock.now += 3_599
    assert scores.is_banned(node(1))
    clock.now += 2
    assert not scores.is_banned(node(1))
    assert not store


def test_an_address_is_banned_after_several_ids_behind_it() -> None:
    scores, _, _ = make()
    for number in (1, 1, 2):
        scores.ban(node(number), PUBLIC)
    assert not scores.is_banned_ip(PUBLIC)
    scores.ban(node(3), PUBLIC)
    assert scores.is_banned_ip(PUBLIC)
    assert not scores.is_banned_ip("203.0.113.8")


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_never_banned(ip: str) -> None:
    scores, _, _ = make()
    for number in range(20):
        scores.ban(node(number), ip)
        scores.fault_before_greeting(ip, 100)
    assert not scores.is_banned_ip(ip)


def test_faults_before_the_greeting_count_to_the_address() -> None:
    scores, _, _ = make()
    scores.fault_before_greeting("2001:db8::1", 60)
    scores.fault_before_greeting("2001:db8::2", 60)
    assert scores.is_banned_ip("2001:db8::3"), "the same /64"
    assert not scores.is_banned_ip("2001:db8:0:1::1")


def test_bans_survive_a_restart_and_end_in_time() -> None:
    scores, clock, store = make()
    for number in (1, 2, 3):
        scores.ban(node(number), PUBLIC)
        clock.now += 1_000
    again, _, _ = make(store, clock)
    assert again.is_banned(node(2))
    assert again.is_banned_ip(PUBLIC)
    clock.now += 1_700
    assert [make(store, clock)[0].is_banned(node(number)) for number in (1, 2, 3)] == [False, False, True]
    assert len(store) == 2, "what is over is removed"


def test_a_ban_by_a_clock_far_ahead_is_forgotten() -> None:
    scores, clock, store = make()
    clock.now += 10_000_000
    scores.ban(node(1), PUBLIC)
    clock.now -= 10_000_000
    assert not make(store, clock)[0].is_banned(node(1))
    assert not store


def test_nothing_grows_without_bounds() -> None:
    scores, _, store = make()
    for number in range(MOST_REMEMBERED + 10):
        scores.fault(node(number), PUBLIC, 1)
        scores.ban(node(number), f"203.0.{number >> 8}.{number & 255}")
    assert len(scores._accounts) <= MOST_REMEMBERED
    assert len(scores._banned_behind) <= MOST_REMEMBERED
    assert len(list(store.iterate(BAN))) == MOST_BANS
    assert not scores.is_banned(node(0)), "the oldest ban is forgotten"


@pytest.mark.parametrize(
    ("fault", "points"),
    [
        (MalformedMessage("x"), 50),
        (RefusedBlock("x"), 10),
        (BrokenPromise("x"), 50),
        (OtherBranch("x"), 5),
        (PeerFault("x"), 10),
        (GreetingRefused("x", Farewell.BAD_IDENTITY), 50),
        (GreetingRefused("x", Farewell.WRONG_NETWORK), 0),
        (GreetingRefused("x", Farewell.TOO_MANY_PEERS), 0),
    ],
)
def test_each_fault_has_its_price(fault: PeerFault, points: int) -> None:
    assert points_of(fault) == points


def test_addresses_that_are_none_are_their_own_group() -> None:
    assert address_group("nonsense") == "nonsense"
    assert address_group("fe80::1%eth0") == "fe80::/64"
