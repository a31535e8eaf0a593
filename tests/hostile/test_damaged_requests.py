"""Ten thousand damaged requests at a running node: the right code for each, no bug, and blocks go on.

OPENLEDGER_SEED repeats a run, OPENLEDGER_REQUESTS sets their number.
"""

import http.client
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from tests.hostile.damage import allowed_codes, corpus, damaged
from tests.hostile.target import ANSWER_SECONDS, Target, code_of
from tests.ports import HOST

COUNT: Final = int(os.environ.get("OPENLEDGER_REQUESTS", "10000"))
CONNECTIONS: Final = 4
HEADERS: Final = {"Content-Type": "application/json"}


def _exchange(port: int, bodies: list[bytes]) -> Iterator[tuple[bytes, int, bytes]]:
    """(body, status, answer) one after the other on one connection."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)
    for body in bodies:
        connection.request("POST", "/", body, HEADERS)
        response = connection.getresponse()
        yield body, response.status, response.read()
    connection.close()


def _fault(body: bytes, status: int, answer: bytes, methods: frozenset[str]) -> str | None:
    """What is wrong with an answer; None if nothing is."""
    allowed = allowed_codes(body, methods)
    if status != 200:
        return f"status {status}"
    if not answer:
        is_silent = allowed == [] or (isinstance(allowed, frozenset) and _may_be_silent(body))
        return None if is_silent else "no answer"
    message = json.loads(answer)
    if isinstance(allowed, frozenset):
        return None if isinstance(message, dict) and _fits(message, allowed) else f"expected one of {sorted(allowed)}"
    if not isinstance(message, list) or len(message) != len(allowed):
        return f"expected {len(allowed)} answers"
    fits = all(_fits(one, codes) for one, codes in zip(message, allowed, strict=True))
    return None if fits else f"expected {[sorted(codes) for codes in allowed]}"


def _fits(answer: Any, allowed: frozenset[int]) -> bool:
    code = code_of(answer)
    return code in allowed or (len(allowed) > 1 and -38_999 <= code <= -38_000)


def _may_be_silent(body: bytes) -> bool:
    message = json.loads(body)
    return isinstance(message, dict) and "id" not in message


def _attack(port: int, bodies: list[bytes], methods: frozenset[str], codes: Counter[int]) -> list[str]:
    """The faults; `codes` is added to."""
    faults = []
    for body, status, answer in _exchange(port, bodies):
        codes.update(_codes(answer))
        fault = _fault(body, status, answer, methods)
        if fault is not None:
            faults.append(f"{fault}\n  sent     {body[:1_000]!r}\n  answered {answer[:500]!r}")
    return faults


def _codes(answer: bytes) -> list[int]:
    message = json.loads(answer) if answer else []
    return [code_of(one) for one in (message if isinstance(message, list) else [message])]


@pytest.mark.slow
def test_ten_thousand_damaged_requests_get_the_right_code(target: Target) -> None:
    seed = int(os.environ.get("OPENLEDGER_SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}, {COUNT} requests")
    rng = random.Random(seed)
    good = corpus(target)
    methods = frozenset(method["name"] for method in target.result("rpc_discover")["methods"])
    bodies = [damaged(rng, good) for _ in range(COUNT)]
    shares = [bodies[n::CONNECTIONS] for n in range(CONNECTIONS)]
    before = target.height()
    codes: Counter[int] = Counter()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        attacks = list(threads.map(lambda share: _attack(target.port, share, methods, codes), shares))
    faults = [fault for attack in attacks for fault in attack]
    print(f"codes: {dict(codes.most_common())}")
    assert not faults, f"seed {seed}: {len(faults)} wrong answers\n" + "\n".join(faults[:20])
    assert target.height() > before


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", {-32700}),
        (b"[]", {-32600}),
        (b'{"jsonrpc":"2.0","id":1,"method":"x"}', {-32601}),
        (b'{"jsonrpc":"2.0","id":1,"method":"m","params":{}}', {-32602}),
        (b'{"jsonrpc":"2.0","id":1,"method":"m","params":1E551616}', {-32700}),
        (b'{"jsonrpc":"2.0","id":1,"method":"m","params":[%s]}' % (b"9" * 400), {-32700}),
        (b'[1,{"jsonrpc":"2.0","method":"m"}]', [{-32600}]),
    ],
)
def test_what_is_expected_is_worked_out_from_the_request_alone(body: bytes, expected: Any) -> None:
    assert allowed_codes(body, frozenset({"m"})) == expected
