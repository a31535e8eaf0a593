"""Answers about a state that a block's hash names are asked for once, while they are short and few."""

from dataclasses import dataclass, field

from node.adapters.answers import LONGEST, Answers
from state.execution.port import TransactionOutcome
from state.primitives.types import Gas


@dataclass
class Reader:
    """Counts what it is asked."""

    asked: list[str] = field(default_factory=list)

    async def answer(self, question: str, value: object) -> object:
        self.asked.append(question)
        return value


async def _ask(answers: Answers, reader: Reader, question: str, value: object) -> object:
    return await answers.get(question, lambda: reader.answer(question, value))


async def test_asks_once_for_what_it_keeps() -> None:
    answers, reader = Answers(2), Reader()
    assert [await _ask(answers, reader, "balance", 0) for _ in range(3)] == [0, 0, 0]
    assert reader.asked == ["balance"]


async def test_forgets_what_was_wanted_longest_ago() -> None:
    answers, reader = Answers(2), Reader()
    for question in ("a", "b", "a", "c", "a", "b"):
        await _ask(answers, reader, question, 1)
    assert reader.asked == ["a", "b", "c", "b"]


async def test_does_not_keep_what_is_long() -> None:
    answers, reader = Answers(2), Reader()
    outcome = TransactionOutcome(
        succeeded=True, gas_used=Gas(1), logs=(), output=bytes(LONGEST + 1), error=None, created_address=None
    )
    for long in (bytes(LONGEST + 1), outcome):
        assert await _ask(answers, reader, "long", long) is await _ask(answers, reader, "long", long)
    assert reader.asked == ["long"] * 4


async def test_keeps_nothing_without_room() -> None:
    answers, reader = Answers(0), Reader()
    for _ in range(2):
        await _ask(answers, reader, "balance", 5)
    assert reader.asked == ["balance", "balance"]
