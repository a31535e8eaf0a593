"""Where peers may be found."""

from dataclasses import replace
from typing import Any

import pytest

from p2p.addresses import (
    ADDRESS,
    MOST_DOUBLINGS,
    MOST_KEPT,
    MOST_LEARNED,
    MOST_OF_ONE_SOURCE,
    AddressBook,
    acceptable,
    join_address,
    split_address,
)
from p2p.ports import NodeId
from p2p.settings import PeerSettings
from tests.unit.p2p.transport.peering import MemoryValues

TELLER = "203.0.113.7"
SOURCE = NodeId(b"s" * 32)
OTHER = NodeId(b"o" * 32)


class Book:
    """An address book at a time that the test sets, with pauses of exactly what they are before chance."""

    def __init__(self, store: MemoryValues | None = None, **changes: Any) -> None:
        self.now = 1_000.0
        self.store = MemoryValues() if store is None else store
        settings = replace(PeerSettings(retry_first=1, retry_static=3, retry_learned=600), **changes)
        self.book = AddressBook(settings, self.store, clock=lambda: self.now, random=lambda: 0.5)

    def due(self, *busy: str, connected: tuple[NodeId, ...] = (), learned: int = 8) -> list[str]:
        return list(self.book.due(busy=busy, connected=connected, learned=learned))


def told(count: int, first: int = 0) -> list[str]:
    return [f"10.51.{number >> 8}.{number & 255}:9222" for number in range(first, first + count)]


@pytest.mark.parametrize(
    ("address", "parts"),
    [("10.0.0.1:1", ("10.0.0.1", 1)), ("follower-1:9222", ("follower-1", 9222)), ("[::1]:65535", ("::1", 65_535))],
)
def test_reads_addresses(address: str, parts: tuple[str, int]) -> None:
    assert split_address(address) == parts
    assert join_address(*parts) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        ":1",
        "host",
        "host:",
        "host:0",
        "host:65536",
        "host:-1",
        "host:٣",
        "a b:1",
        "a/b:1",
        "a@b:1",
        "x" * 101 + ":1",
    ],
)
def test_refuses_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="peer address"):
        split_address(address)


@pytest.mark.parametrize(
    ("address", "teller", "taken"),
    [
        ("198.51.100.1:9222", TELLER, False),
        ("8.8.8.8:9222", "1.1.1.1", True),
        ("10.0.0.1:9222", "1.1.1.1", False),
        ("10.0.0.1:9222", "10.0.0.2", True),
        ("127.0.0.1:9222", "10.0.0.2", False),
        ("127.0.0.1:9222", "127.0.0.1", True),
        ("[::ffff:127.0.0.1]:9222", "1.1.1.1", False),
        ("example.org:9222", "127.0.0.1", False),
        ("0.0.0.0:9222", "127.0.0.1", False),
        ("224.0.0.1:9222", "127.0.0.1", False),
        ("[fe80::1]:9222", "::1", False),
        ("[2606:4700::1]:9222", "1.1.1.1", True),
        ("nonsense", "127.0.0.1", False),
    ],
)
def test_takes_from_peers_only_literal_addresses_no_nearer_than_they_are(
    address: str, teller: str, taken: bool
) -> None:
    teller = "1.1.1.1" if teller == TELLER else teller
    assert acceptable(address, teller=teller) == (address if taken else None)


def test_static_addresses_are_tried_for_ever_with_short_pauses() -> None:
    book = Book(static=("follower:9222",))
    pauses = []
    for _ in range(40):
        assert book.due() == ["follower:9222"]
        book.book.failed("follower:9222")
        before = book.now
        while not book.due():
            book.now += 0.5
        pauses.append(book.now - before)
    assert pauses[:4] == [1, 2, 3, 3]
    assert pauses[-1] == 3


def test_learned_addresses_are_tried_ever_less_and_then_forgotten() -> None:
    book = Book()
    assert book.book.learn(["10.0.0.1:1"], source=SOURCE, teller="10.0.0.2") == 1
    for _ in range(MOST_DOUBLINGS):
        book.book.failed("10.0.0.1:1")
    book.now += 599
    assert book.due() == []
    book.now += 1
    assert book.due() == ["10.0.0.1:1"]
    book.book.failed("10.0.0.1:1")
    assert book.book.learned == ()


def test_one_peer_cannot_fill_the_book() -> None:
    book = Book()
    for first in range(0, 3 * MOST_OF_ONE_SOURCE, 32):
        book.book.learn(told(32, first), source=SOURCE, teller="10.0.0.2")
    assert len(book.book.learned) == MOST_OF_ONE_SOURCE
    assert book.book.learn(told(1, 5_000), source=OTHER, teller="10.0.0.2") == 1


def test_the_book_is_bounded() -> None:
    book = Book()
    for number in range(40):
        source = NodeId(number.to_bytes(32, "big"))
        book.book.learn(told(32, 32 * number), source=source, teller="10.0.0.2")
    assert len(book.book.learned) == MOST_LEARNED


def test_what_answered_is_kept_and_only_that() -> None:
    book = Book()
    book.book.learn(["10.0.0.1:1", "10.0.0.2:1"], source=SOURCE, teller="10.0.0.3")
    book.book.succeeded("10.0.0.2:1", OTHER)
    assert Book(book.store).book.learned == ("10.0.0.2:1",)
    book.book.is_own("10.0.0.2:1")
    assert not book.store


def test_what_is_kept_is_bounded() -> None:
    book = Book()
    for number in range(MOST_KEPT + 5):
        source = NodeId(number.to_bytes(32, "big"))
        (address,) = told(1, number)
        book.book.learn([address], source=source, teller="10.0.0.3")
        book.book.succeeded(address, source)
    assert len(list(book.store.iterate(ADDRESS))) == MOST_KEPT


def test_dials_nobody_twice() -> None:
    book = Book(static=("a:1", "b:1"))
    book.book.belongs("a:1", OTHER)
    assert book.due("b:1") == ["a:1"]
    assert book.due(connected=(OTHER,)) == ["b:1"]


def test_dials_no_more_learned_addresses_than_are_wanted() -> None:
    book = Book(static=("a:1",))
    book.book.learn(told(8), source=SOURCE, teller="10.0.0.2")
    assert len(book.due(learned=3)) == 4
    assert book.due(learned=0) == ["a:1"]


def test_a_connection_that_lasted_is_tried_again_soon() -> None:
    book = Book(static=("a:1",))
    for _ in range(5):
        book.book.failed("a:1")
    book.book.ended("a:1")
    book.now += 0.5
    assert book.due() == ["a:1"]
    book.book.failed("a:1")
    book.now += 1
    assert book.due() == ["a:1"]


def test_addresses_that_are_not_in_the_book_are_nobodys() -> None:
    book = Book()
    for change in (book.book.failed, book.book.ended, book.book.is_own):
        change("a:1")
    book.book.succeeded("a:1", OTHER)
    assert book.due() == []
    assert not book.book.remove_static("a:1")
