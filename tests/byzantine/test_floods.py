"""More than the limits allow: questions, gossip, claims, transactions, and answers that are not read."""

import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from coincurve import PrivateKey
from eth_account import Account

from client.keys import devnet_account
from p2p.messages import MAX_BLOCKS, MAX_HEADERS
from tests.byzantine import speech
from tests.byzantine.liar import Liar, Place, act_until_banned, greeted, is_banned
from tests.byzantine.network import Network
from tests.byzantine.speech import DeclineReason, VerdictCode, say
from tests.chaos.network import CHAIN_ID, wait_for

FLOOD: Final = 2_000
FAR: Final = (1 << 64) - 1
HONEST: Final = 2
"""Peers of the attacked node that are no liars."""


def _counts(liar: Liar, many: int, seconds: float = 60.0) -> Counter[int]:
    """Kind -> how many of the answers to the first `many` requests came, until all are there or the end."""
    found: Counter[int] = Counter()
    while sum(found.values()) < many:
        said = liar.hear_until(lambda said: said.kind in ANSWERS, seconds)
        if said is None:
            break
        found[said.kind] += 1
    return found


ANSWERS: Final = (speech.ADDRESSES, speech.HEADERS, speech.BLOCKS, speech.VERDICT, speech.DECLINED)
QUESTIONS: Final[dict[str, Callable[[int, int], bytes]]] = {
    "headers of the whole chain": lambda n, head: say(speech.GET_HEADERS, n, head, MAX_HEADERS),
    "blocks of the whole chain": lambda n, head: say(speech.GET_BLOCKS, n, n % max(1, head - 64), MAX_BLOCKS),
    "addresses": lambda n, _head: say(speech.GET_ADDRESSES, n),
    "one header": lambda n, _head: say(speech.GET_HEADERS, n, 0, 1),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_flood_of_questions_is_declined_and_then_banned(network: Network, name: str) -> None:
    """Who asks beside it is answered meanwhile."""
    head = network.head(network.target)
    questions = [QUESTIONS[name](n, head) for n in range(FLOOD)]
    with greeted(network.place) as liar, greeted(network.place) as other:
        sender = threading.Thread(target=lambda: all(liar.send(question) for question in questions))
        sender.start()
        for _ in range(3):
            assert other.is_served()
        found = _counts(liar, FLOOD)
        sender.join(120)
        assert found[speech.DECLINED] > 0
        assert liar.ended
        assert is_banned(network.place, liar.key)


def test_questions_within_the_limits_are_answered(network: Network) -> None:
    """Of a peer that waits for its answers; the floods before have used up what all peers may have together."""
    with greeted(network.place) as peer:
        for _ in range(20):
            wait_for(lambda: _is_answered(peer), "headers for an honest peer")


def _is_answered(peer: Liar) -> bool:
    answer = peer.ask(speech.GET_HEADERS, 1, 2)
    assert answer is not None
    return answer.kind == speech.HEADERS


OFF_THE_CHAIN: Final[dict[str, tuple[int, int, int]]] = {
    "blocks from the end of the world": (speech.GET_BLOCKS, FAR, MAX_BLOCKS),
    "headers to the end of the world": (speech.GET_HEADERS, FAR, MAX_HEADERS),
    "blocks above the head": (speech.GET_BLOCKS, 1_000_000, 1),
    "headers above the head": (speech.GET_HEADERS, 1_000_000, MAX_HEADERS),
}


@pytest.mark.parametrize("name", OFF_THE_CHAIN)
def test_what_is_not_there_is_declined(network: Network, name: str) -> None:
    with greeted(network.place) as peer:
        answer = peer.ask(*OFF_THE_CHAIN[name])
        assert answer is not None
        assert (answer.kind, answer.fields[1]) == (speech.DECLINED, DeclineReason.UNAVAILABLE)
        assert peer.is_served()


def test_headers_below_genesis_are_not_there(network: Network) -> None:
    with greeted(network.place) as peer:
        answer = peer.ask(speech.GET_HEADERS, 1, MAX_HEADERS)
        assert answer is not None
        assert answer.kind == speech.HEADERS
        assert len(answer.fields[1]) == 2


GOSSIP: Final[dict[str, Callable[[int], bytes]]] = {
    "claims of a head": lambda n: say(speech.HEAD_STATUS, n * 1_000, n.to_bytes(32, "big"), 0),
    "the largest claim": lambda _n: say(speech.HEAD_STATUS, FAR, b"\xff" * 32, FAR),
    "announcements of noise": lambda _n: say(speech.ANNOUNCEMENT, os.urandom(200)),
}


@pytest.mark.parametrize("name", GOSSIP)
def test_a_flood_of_gossip_is_banned(network: Network, name: str) -> None:
    def act(liar: Liar) -> None:
        for n in range(FLOOD):
            if not liar.send(GOSSIP[name](n)):
                break

    assert act_until_banned(network.place, act) <= 5


def _transfer(key: PrivateKey | bytes, nonce: int, **changes: int) -> bytes:
    fields = {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": "0x" + "22" * 20, "value": 1, "gas": 21_000,
              "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9}  # fmt: skip
    secret = key.secret if isinstance(key, PrivateKey) else key
    return bytes(Account.sign_transaction(fields | changes, secret).raw_transaction)


def test_transactions_of_noise_are_refused_and_their_flood_limited(network: Network) -> None:
    with greeted(network.place) as liar:
        answer = liar.ask(speech.SUBMIT, 4, os.urandom(200))
        assert answer is not None
        assert (answer.kind, answer.fields[1]) == (speech.VERDICT, VerdictCode.REFUSED)
        sender = threading.Thread(
            target=lambda: all(liar.send(say(speech.SUBMIT, n + 10, 4, os.urandom(2_000))) for n in range(FLOOD))
        )
        sender.start()
        found = _counts(liar, FLOOD)
        sender.join(120)
        assert found[speech.DECLINED] > 0
        assert liar.ended


def test_transactions_of_nobody_s_money_are_refused_in_the_sequencers_words(network: Network) -> None:
    with greeted(network.place) as liar:
        answer = liar.ask(speech.SUBMIT, 4, _transfer(PrivateKey(), 0))
        assert answer is not None
        assert (answer.kind, answer.fields[1]) == (speech.VERDICT, VerdictCode.REFUSED)
        assert "insufficient funds" in answer.fields[2]


def test_good_transactions_reach_the_sequencer_and_their_flood_is_limited(network: Network) -> None:
    """A hundred at once of one peer: each is taken or the peer told that it was not, and blocks take what was taken."""
    account = devnet_account(3)
    nonce = int(network.sequencer.call("eth_getTransactionCount", account.address, "pending"), 16)
    raws = [_transfer(bytes(account.key), nonce + n) for n in range(100)]
    with greeted(network.place) as peer:
        verdicts: Counter[int] = Counter()
        for n, raw in enumerate(raws):
            peer.send(say(speech.SUBMIT, n, 4, raw))
        for _ in raws:
            said = peer.hear_until(lambda said: said.kind in ANSWERS)
            assert said is not None
            verdicts[said.fields[1] if said.kind == speech.VERDICT else -1] += 1
    assert verdicts[VerdictCode.TAKEN] > 0
    assert VerdictCode.REFUSED not in verdicts
    wait_for(
        lambda: int(network.target.call("eth_getTransactionCount", account.address, "latest"), 16) > nonce,
        "a block with a transaction that a peer brought",
    )


def test_a_transaction_with_no_hops_left_goes_no_further(network: Network) -> None:
    with greeted(network.place) as peer:
        answer = peer.ask(speech.SUBMIT, 0, _transfer(PrivateKey(), 0))
        assert answer is not None
        assert (answer.kind, answer.fields[1]) == (speech.VERDICT, VerdictCode.NO_ROUTE)


@pytest.fixture
def deaf(network: Network) -> Iterator[Liar]:
    """A peer with the smallest window there is, that asks for the whole chain and reads nothing."""
    liar = greeted(network.place)
    liar.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    for n in range(60):
        liar.send(say(speech.GET_BLOCKS, n, 1, MAX_BLOCKS))
    yield liar
    liar.close()


def test_a_peer_that_reads_nothing_is_let_go(network: Network, deaf: Liar) -> None:
    """Its answers wait in a bounded queue; others are served; what it didn't read is kept by nobody."""
    with greeted(network.place) as other:
        assert other.is_served()
    assert _is_connected(network.place, deaf)
    wait_for(lambda: int(network.target.call("net_peerCount"), 16) == HONEST, "the end of a peer that reads nothing")
    wait_for(lambda: not _is_connected(network.place, deaf), "the end of what it didn't read", 30.0)


def _is_connected(place: Place, peer: Liar) -> bool:
    """Whether the kernel keeps the node's end of a connection, with the bytes that were not read."""
    ends = f":{place.port:04X}", f":{peer.socket.getsockname()[1]:04X}"
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(line[1].endswith(ends[0]) and line[2].endswith(ends[1]) for line in lines)
