"""prestateTracer, 4byteTracer, noopTracer and muxTracer."""

import pytest

from contracts.assembler import assemble, creation_code
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Wei
from state.tracing import Budget, TraceConfig, TraceTooLarge
from tests.unit.state.execution.chains import FEE_RECIPIENT, FUNDS, OTHER_KEY, RECIPIENT, SENDER, authorize
from tests.unit.state.execution.chains import OTHER as AUTHORITY
from tests.unit.state.tracing.programs import MAIN, NOBODY, OTHER, Programs, address_text, call

ZERO, ONE, TWO = ("0x" + f"{n:064x}" for n in range(3))


def test_prestate_is_what_the_transaction_looked_at_as_it_was(programs: Programs) -> None:
    programs.put(MAIN, "5 1 sstore 2 sload pop 6 1 sstore " + call("call", OTHER, value=1), storage={1: 2}, balance=3)
    programs.put(OTHER, f"{address_text(NOBODY)} balance pop", nonce=4)
    state = programs.trace("prestateTracer")
    code = programs.state.code(programs.state.accounts[MAIN].code_hash)
    assert state[address_text(MAIN)] == {
        "balance": "0x3",
        "code": "0x" + code.hex(),
        "codeHash": "0x" + keccak256(code).hex(),
        "storage": {ONE: TWO, TWO: ZERO},
    }
    assert state[address_text(OTHER)]["nonce"] == 4
    assert state[address_text(SENDER)] == {"balance": hex(FUNDS)}, "before gas was bought"
    assert address_text(NOBODY) not in state, "what never was is left out"
    empty = programs.trace("prestateTracer", options={"include_empty": True})
    assert empty.keys() - state.keys() == {address_text(NOBODY), address_text(FEE_RECIPIENT)}


def test_prestate_without_code_or_storage_if_asked(programs: Programs) -> None:
    programs.put(MAIN, "5 1 sstore", storage={1: 2})
    state = programs.trace("prestateTracer", options={"disable_code": True, "disable_storage": True})
    assert state[address_text(MAIN)].keys() == {"balance", "codeHash"}


def test_prestate_knows_delegates_and_authorities(programs: Programs) -> None:
    programs.put(MAIN, "stop")
    programs.state.put(OTHER, code=b"\xef\x01\x00" + MAIN)
    programs.state.put(AUTHORITY, balance=1)
    authorization = authorize(OTHER_KEY, MAIN, 0)
    state = programs.trace("prestateTracer", to=OTHER, type=4, authorizations=(authorization,), gas_limit=Gas(200_000))
    assert {address_text(MAIN), address_text(OTHER), address_text(AUTHORITY)} <= state.keys()
    changed = programs.trace(
        "prestateTracer",
        to=OTHER,
        type=4,
        authorizations=(authorization,),
        gas_limit=Gas(200_000),
        options={"diff_mode": True},
    )
    assert changed["post"][address_text(AUTHORITY)]["code"] == "0xef0100" + MAIN.hex()
    assert changed["pre"][address_text(AUTHORITY)] == {"balance": "0x1"}
    assert address_text(OTHER) not in changed["post"]


def test_diff_mode_has_only_what_changed_before_and_after(programs: Programs) -> None:
    programs.put(MAIN, "5 1 sstore 0 2 sstore 3 sload pop " + call("call", RECIPIENT, value=1), storage={2: 7, 3: 8})
    diff = programs.trace("prestateTracer", value=Wei(2), options={"diff_mode": True})
    main = address_text(MAIN)
    assert diff["pre"][main]["storage"] == {TWO: f"0x{7:064x}"}, "neither what was empty nor what stayed"
    assert diff["post"][main] == {"balance": "0x1", "storage": {ONE: f"0x{5:064x}"}}, "what was cleared has no value"
    assert diff["post"][address_text(RECIPIENT)] == {"balance": "0x1"}
    assert address_text(RECIPIENT) not in diff["pre"]
    assert (diff["post"][address_text(SENDER)]["nonce"], "nonce" in diff["pre"][address_text(SENDER)]) == (1, False)


def test_diff_mode_of_a_revert_has_only_the_fee(programs: Programs) -> None:
    programs.put(MAIN, "5 1 sstore 0 0 revert")
    diff = programs.trace("prestateTracer", options={"diff_mode": True})
    assert diff["post"].keys() == {address_text(SENDER), address_text(FEE_RECIPIENT)}


def test_a_contract_that_comes_and_goes_in_one_transaction_leaves_no_trace(programs: Programs) -> None:
    init = assemble(f"1 1 sstore {address_text(NOBODY)} selfdestruct")
    programs.put(MAIN, f"0x{init.ljust(32, bytes(1)).hex()} 0 mstore {len(init)} 0 9 create pop", balance=9)
    diff = programs.trace("prestateTracer", options={"diff_mode": True})
    assert diff["post"].keys() == {address_text(a) for a in (SENDER, FEE_RECIPIENT, MAIN, NOBODY)}
    assert diff["post"][address_text(MAIN)] == {"balance": "0x0", "nonce": 1}


def test_a_new_contract_is_only_in_post(programs: Programs) -> None:
    runtime = assemble("stop")
    diff = programs.trace("prestateTracer", to=None, data=creation_code(runtime), options={"diff_mode": True})
    assert programs.outcome is not None
    assert programs.outcome.created_address is not None
    created = address_text(programs.outcome.created_address)
    assert diff["post"][created] == {"code": "0x00", "codeHash": "0x" + keccak256(runtime).hex(), "nonce": 1}
    assert created not in diff["pre"]


def test_prestate_spends_the_budget(programs: Programs) -> None:
    programs.put(MAIN, "0 loop: 1 add dup1 sload pop @loop jump")
    with pytest.raises(TraceTooLarge):
        programs.trace("prestateTracer", budget=Budget(10_000))


def test_selectors_are_counted_with_the_size_behind_them(programs: Programs) -> None:
    sha256 = Address(bytes(19) + b"\x02")
    selector = "0x11223344 224 shl 0 mstore "
    calls = call("call", OTHER, size=36) * 2 + call("staticcall", OTHER, size=4) + call("delegatecall", OTHER, size=3)
    programs.put(MAIN, selector + calls + call("call", sha256, size=8) + "8 0 0 create pop")
    counted = programs.trace("4byteTracer", data=bytes.fromhex("aabbccdd00"))
    assert counted == {"0xaabbccdd-1": 1, "0x11223344-32": 2, "0x11223344-0": 1}


def test_mux_runs_the_transaction_once_for_all(programs: Programs) -> None:
    programs.put(MAIN, "1 1 sstore " + call("call", OTHER))
    names = ("callTracer", "prestateTracer", "4byteTracer", "noopTracer")
    inner = {name: TraceConfig(tracer=name) for name in names}
    together = programs.trace("muxTracer", options={"tracers": inner}, data=b"1234")
    assert together == {name: programs.trace(name, data=b"1234") for name in names}
    assert together["noopTracer"] == {}
