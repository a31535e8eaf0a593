"""Questions to one peer that are under way, and the answers that come to them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from math import inf
from typing import Final

from p2p.errors import BrokenPromise, NoAnswer, PeerFault, RequestDeclined
from p2p.messages import (
    Addresses,
    Blocks,
    Declined,
    DeclineReason,
    GetAddresses,
    GetBlocks,
    GetHeaders,
    Headers,
    Request,
    Response,
    SubmitTransaction,
    Verdict,
)

ANSWERS: Final[dict[type[Request], type[Response]]] = {
    GetAddresses: Addresses,
    GetHeaders: Headers,
    GetBlocks: Blocks,
    SubmitTransaction: Verdict,
}
IDS: Final = 1 << 32
MOST_LATE: Final = 64


class Requests:
    """Matches answers with what was asked. For the event loop."""

    def __init__(self, *, most: int, late_seconds: float, clock: Callable[[], float]) -> None:
        """`clock`: monotonic seconds."""
        self._most = most
        self._late_seconds = late_seconds
        self._clock = clock
        self._next = 0
        self._waiting: dict[int, tuple[type[Response], asyncio.Future[Response]]] = {}
        self._late: OrderedDict[int, float] = OrderedDict()
        """Id -> until when its answer may still come."""
        self._ended = ""

    def __len__(self) -> int:
        return len(self._waiting)

    def open(self, make: Callable[[int], Request]) -> tuple[int, Request]:
        """A new question with its id. Raises NoAnswer where too many are under way, or the connection ended."""
        if self._ended:
            raise NoAnswer(self._ended)
        if len(self._waiting) >= self._most:
            raise NoAnswer(f"{self._most} requests to this peer are under way")
        self._next = number = (self._next + 1) % IDS
        request = make(number)
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[number] = (ANSWERS[type(request)], future)
        return number, request

    async def answer(self, number: int, seconds: float) -> Response:
        """Raises NoAnswer, RequestDeclined and, for an answer of another kind, BrokenPromise."""
        kind, future = self._waiting[number]
        try:
            async with asyncio.timeout(seconds):
                answer = await future
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {seconds:g} s") from error
        if isinstance(answer, Declined):
            raise RequestDeclined(f"{DeclineReason(answer.reason).name}: {answer.text}")
        if not isinstance(answer, kind):
            raise BrokenPromise(f"answer is {type(answer).__name__}: expected {kind.__name__}")
        return answer

    def close(self, number: int) -> None:
        """Who asked waits no more."""
        _, future = self._waiting.pop(number)
        if not future.done() or future.cancelled():
            self._late[number] = self._clock() + self._late_seconds
            if len(self._late) > MOST_LATE:
                self._late.popitem(last=False)

    def settle(self, answer: Response) -> None:
        """Hands an answer to who waits for it. Raises PeerFault where nobody does, and nobody did lately."""
        _, future = self._waiting.get(answer.request, (None, None))
        if future is not None and not future.done():
            future.set_result(answer)
        elif self._late.pop(answer.request, -inf) < self._clock():
            raise PeerFault(f"{type(answer).__name__} {answer.request} answers nothing that was asked")

    def end(self, reason: str) -> None:
        """No answer comes any more."""
        self._ended = reason
        for _, future in self._waiting.values():
            if not future.done():
                future.set_exception(NoAnswer(reason))
                future.exception()  # who waits may be gone: nobody needs to be told so
