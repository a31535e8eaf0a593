"""A follower passes transactions on, and remembers them until they are in a block."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from node.adapters.forwarding import ForwardingPool, NoPool
from node.adapters.routes import FirstOf, ForwardedRejection, PeerRoute, RpcRoute, SequencerUnreachable
from p2p.messages import VerdictCode
from rpc.values import PoolCounts
from state.errors import DecodeError
from state.primitives.types import Address, Nonce, Wei
from state.transactions import RecoveredTransaction
from state.world.types import Account
from tests.unit.state.transition.network import L2, SENDER, Network

URL = "http://sequencer"
TAKEN = {"jsonrpc": "2.0", "id": 1, "result": "0x00"}


class Head:
    """The unsafe head: SENDER's next nonce and nothing else."""

    def __init__(self) -> None:
        self.next_nonce = 0

    def account(self, address: Address) -> Account | None:
        return Account(nonce=Nonce(self.next_nonce), balance=Wei(1)) if address == SENDER else None


class Sequencer:
    """Answers in the order that is given, the last one for ever; None is a connection that is refused."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.requests = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise httpx.ConnectError("refused", request=request)
        if isinstance(answer, int):
            return httpx.Response(answer, text="busy")
        return httpx.Response(200, json=answer)


def refusal(message: str, code: int = -32000) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}


class Follower:
    def __init__(self, *answers: object, url: str | None = URL, remembers: int = 100) -> None:
        self.head = Head()
        self.now = 0.0
        self.sequencer = Sequencer(*answers)
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.sequencer.handle))
        clock: Callable[[], float] = lambda: self.now  # noqa: E731 - read at each call
        self.pool = ForwardingPool(
            None if url is None else RpcRoute(url, client),
            state=self.head,  # type: ignore[arg-type]
            clock=clock,
            retry_after=(0.0, 0.0),
            max_remembered=remembers,
        )
        self._network = Network(L2, None)  # type: ignore[arg-type]

    def sign(self, nonce: int, value: int = 7) -> RecoveredTransaction:
        return self._network.sign(nonce=Nonce(nonce), value=Wei(value))

    async def send(self, *nonces: int) -> list[RecoveredTransaction]:
        transactions = [self.sign(nonce) for nonce in nonces]
        for transaction in transactions:
            assert await self.pool.submit(transaction.raw) == transaction.hash
        return transactions


async def test_a_forwarded_transaction_is_found_and_its_nonce_counts() -> None:
    follower = Follower(TAKEN)
    first, second = await follower.send(0, 1)
    assert follower.pool.transaction(first.hash) == first
    assert follower.pool.transaction(second.hash) == second
    assert follower.pool.pending_nonce(SENDER) == 2


async def test_a_nonce_after_a_gap_does_not_count_until_the_gap_is_filled() -> None:
    follower = Follower(TAKEN)
    await follower.send(1)
    assert follower.pool.pending_nonce(SENDER) == 0
    assert follower.pool.executable(10) == []
    await follower.send(0)
    assert follower.pool.pending_nonce(SENDER) == 2
    assert [transaction.transaction.nonce for transaction in follower.pool.executable(10)] == [0, 1]
    assert [transaction.transaction.nonce for transaction in follower.pool.executable(1)] == [0]


async def test_what_a_block_used_up_is_forgotten() -> None:
    follower = Follower(TAKEN)
    first, second = await follower.send(0, 1)
    follower.head.next_nonce = 1
    follower.pool.on_new_head([SENDER])
    assert follower.pool.transaction(first.hash) is None
    assert follower.pool.transaction(second.hash) == second
    assert follower.pool.pending_nonce(SENDER) == 2


async def test_a_replacement_takes_the_place_of_what_it_replaced() -> None:
    follower = Follower(TAKEN)
    (first,) = await follower.send(0)
    replacement = follower.sign(0, value=8)
    await follower.pool.submit(replacement.raw)
    assert follower.pool.transaction(first.hash) is None
    assert follower.pool.transaction(replacement.hash) == replacement
    assert len(follower.pool) == 1


async def test_the_oldest_give_way_when_there_is_no_room() -> None:
    follower = Follower(TAKEN, remembers=2)
    sent = await follower.send(0, 1, 2)
    assert [follower.pool.transaction(transaction.hash) for transaction in sent] == [None, *sent[1:]]


async def test_a_transaction_that_no_block_takes_is_forgotten_after_its_lifetime() -> None:
    follower = Follower(TAKEN)
    (old,) = await follower.send(0)
    follower.now = 4 * 3_600.0
    assert follower.pool.transaction(old.hash) is None
    await follower.send(5)
    assert len(follower.pool) == 1


@pytest.mark.parametrize("trouble", [None, 503, refusal("too many requests at once", -32005)])
async def test_a_sequencer_that_is_away_for_a_moment_is_asked_again(trouble: object) -> None:
    follower = Follower(trouble, TAKEN)
    await follower.send(0)
    assert follower.sequencer.requests == 2


async def test_a_sequencer_that_stays_away_is_reported_and_nothing_is_remembered() -> None:
    follower = Follower(None)
    with pytest.raises(SequencerUnreachable, match="ConnectError"):
        await follower.pool.submit(follower.sign(0).raw)
    assert follower.sequencer.requests == 3
    assert len(follower.pool) == 0


async def test_already_known_after_a_lost_answer_is_success() -> None:
    follower = Follower(None, refusal("already known"))
    await follower.send(0)
    assert len(follower.pool) == 1


async def test_refusals_keep_the_sequencers_words_and_are_not_repeated() -> None:
    follower = Follower(refusal("nonce too low"))
    with pytest.raises(ForwardedRejection, match="^nonce too low$"):
        await follower.pool.submit(follower.sign(0).raw)
    assert follower.sequencer.requests == 1
    assert len(follower.pool) == 0


async def test_already_known_at_the_first_attempt_is_passed_on() -> None:
    follower = Follower(refusal("already known"))
    with pytest.raises(ForwardedRejection, match="already known"):
        await follower.pool.submit(follower.sign(0).raw)


async def test_a_follower_without_a_sequencer_says_so_and_still_knows_the_heads_nonce() -> None:
    follower = Follower(TAKEN, url=None)
    follower.head.next_nonce = 3
    with pytest.raises(NoPool, match="--sequencer-rpc"):
        await follower.pool.submit(follower.sign(0).raw)
    assert follower.pool.pending_nonce(SENDER) == 3


async def test_what_is_no_transaction_is_never_forwarded() -> None:
    follower = Follower(TAKEN)
    with pytest.raises(DecodeError):
        await follower.pool.submit(b"\x02\xc0")
    assert follower.sequencer.requests == 0


async def test_content_is_what_was_forwarded_and_queued_behind_a_gap() -> None:
    follower = Follower(TAKEN)
    await follower.send(0, 1, 3)
    content = list(follower.pool.content())
    assert [(entry.transaction.transaction.nonce, entry.is_executable) for entry in content] == [
        (0, True),
        (1, True),
        (3, False),
    ]
    assert list(follower.pool.content(SENDER)) == content
    assert list(follower.pool.content(Address(bytes(20)))) == []
    assert follower.pool.counts() == PoolCounts(executable=2, queued=1)
    follower.head.next_nonce = 2
    follower.pool.on_new_head([SENDER])
    assert follower.pool.counts() == PoolCounts(executable=0, queued=1)


async def test_nonce_too_low_after_a_lost_answer_is_our_own_earlier_attempt() -> None:
    follower = Follower(None, refusal("nonce too low: next nonce 1, tx nonce 0"))
    await follower.send(0)
    assert len(follower.pool) == 1


async def test_what_no_block_takes_is_submitted_again_at_growing_intervals() -> None:
    follower = Follower(TAKEN)
    await follower.send(0)
    asked = []
    for second in range(1, 61):
        follower.now = float(second)
        before = follower.sequencer.requests
        await follower.pool.submit_again()
        if follower.sequencer.requests > before:
            asked.append(second)
    assert asked == [5, 15, 45]


async def test_what_a_block_took_is_not_submitted_again() -> None:
    follower = Follower(TAKEN)
    await follower.send(0)
    follower.head.next_nonce = 1
    follower.pool.on_new_head([SENDER])
    follower.now = 60.0
    await follower.pool.submit_again()
    assert follower.sequencer.requests == 1


@pytest.mark.parametrize("words", ["already known", "nonce too low"])
async def test_a_sequencer_that_has_it_changes_nothing(words: str) -> None:
    follower = Follower(TAKEN, refusal(words))
    (sent,) = await follower.send(0)
    follower.now = 60.0
    await follower.pool.submit_again()
    assert follower.pool.transaction(sent.hash) == sent


async def test_what_the_sequencer_refuses_later_is_forgotten() -> None:
    follower = Follower(TAKEN, refusal("insufficient funds"))
    await follower.send(0)
    follower.now = 60.0
    await follower.pool.submit_again()
    assert len(follower.pool) == 0


async def test_a_round_ends_where_the_sequencer_is_away_and_the_next_goes_on() -> None:
    follower = Follower(TAKEN, TAKEN, None)
    await follower.send(0, 1)
    follower.now = 60.0
    await follower.pool.submit_again()
    assert follower.sequencer.requests == 3
    assert len(follower.pool) == 2
    follower.sequencer.answers = [TAKEN]
    await follower.pool.submit_again()
    assert follower.sequencer.requests == 5


async def test_adopted_transactions_are_submitted_in_the_next_round() -> None:
    follower = Follower(TAKEN)
    follower.pool.adopt([follower.sign(0), follower.sign(0)])
    assert follower.pool.pending_nonce(SENDER) == 1
    await follower.pool.submit_again()
    assert follower.sequencer.requests == 1


async def test_the_second_way_is_taken_where_the_first_leads_nowhere() -> None:
    calls: list[bytes] = []

    async def ask_peers(raw: bytes) -> tuple[int, str]:
        calls.append(raw)
        return VerdictCode.TAKEN, ""

    away = httpx.AsyncClient(transport=httpx.MockTransport(Sequencer(None).handle))
    await FirstOf(RpcRoute(URL, away), PeerRoute(ask_peers)).submit(b"raw")
    assert calls == [b"raw"]


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (VerdictCode.REFUSED, ForwardedRejection, "insufficient funds"),
        (VerdictCode.NO_ROUTE, SequencerUnreachable, "insufficient funds"),
    ],
)
async def test_a_verdict_of_peers_keeps_its_words(code: int, error: type[Exception], words: str) -> None:
    async def ask_peers(_raw: bytes) -> tuple[int, str]:
        return code, words

    with pytest.raises(error, match=words):
        await PeerRoute(ask_peers).submit(b"raw")
