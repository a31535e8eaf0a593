"""The struct logger: geth's entries, and only what was asked for."""

from typing import Any

import pytest

from state.execution.fast_opcodes import memory_price
from state.primitives.types import Gas, Wei
from state.tracing import Budget, TraceTimedOut, TraceTooLarge
from tests.unit.state.execution.chains import RECIPIENT
from tests.unit.state.tracing.programs import MAIN, NOBODY, OTHER, Programs, call

SLOT = "0x" + "00" * 31


def _find(result: dict[str, Any], op: str, depth: int = 1) -> dict[str, Any]:
    (step,) = (step for step in result["structLogs"] if (step["op"], step["depth"]) == (op, depth))
    return step


def test_each_opcode_has_its_place_gas_cost_and_the_stack_before_it(programs: Programs) -> None:
    programs.put(MAIN, "7 2 add 0 mstore 32 0 return")
    result = programs.trace()
    assert [(step["pc"], step["op"], step["gasCost"]) for step in result["structLogs"]] == [
        (0, "PUSH1", 3),
        (2, "PUSH1", 3),
        (4, "ADD", 3),
        (5, "PUSH0", 2),
        (6, "MSTORE", 6),
        (7, "PUSH1", 3),
        (9, "PUSH0", 2),
        (10, "RETURN", 0),
    ]
    add = {"pc": 4, "op": "ADD", "gas": 478_994, "gasCost": 3, "depth": 1, "stack": ["0x7", "0x2"]}
    assert result["structLogs"][2] == add
    assert (result["gas"], result["failed"], result["returnValue"]) == (21_022, False, SLOT + "09")


def test_code_that_just_ends_stops_and_no_code_has_no_steps(programs: Programs) -> None:
    programs.put(MAIN, "1")
    assert [step["op"] for step in programs.trace()["structLogs"]] == ["PUSH1", "STOP"]
    result = programs.trace(to=RECIPIENT, value=Wei(1))
    assert result == {"gas": 21_000, "failed": False, "returnValue": "0x", "structLogs": []}


def test_memory_and_return_data_are_there_if_asked_for_and_the_rest_goes_if_not(programs: Programs) -> None:
    programs.put(OTHER, "0xab 0 mstore8 1 0 return")
    programs.put(MAIN, "0xff 40 mstore8 5 1 sstore " + call("staticcall", OTHER))
    plain = programs.trace()["structLogs"]
    assert not any(step.keys() & {"memory", "returnData"} for step in plain)
    steps = programs.trace(options={"enable_memory": True, "enable_return_data": True})
    assert "memory" not in steps["structLogs"][2], "before the first write there is none"
    assert _find(steps, "SSTORE")["memory"] == ["0x" + "00" * 32, "0x" + "00" * 8 + "ff" + "00" * 23]
    assert _find(steps, "POP")["returnData"] == "0xab"
    bare = programs.trace(options={"disable_stack": True, "disable_storage": True})["structLogs"]
    assert not any(step.keys() & {"stack", "storage", "memory"} for step in bare)
    assert len(bare) == len(plain)


def test_storage_shows_what_the_account_s_code_touched_until_now(programs: Programs) -> None:
    programs.put(MAIN, "1 sload pop 9 2 sstore 2 sload pop", storage={1: 7})
    shown = [step["storage"] for step in programs.trace()["structLogs"] if "storage" in step]
    first = {SLOT + "01": SLOT + "07"}
    assert shown == [first, first | {SLOT + "02": SLOT + "09"}, first | {SLOT + "02": SLOT + "09"}]


def test_a_call_costs_what_it_hands_on_and_a_creation_does_not(programs: Programs) -> None:
    programs.put(OTHER, "stop")
    programs.put(MAIN, call("call", OTHER, gas="5000", value=1) + "0 0 0 create pop", balance=1)
    result = programs.trace()
    assert _find(result, "CALL")["gasCost"] == 2_600 + 9_000 + 5_000
    assert _find(result, "CREATE")["gasCost"] == 32_000
    assert _find(result, "STOP", depth=2)["gas"] == 5_000 + 2_300


def test_the_refund_counter_runs_over_all_frames(programs: Programs) -> None:
    programs.put(OTHER, "0 1 sstore", storage={1: 1})
    programs.put(MAIN, "0 1 sstore " + call("call", OTHER) + call("call", NOBODY), storage={1: 1})
    refunds = [(step["op"], step.get("refund", 0)) for step in programs.trace()["structLogs"] if step["depth"] == 1]
    assert refunds[2] == ("SSTORE", 4_800), "its own included"
    assert [refund for op, refund in refunds if op == "CALL"] == [4_800, 9_600]


def test_a_reverted_frame_s_refund_is_gone(programs: Programs) -> None:
    programs.put(OTHER, "0 1 sstore 0 0 revert", storage={1: 1})
    programs.put(MAIN, call("call", OTHER))
    assert [step.get("refund", 0) for step in programs.trace()["structLogs"]][-2:] == [0, 0]


@pytest.mark.parametrize(
    ("source", "op", "cost", "error"),
    [
        ("1 add", "ADD", 3, "stack underflow (1 <=> 2)"),
        ("0 100000000 mstore", "MSTORE", 3 + memory_price(3_125_001), "out of gas"),
        ("1 0x1000000000000000000 mstore", "MSTORE", 3, "out of gas"),
        ("loop: pc @loop jump", "PUSH1", 3, "stack limit reached 1024 (1023)"),
    ],
)
def test_what_keeps_an_opcode_from_running_is_its_last_step_s_error(
    programs: Programs, source: str, op: str, cost: int, error: str
) -> None:
    programs.put(MAIN, source)
    result = programs.trace()
    last = result["structLogs"][-1]
    assert (result["failed"], result["gas"], result["returnValue"]) == (True, 500_000, "0x")
    assert (last["op"], last["gasCost"], last["error"]) == (op, cost, error)
    assert not any("error" in step for step in result["structLogs"][:-1])


def test_writing_in_a_static_frame_is_an_error_of_its_step(programs: Programs) -> None:
    programs.put(OTHER, "1 1 sstore")
    programs.put(MAIN, call("staticcall", OTHER))
    assert _find(programs.trace(), "SSTORE", depth=2)["error"] == "write protection"


def test_a_cold_slot_that_can_not_be_paid_shows_its_whole_price(programs: Programs) -> None:
    programs.put(MAIN, "1 1 sstore")
    assert programs.trace(gas_limit=Gas(40_000))["structLogs"][-1]["gasCost"] == 22_100
    programs.put(MAIN, "1 sload")
    assert programs.trace(gas_limit=Gas(21_100))["structLogs"][-1]["gasCost"] == 2_100
    programs.put(MAIN, "0x1000 0 keccak256")
    assert programs.trace(gas_limit=Gas(21_500))["structLogs"][-1]["error"] == "out of gas"


def test_what_is_no_opcode_is_named_as_geth_names_it(programs: Programs) -> None:
    programs.state.put(MAIN, code=b"\x0c")
    assert [step["op"] for step in programs.trace()["structLogs"]] == ["opcode 0xc not defined"]


def test_limit_stops_entries_but_not_the_transaction(programs: Programs) -> None:
    programs.put(MAIN, "1 2 add 0 mstore 32 0 return")
    result = programs.trace(options={"limit": 2})
    assert len(result["structLogs"]) == 2
    assert result["returnValue"] == SLOT + "03"


def test_a_revert_returns_its_data(programs: Programs) -> None:
    programs.put(MAIN, "0xab 0 mstore8 1 0 revert")
    result = programs.trace()
    assert (result["failed"], result["returnValue"]) == (True, "0xab")


def test_a_trace_that_outgrows_its_budget_ends_with_advice(programs: Programs) -> None:
    programs.put(MAIN, "loop: @loop jump")
    with pytest.raises(TraceTooLarge, match="over 10000 bytes; set limit, disableStack"):
        programs.trace(budget=Budget(10_000))
    with pytest.raises(TraceTooLarge):
        programs.trace(budget=Budget(10_000), options={"disable_stack": True, "disable_storage": True})


@pytest.mark.parametrize("tracer", ["", "callTracer", "prestateTracer", "noopTracer"])
def test_an_endless_loop_ends_when_the_time_is_up(programs: Programs, tracer: str) -> None:
    programs.put(MAIN, "loop: @loop jump")
    asked = iter(range(100))
    with pytest.raises(TraceTimedOut, match="^execution timeout$"):
        programs.trace(tracer, budget=Budget(1 << 24, lambda: next(asked) == 3))
    assert next(asked) == 4
