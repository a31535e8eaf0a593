"""The cache for data found by its own hash."""

from state.database.caches import GenerationalCache
from state.primitives.crypto import keccak256


def test_what_is_read_stays_and_what_is_not_goes_after_two_generations() -> None:
    cache = GenerationalCache(4)
    read, unread = keccak256(b"read"), keccak256(b"unread")
    cache.put_all({read: b"1", unread: b"2"})
    for number in range(40):
        cache.put(keccak256(bytes([number])), b"filler")
        assert cache.get(read) == b"1"
    assert cache.get(unread) is None


def test_it_never_holds_more_than_two_generations_and_one_batch() -> None:
    cache = GenerationalCache(10)
    for number in range(1_000):
        cache.put(keccak256(number.to_bytes(2, "big")), b"value")
    kept = [number for number in range(1_000) if cache.get(keccak256(number.to_bytes(2, "big"))) is not None]
    assert len(kept) <= 22
    assert kept[-1] == 999
