"""Coroutines that are run at once as far as they go.

Most calls are answered without waiting for anything. A deadline of asyncio's costs as much as such a call, so only what
waits is given one:

    begun = Begun(handler(context))
    if not begun.is_over:
        async with asyncio.timeout(seconds):
            return await begun
    return begun.result
"""

from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine after its first step. Made, and awaited if it is not over, by one task with no wait in between."""

    __slots__ = ("_coroutine", "_result", "_waits_for", "is_over")

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        """Raises what the coroutine raises before it waits."""
        self._coroutine = coroutine
        self._waits_for: Any = None
        self.is_over = False
        """Whether it came to its end without waiting."""
        try:
            self._waits_for = coroutine.send(None)
        except StopIteration as end:
            self._result: T = end.value
            self.is_over = True

    @property
    def result(self) -> T:
        """What it returned, if it is over."""
        return self._result

    def __await__(self) -> Generator[Any, Any, T]:
        """The rest of it, as `await` would run it (PEP 492, PEP 380)."""
        waits_for = self._waits_for
        while True:
            try:
                sent = yield waits_for
            except BaseException as error:  # cancellation too is for the coroutine to handle
                step = partial(self._coroutine.throw, error)
            else:
                step = partial(self._coroutine.send, sent)
            try:
                waits_for = step()
            except StopIteration as end:
                result: T = end.value
                return result
