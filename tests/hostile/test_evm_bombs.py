"""Code that would run, allocate or recurse for ever: ended by its gas or the clock, and the node goes on.

Each is run as initcode by eth_call and eth_estimateGas: all of them with gas for a moment, the worst ones with 2^63.
The nightly run gives 2^63 to all.
"""

from typing import Any, Final

import pytest

from tests.e2e.network.devnets import wait_for
from tests.hostile.target import Target, call, code_of

pytestmark = pytest.mark.usefixtures("reader")

GAS: Final = hex(2**63)
SOME_GAS: Final = hex(300_000)
A: Final = "0x" + "aa" * 20
FAILED, REVERTED, TIMED_OUT, TOO_LARGE = -32000, 3, -32002, -32003


def push(value: int, size: int = 32) -> str:
    """PUSHn of a number, in hexadecimal digits."""
    return f"{0x5F + size:02x}" + value.to_bytes(size, "big").hex()


def forever(body: str) -> str:
    """A loop over `body`, which must leave the stack as it was."""
    return "5b" + body + "600056"


def static_call(precompile: int, size: int) -> str:
    """STATICCALL of a precompile with `size` zero bytes, its answer dropped."""
    return "5f5f" + push(size, 4) + "5f" + push(precompile, 2) + "5a" + "fa50"


BOMBS: Final[dict[str, str]] = {
    "endless jump": forever(""),
    "endless gas reads": forever("5a50"),
    "endless exponentiation": forever(push(2**256 - 1) * 2 + "0a50"),
    "endless division": forever(push(3) + push(2**256 - 1) + "0450"),
    "endless hashing": forever("611000" + "5f" + "2050"),
    "endless hashing of much": forever("620fffff" + "5f" + "2050"),
    "endless storing": forever("5a5a55"),
    "endless transient storing": forever("5a5a5d"),
    "endless logs": forever("5f611000a0"),
    "endless cold accounts": forever("5a3150"),
    "endless cold slots": forever("5a5450"),
    "endless copies of code": forever("611000" + "5f5f" + "39"),
    "endless copies of a foreign code": forever("611000" + "5f5f" + "5a" + "3c"),
    "endless memory moves": forever("620fffff" + "5f" + "6001" + "5e"),
    "endless block hashes": forever("5a4050"),
    "endless creations": forever("5f5f5ff050"),
    "endless calls of nobody": forever("5f5f5f5f5f" + "5a" + "5a" + "f150"),
    "endless recoveries": forever(static_call(1, 128)),
    "endless sha256": forever(static_call(2, 100_000)),
    "endless ripemd": forever(static_call(3, 100_000)),
    "endless identity": forever(static_call(4, 1_000_000)),
    "endless curve additions": forever(static_call(6, 128)),
    "endless curve multiplications": forever(static_call(7, 96)),
    "endless pairings": forever(static_call(8, 192 * 4)),
    "endless BLS additions": forever(static_call(11, 256)),
    "endless BLS pairings": forever(static_call(15, 384 * 2)),
    "endless P-256": forever(static_call(0x100, 160)),
    "modexp of enormous lengths": push(2**255) + "5f52" + push(2**255) + "602052" + push(2**255) + "604052"
    + forever("")[2:0] + static_call(5, 96) + "fe",
    "modexp of long numbers": "61040060005261040060205261040060405260ff6060535b" + static_call(5, 3_168) + "603156",
    "blake2f of four thousand million rounds": "63ffffffff5f5260d560e05b" + "5f5f60d5601c60095afa" + "50" + "fe",
    "memory at the end of the world": push(2**255) + "51",
    "memory by doubling": "60015b80" + "52" + "80" + "01" + "600256",
    "return of the whole memory": push(2**255) + "5f" + "f3",
    "code too large": push(24_577, 4) + "5ff3",
    "code that starts with ef": "60ef5f5360015ff3",
    "stack overflow": "5b5f600056",
    "stack underflow": "50",
    "jump into data": "600456605b",
    "jump nowhere": push(2**255) + "56",
    "invalid opcode": "fe",
    "unknown opcode": "0c",
    "creates itself": "363d3d37" + "383d3d39" + "383d3df0" + "5b600c56",
}  # fmt: skip


METHODS: Final = ("eth_call", "eth_estimateGas")
WORST: Final = ("endless jump", "endless pairings", "endless storing", "creates itself")


def _explode(target: Target, name: str, method: str, gas: str) -> None:
    answer = target.ask(call(method, {"from": A, "data": "0x" + BOMBS[name], "gas": gas}))
    assert code_of(answer) in (FAILED, TIMED_OUT), answer
    target.height()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_fails_as_a_call_fails(target: Target, name: str, method: str) -> None:
    _explode(target, name, method, SOME_GAS)


@pytest.mark.parametrize(("name", "method"), list(zip(WORST, METHODS * 2, strict=True)))
def test_the_worst_bombs_end_whatever_gas_they_are_given(target: Target, name: str, method: str) -> None:
    _explode(target, name, method, GAS)


@pytest.mark.nightly
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", BOMBS)
def test_every_bomb_ends_whatever_gas_it_is_given(target: Target, name: str, method: str) -> None:
    _explode(target, name, method, GAS)


def _at(code: str) -> dict[str, Any]:
    """State overrides with `code` at A."""
    return {A: {"code": "0x" + code}}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("calls itself", "5f5f5f5f5f305af100"),
        ("delegates to itself", "5f5f5f5f305af400"),
        ("calls itself twice", "5f5f5f5f5f305af1505f5f5f5f5f305af100"),
        ("a megabyte of jump targets", "5b" * 1_000_000),
        ("a megabyte of pushes", "7f" * 1_000_000),
        ("a megabyte of pops", "5f50" * 500_000),
    ],
)
def test_strange_code_ends(target: Target, name: str, code: str) -> None:
    answer = target.ask(call("eth_call", {"to": A, "gas": SOME_GAS}, "latest", _at(code)))
    assert code_of(answer) in (0, FAILED, TIMED_OUT), (name, answer)


def test_a_revert_carries_its_data_however_long(target: Target) -> None:
    answer = target.ask(call("eth_call", {"to": A, "gas": GAS}, "latest", _at(push(1_000_000, 4) + "5ffd")))
    assert code_of(answer) == REVERTED
    assert len(answer["error"]["data"]) == 2 + 2 * 1_000_000


def test_a_long_answer_is_given_and_an_endless_one_is_not(target: Target) -> None:
    answer = target.ask(call("eth_call", {"to": A}, "latest", _at(push(1_000_000, 4) + "5ff3")))
    assert len(answer["result"]) == 2 + 2 * 1_000_000
    answer = target.ask(call("eth_call", {"to": A}, "latest", _at(push(100_000_000, 4) + "5ff3")))
    assert code_of(answer) == FAILED


@pytest.mark.parametrize("tracer", [{}, {"tracer": "callTracer"}, {"tracer": "prestateTracer"}, {"enableMemory": True}])
@pytest.mark.parametrize("name", ["endless jump", "endless creations", "endless storing", "stack overflow"])
def test_a_trace_of_a_bomb_ends(target: Target, name: str, tracer: dict[str, Any]) -> None:
    answer = target.ask(call("debug_traceCall", {"data": "0x" + BOMBS[name], "gas": SOME_GAS}, "latest", tracer))
    assert code_of(answer) in (0, FAILED, TIMED_OUT, TOO_LARGE), str(answer)[:500]


@pytest.mark.parametrize("count", [3, pytest.param(60, marks=pytest.mark.nightly)])
def test_a_batch_of_bombs_does_not_stop_blocks(target: Target, count: int) -> None:
    """Its time is bounded: members that did not begin by then are refused."""
    bomb = call("eth_call", {"data": "0x" + BOMBS["endless jump"], "gas": GAS})
    before = target.height()
    codes = {code_of(answer) for answer in target.ask([bomb] * count)}
    assert codes <= {FAILED, TIMED_OUT}
    wait_for(lambda: target.height() > before, "a block since the bombs")


def test_an_access_list_of_ten_thousand_entries_is_paid_for(target: Target) -> None:
    entries = [{"address": f"0x{n:040x}", "storageKeys": []} for n in range(10_000)]
    answer = target.ask(call("eth_call", {"to": A, "accessList": entries, "gas": "0x5208"}))
    assert code_of(answer) == FAILED
    assert "intrinsic gas too low" in answer["error"]["message"]


def test_initcode_over_the_limit_is_refused(target: Target) -> None:
    answer = target.ask(call("eth_call", {"data": "0x" + "00" * 49_153}))
    assert code_of(answer) == FAILED
    assert "max initcode size exceeded" in answer["error"]["message"]


def test_value_that_nobody_has_is_refused(target: Target) -> None:
    answer = target.ask(call("eth_call", {"from": A, "to": A, "value": hex(2**256 - 1)}))
    assert code_of(answer) == FAILED
    assert "insufficient funds" in answer["error"]["message"]
