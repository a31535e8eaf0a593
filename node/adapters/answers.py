"""Answers that were given before.

A question about a state names its block by hash, so its answer holds for ever: what many wallets ask of the same head
goes to a reader once. Not for a chain whose state is forged under an unchanged block hash (`node.sandbox`).
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar

from state.execution.port import TransactionOutcome

ANSWERS: Final = 8_192
LONGEST: Final = 2_048
"""Bytes of an answer that is still kept; with `ANSWERS` this bounds the memory."""

T = TypeVar("T")


class Answers:
    """At most `size` short answers by question; the one that was wanted longest ago goes first."""

    def __init__(self, size: int = ANSWERS) -> None:
        self._size: Final = size
        self._kept: Final[OrderedDict[Hashable, Any]] = OrderedDict()

    async def get(self, question: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The kept answer to `question`, else what `ask` brings. No answer is None."""
        found: T | None = self._kept.get(question)
        if found is not None:
            self._kept.move_to_end(question)
            return found
        answer = await ask()
        if is_short(answer):
            self._kept[question] = answer
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return answer


def is_short(answer: object) -> bool:
    """Whether keeping it takes little memory."""
    if isinstance(answer, TransactionOutcome):
        return not answer.logs and len(answer.output) <= LONGEST
    return not isinstance(answer, bytes) or len(answer) <= LONGEST
