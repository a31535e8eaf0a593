"""The assembler, the declarations that it shares with Vyper sources, and storage words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.artifacts import artifact
from contracts.assembler import OPCODES, assemble, creation_code, push
from contracts.signatures import canonical_signature, parse_declaration, selector, topic
from contracts.storage import mapping_slot, solidity_mapping_slot, storage_words, variable_words, word
from tests.unit.contracts.harness import Evm


def test_assembles_numbers_selectors_and_targets() -> None:
    assert assemble("0 1 0x100 push4 5").hex() == "5f600161010063" + "00000005"
    assert assemble("$transfer(address,uint256)").hex() == "63a9059cbb"
    assert assemble("%Transfer(address,address,uint256)").hex() == (
        "7fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    )
    assert assemble("@end jump end: stop ; a comment").hex() == "6003565b00"


def test_widens_pushes_of_far_targets_only() -> None:
    code = assemble("near: @far jump " + "stop " * 300 + "far: @near jump")
    assert code[:5].hex() == "5b61" + f"{305:04x}" + "56"
    assert code[305:].hex() == "5b600056"


@pytest.mark.parametrize(
    ("source", "problem"),
    [("frobnicate", "unknown word"), ("@nowhere", "no label"), ("a: a:", "twice"), ("push1 256", "does not fit")],
)
def test_names_what_it_does_not_understand(source: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        assemble(source)


def test_refuses_code_beyond_the_protocols_limit() -> None:
    with pytest.raises(ValueError, match="EIP-170"):
        assemble("stop " * 0x6001)


@given(st.integers(0, 2**256 - 1))
def test_pushes_are_as_narrow_as_the_number(value: int) -> None:
    code = push(value)
    assert code[0] == OPCODES["jumpdest"] + 4 + len(code) - 1
    assert int.from_bytes(code[1:], "big") == value
    assert len(code) == 1 or code[1] != 0


def test_creation_code_stores_its_arguments_and_deploys(evm: Evm) -> None:
    runtime = assemble("1 sload 0 mstore 32 0 return")
    where = evm.deploy(creation_code(runtime, (7, 1)) + (5).to_bytes(32, "big") + (6).to_bytes(32, "big"))
    assert evm.state.get_code(where) == runtime
    assert (evm.storage(where, 7), evm.storage(where, 1)) == (5, 6)
    assert int.from_bytes(evm.send(where).output, "big") == 6


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("function f(uint256 a, bytes) view returns (bool)", "f(uint256,bytes)"),
        ("error Unproven()", "Unproven()"),
        ("event E(address indexed a, (uint8 x, bytes y)[] b)", "E(address,(uint8,bytes)[])"),
    ],
)
def test_parses_declarations(text: str, signature: str) -> None:
    assert canonical_signature(parse_declaration(text)) == signature


def test_declared_functions_keep_names_outputs_and_indexed_flags() -> None:
    function = parse_declaration("function f((uint8 x, bytes y)[] list) payable returns (uint256 n, (bool ok)[] r)")
    assert function["inputs"][0]["components"][1] == {"type": "bytes", "name": "y"}
    assert [output["type"] for output in function["outputs"]] == ["uint256", "tuple[]"]
    event = parse_declaration("event E(address indexed a, uint256 b)")
    assert [parameter["indexed"] for parameter in event["inputs"]] == [True, False]
    assert topic(event) == topic("E(address,uint256)")
    assert selector("owner()").hex() == "8da5cb5b"


def test_refuses_what_is_no_declaration() -> None:
    with pytest.raises(ValueError, match="not a declaration"):
        parse_declaration("function without parentheses")


def test_mapping_slots_hash_in_the_compilers_orders() -> None:
    assert mapping_slot(0, 0) == solidity_mapping_slot(0, 0)
    assert mapping_slot(1, 2) == solidity_mapping_slot(2, 1)
    assert mapping_slot(3, b"\1" * 20) == mapping_slot(3, (b"\1" * 20).rjust(32, b"\0"))


def test_storage_words_of_each_kind_of_variable() -> None:
    assert variable_words("int256", 4, -1) == {4: 2**256 - 1}
    assert variable_words("bool", 4, True) == {4: 1}
    assert variable_words("DynArray[uint256, 5]", 4, [7, 8]) == {4: 2, 5: 7, 6: 8}
    assert variable_words("Struct declaration object", 4, (1, b"\2" * 20)) == {4: 1, 5: word(b"\2" * 20)}
    long = "x" * 40
    assert variable_words("String[64]", 4, long) == {
        4: 40, 5: int.from_bytes(b"x" * 32, "big"), 6: int.from_bytes(b"x" * 8 + bytes(24), "big"),
    }  # fmt: skip
    nested = variable_words("HashMap[address, HashMap[uint256, bool]]", 4, {b"\1" * 20: {9: True}})
    assert nested == {mapping_slot(mapping_slot(4, b"\1" * 20), 9): 1}


def test_storage_words_agree_with_what_vyper_code_reads(evm: Evm) -> None:
    built = artifact("WrappedOpen")
    who, spender = b"\1" * 20, b"\2" * 20
    words = storage_words(built, {"balanceOf": {who: 5}, "allowance": {who: {spender: 6}}})
    where = evm.place(b"\x33" * 20, built.runtime, words)
    call = selector("allowance(address,address)") + who.rjust(32, b"\0") + spender.rjust(32, b"\0")
    assert int.from_bytes(evm.send(where, call).output, "big") == 6
    call = selector("balanceOf(address)") + who.rjust(32, b"\0")
    assert int.from_bytes(evm.send(where, call).output, "big") == 5


def test_storage_words_refuse_unknown_variables_and_odd_values() -> None:
    with pytest.raises(KeyError):
        storage_words(artifact("WrappedOpen"), {"nothing": 1})
    with pytest.raises(ValueError, match="19 bytes"):
        word(b"\1" * 19)
    with pytest.raises(ValueError, match="does not fit"):
        word(2**256)
    with pytest.raises(TypeError, match="not a mapping"):
        variable_words("uint256", 0, {1: 2})
