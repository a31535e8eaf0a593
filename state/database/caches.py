"""A bounded cache for data that is found by its own hash and can therefore never be stale."""

from collections.abc import Mapping

from state.primitives.types import Hash32


class GenerationalCache:
    """At most two generations of `size` entries: what isn't read while a generation fills goes with the next one.

    No lock: under the GIL a race costs at worst a miss. Measured for trie nodes against `lru_cache`, which can't be
    filled from a commit: 1,000 updates on 100,000 accounts take a tenth less CPU time.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[Hash32, bytes] = {}
        self._old: dict[Hash32, bytes] = {}

    def get(self, key: Hash32) -> bytes | None:
        """The value, None if it isn't cached."""
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: Hash32, value: bytes) -> None:
        """Keeps a value for at least the next `size` entries."""
        self._young[key] = value
        self._age()

    def put_all(self, values: Mapping[Hash32, bytes]) -> None:
        """Keeps all values."""
        self._young.update(values)
        self._age()

    def _age(self) -> None:
        if len(self._young) > self._size:
            self._old, self._young = self._young, {}
