"""callTracer, and Parity's flat form of the same frames."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.assembler import assemble, creation_code
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Wei
from state.tracing import Budget, TraceTooLarge
from tests.unit.state.execution.chains import OTHER as DEPOSITOR
from tests.unit.state.execution.chains import OTHER_KEY, RECIPIENT, SENDER, authorize, deposit
from tests.unit.state.tracing.programs import MAIN, NOBODY, OTHER, Programs, address_text, call

REASON = "0x08c379a0" + (32).to_bytes(32, "big").hex() + (3).to_bytes(32, "big").hex() + b"bad".ljust(32, b"\0").hex()


def reverting(data: str) -> str:
    """Assembler that reverts with `data`."""
    raw = bytes.fromhex(data[2:])
    words = (raw[start : start + 32].ljust(32, b"\0") for start in range(0, len(raw), 32))
    stores = " ".join(f"0x{word.hex()} {32 * index} mstore" for index, word in enumerate(words))
    return f"{stores} {len(raw)} 0 revert"


def test_a_plain_transfer_is_one_frame_with_the_limit_and_the_receipt_s_gas(programs: Programs) -> None:
    assert programs.trace("callTracer", to=RECIPIENT, value=Wei(5), gas_limit=Gas(50_000)) == {
        "from": address_text(SENDER),
        "to": address_text(RECIPIENT),
        "gas": hex(50_000),
        "gasUsed": hex(21_000),
        "input": "0x",
        "type": "CALL",
        "value": "0x5",
    }


def test_every_kind_of_call_has_geth_s_sender_recipient_and_value(programs: Programs) -> None:
    programs.put(OTHER, "7 0 mstore 32 0 return")
    kinds = ("call", "callcode", "delegatecall", "staticcall")
    programs.put(MAIN, "".join(call(kind, OTHER, gas="9000") for kind in kinds))
    frames = programs.trace("callTracer", value=Wei(3))["calls"]
    assert [(frame["type"], frame.get("value")) for frame in frames] == [
        ("CALL", "0x0"),
        ("CALLCODE", "0x0"),
        ("DELEGATECALL", "0x3"),
        ("STATICCALL", None),
    ]
    assert {(frame["from"], frame["to"], frame["gas"]) for frame in frames} == {
        (address_text(MAIN), address_text(OTHER), hex(9_000))
    }
    assert {frame["output"] for frame in frames} == {"0x" + "00" * 31 + "07"}


def test_frames_nest_and_delegates_act_for_the_one_that_called(programs: Programs) -> None:
    third = Address(b"\xcc" * 20)
    programs.put(third, "stop")
    programs.put(OTHER, call("call", third))
    programs.put(MAIN, call("delegatecall", OTHER))
    (outer,) = programs.trace("callTracer")["calls"]
    (inner,) = outer["calls"]
    assert (inner["from"], inner["to"]) == (address_text(MAIN), address_text(third))


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("invalid", "invalid opcode: INVALID"),
        ("1 add", "stack underflow (1 <=> 2)"),
        ("0 jump", "invalid jump destination"),
        ("loop: @loop jump", "out of gas"),
        ("1 0 0 returndatacopy", "return data out of bounds"),
    ],
)
def test_a_frame_that_fails_uses_all_its_gas_and_says_why(programs: Programs, source: str, error: str) -> None:
    programs.put(OTHER, source)
    programs.put(MAIN, call("call", OTHER, gas="5000"))
    (frame,) = programs.trace("callTracer")["calls"]
    assert (frame["error"], frame["gasUsed"], frame["gas"]) == (error, hex(5_000), hex(5_000))
    assert not frame.keys() & {"output", "revertReason"}


def test_a_revert_keeps_its_gas_and_tells_its_reason(programs: Programs) -> None:
    programs.put(OTHER, reverting(REASON))
    programs.put(MAIN, call("call", OTHER, gas="50000"))
    (frame,) = programs.trace("callTracer")["calls"]
    assert (frame["error"], frame["revertReason"], frame["output"]) == ("execution reverted", "bad", REASON)
    assert int(frame["gasUsed"], 16) < 1_000
    programs.put(OTHER, "0xaa 0 mstore8 1 0 revert")
    (frame,) = programs.trace("callTracer")["calls"]
    assert (frame["output"], "revertReason" in frame) == ("0xaa", False)


def _store(code: bytes) -> str:
    words = (code[start : start + 32].ljust(32, b"\0") for start in range(0, len(code), 32))
    return " ".join(f"0x{word.hex()} {32 * index} mstore" for index, word in enumerate(words)) + " "


def test_creations_show_init_code_contract_and_collision(programs: Programs) -> None:
    init = creation_code(assemble("stop"))
    size = len(init)
    again = f"7 {size} 0 0 create2 pop "
    programs.put(MAIN, _store(init) + f"{size} 0 0 create pop " + again + again, nonce=1)
    made, salted, collided = programs.trace("callTracer", gas_limit=Gas(1_000_000))["calls"]
    assert [frame["type"] for frame in (made, salted, collided)] == ["CREATE", "CREATE2", "CREATE2"]
    assert {frame["input"] for frame in (made, salted, collided)} == {"0x" + init.hex()}
    assert salted["to"] == "0x" + keccak256(b"\xff" + MAIN + (7).to_bytes(32, "big") + keccak256(init))[12:].hex()
    assert made["output"] == "0x00"
    assert collided["error"] == "contract address collision"
    assert (collided["gas"] == collided["gasUsed"], "to" in collided) == (True, False)


def test_a_creation_transaction_has_the_contract_as_recipient_unless_it_fails(programs: Programs) -> None:
    init = creation_code(assemble("stop"))
    made = programs.trace("callTracer", to=None, data=init)
    assert programs.outcome is not None
    created = programs.outcome.created_address
    assert created is not None
    assert (made["type"], made["to"], made["input"]) == ("CREATE", address_text(created), "0x" + init.hex())
    failed = programs.trace("callTracer", to=None, data=b"\xfe")
    assert ("to" in failed, failed["error"]) == (False, "invalid opcode: INVALID")
    programs.state.put(created, nonce=1)
    occupied = programs.trace("callTracer", to=None, data=init)
    assert (occupied["error"], occupied["gasUsed"]) == ("contract address collision", hex(500_000))


def test_what_can_not_be_paid_is_a_frame_that_used_nothing(programs: Programs) -> None:
    source = (
        call("call", OTHER, gas="1000", value=2) + call("callcode", OTHER, gas="1000", value=2) + "0 0 2 create pop"
    )
    programs.put(MAIN, source, balance=1)
    frames = programs.trace("callTracer")["calls"]
    assert [frame["type"] for frame in frames] == ["CALL", "CALLCODE", "CREATE"]
    assert {(frame["error"], frame["gasUsed"], frame["value"]) for frame in frames} == {
        ("insufficient balance for transfer", "0x0", "0x2")
    }
    assert [frame["gas"] for frame in frames[:2]] == [hex(3_300), hex(3_300)]
    assert ["to" in frame for frame in frames] == [True, True, False]


def test_frames_as_deep_as_the_evm_goes_are_written(programs: Programs) -> None:
    programs.put(MAIN, f"0 0 0 0 0 {address_text(MAIN)} gas call stop")
    frame = programs.trace("callTracer", gas_limit=Gas(29_000_000), budget=Budget(1 << 30))
    depth = 0
    while "calls" in frame:
        (frame,) = frame["calls"]
        depth += 1
    assert depth > 255, "more than JSON encoders nest by themselves"


def test_self_destruction_is_a_frame_with_the_balance(programs: Programs) -> None:
    programs.put(OTHER, f"{address_text(NOBODY)} selfdestruct", balance=9)
    programs.put(MAIN, call("call", OTHER))
    (frame,) = programs.trace("callTracer")["calls"]
    assert frame["calls"] == [
        {
            "from": address_text(OTHER),
            "to": address_text(NOBODY),
            "gas": "0x0",
            "gasUsed": "0x0",
            "input": "0x",
            "type": "SELFDESTRUCT",
            "value": "0x9",
        }
    ]


def test_precompiles_have_frames(programs: Programs) -> None:
    sha256, pairing = Address(bytes(19) + b"\x02"), Address(bytes(19) + b"\x08")
    programs.put(MAIN, call("staticcall", sha256, size=1) + call("call", pairing, gas="100", size=1))
    good, bad = programs.trace("callTracer")["calls"]
    assert (good["to"], good["gasUsed"], len(good["output"])) == (address_text(sha256), hex(72), 66)
    assert (bad["gas"], bad["gasUsed"]) == (hex(100), hex(100))
    assert "error" in bad


def test_a_delegated_account_s_frame_is_its_own(programs: Programs) -> None:
    programs.put(MAIN, "caller pop")
    programs.put(OTHER, call("call", DEPOSITOR))
    result = programs.trace(
        "callTracer", to=OTHER, type=4, authorizations=(authorize(OTHER_KEY, MAIN, 0),), gas_limit=Gas(200_000)
    )
    (frame,) = result["calls"]
    assert (frame["from"], frame["to"]) == (address_text(OTHER), address_text(DEPOSITOR))


def _all(frame: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield frame
    for inner in frame.get("calls", ()):
        yield from _all(inner)


def test_logs_have_their_place_and_those_of_failed_frames_are_gone(programs: Programs) -> None:
    third = Address(b"\xcc" * 20)
    programs.put(third, "0xff 0 mstore8 0xabc 1 0 log1")
    programs.put(OTHER, call("call", third) + "0 0 log0 0 0 revert")
    programs.put(MAIN, "0 0 log0 " + call("call", OTHER) + call("call", third) + "0 0 log0")
    result = programs.trace("callTracer", options={"with_log": True})
    assert [(log["index"], log["position"]) for log in result["logs"]] == [("0x0", "0x0"), ("0x2", "0x2")]
    failed, third_frame = result["calls"]
    assert not any("logs" in frame for frame in _all(failed))
    assert third_frame["logs"] == [
        {
            "address": address_text(third),
            "topics": ["0x" + f"{0xABC:064x}"],
            "data": "0xff",
            "index": "0x1",
            "position": "0x0",
        }
    ]
    assert not any("logs" in frame for frame in _all(programs.trace("callTracer")))


def test_only_the_top_call_if_asked(programs: Programs) -> None:
    programs.put(OTHER, "0 0 log0")
    programs.put(MAIN, call("call", OTHER) + "0 0 log0 " + call("call", OTHER))
    result = programs.trace("callTracer", options={"only_top_call": True, "with_log": True})
    assert "calls" not in result
    assert [log["address"] for log in result["logs"]] == [address_text(MAIN)]


def test_a_deposit_that_never_ran_is_shown_as_its_message(programs: Programs) -> None:
    result = programs.trace("callTracer", transaction=deposit(value=Wei(10), data=b"\x01", gas_limit=Gas(60_000)))
    assert result["error"].startswith("failed deposit: insufficient funds")
    assert (result["from"], result["gasUsed"], result["input"]) == (address_text(DEPOSITOR), hex(60_000), "0x01")


def test_frames_spend_the_budget(programs: Programs) -> None:
    programs.put(MAIN, f"loop: 0 0 0 0 0 {address_text(OTHER)} gas call pop @loop jump")
    for tracer in ("callTracer", "flatCallTracer"):
        with pytest.raises(TraceTooLarge):
            programs.trace(tracer, budget=Budget(10_000))


def test_flat_traces_have_paths_and_leave_precompiles_out(programs: Programs) -> None:
    sha256 = Address(bytes(19) + b"\x02")
    programs.put(OTHER, call("staticcall", sha256) + f"{address_text(NOBODY)} selfdestruct", balance=4)
    programs.put(MAIN, call("staticcall", sha256) + call("call", OTHER) + "0 0 0 create pop")
    flat = programs.trace("flatCallTracer")
    assert [(trace["type"], trace["traceAddress"], trace["subtraces"]) for trace in flat] == [
        ("call", [], 2),
        ("call", [0], 1),
        ("suicide", [0, 0], 0),
        ("create", [1], 0),
    ]
    assert flat[0]["action"]["gas"] == hex(500_000)
    assert flat[2]["action"] == {
        "address": address_text(OTHER),
        "balance": "0x4",
        "refundAddress": address_text(NOBODY),
    }
    assert flat[3]["action"]["creationMethod"] == "create"
    with_precompiles = programs.trace("flatCallTracer", options={"include_precompiles": True})
    assert [trace["traceAddress"] for trace in with_precompiles] == [[], [0], [1], [1, 0], [1, 1], [2]]


def test_flat_errors_are_geth_s_or_parity_s_and_only_a_revert_has_a_result(programs: Programs) -> None:
    programs.put(OTHER, "0 0 revert")
    programs.put(NOBODY, "1 add")
    programs.put(MAIN, call("call", OTHER) + call("call", NOBODY, gas="100"))
    errors = [(trace.get("error"), "result" in trace) for trace in programs.trace("flatCallTracer")]
    assert errors == [(None, True), ("execution reverted", True), ("stack underflow (1 <=> 2)", False)]
    parity = programs.trace("flatCallTracer", options={"convert_parity_errors": True})
    assert [trace.get("error") for trace in parity] == [None, "Reverted", "Stack underflow"]
    assert json.dumps(parity[1]["result"]) == '{"gasUsed": "0x4", "output": "0x"}'
