"""The same signed transactions on Anvil and on a sandbox: the same frames, opcodes, gas, stacks, memory and storage.

Where Anvil's form or words are not geth's, what it says is put into geth's first, and each such place is named below.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from contracts.assembler import assemble, creation_code
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import SignedTransaction, TransactionType, sign_transaction
from tests import compared
from tests.e2e.conftest import ProcessGroup, answers_calls, rpc_call, wait_until
from tests.ports import free_ports

CHAIN_ID: Final = 161299
KEY: Final = bytes(31) + b"\x77"
SENDER: Final = private_key_to_address(KEY)
COINBASE: Final = "0x4200000000000000000000000000000000000011"
"""The sandbox's; Anvil is given the same, so that the same accounts are warm."""


def _at(number: int) -> Address:
    return Address(b"\xee" * 19 + bytes((number,)))


def _text(value: bytes) -> str:
    return "0x" + value.hex()


def _call(kind: str, number: int, *, gas: str = "gas", value: int = 0) -> str:
    given = "" if kind in ("delegatecall", "staticcall") else f"{value} "
    return f"32 0 0 0 {given}{_text(_at(number))} {gas} {kind} pop "


WRITER, REVERTER, EATER, POOR, INVALID, DESTROYER, DELEGATED, NOBODY = range(1, 9)
REVERT_REASON: Final = (
    f"0x08c379a0{'00' * 28} 0 mstore 32 4 mstore 3 36 mstore 0x626164{'00' * 29} 68 mstore 100 0 revert"
)
CALLEES: Final = {
    WRITER: assemble("1 0 sstore 0x2a 0 mstore 32 0 0xabc 0xdef log2 caller extcodesize pop 32 0 return"),
    REVERTER: assemble(REVERT_REASON),
    EATER: assemble("loop: @loop jump"),
    POOR: assemble("1 add"),
    INVALID: assemble("invalid"),
    DESTROYER: assemble("0xbeef selfdestruct"),
    DELEGATED: b"\xef\x01\x00" + _at(WRITER),
}
INIT: Final = creation_code(assemble("0 sload 0 0 return"))
STORE_INIT: Final = f"0x{INIT.ljust(32, bytes(1)).hex()} 0 mstore "
CREATE2: Final = f"7 {len(INIT)} 0 0 create2 pop "
PROGRAMS: Final = {
    "calls": _call("call", WRITER) + _call("callcode", WRITER, value=1) + _call("call", NOBODY, value=1),
    "delegate": _call("delegatecall", WRITER) + _call("staticcall", NOBODY) + _call("delegatecall", REVERTER),
    "static": _call("staticcall", WRITER, gas="9000") + _call("staticcall", REVERTER),
    "failures": _call("call", REVERTER) + _call("call", EATER, gas="5000") + _call("call", POOR, gas="5000"),
    "invalid": _call("call", INVALID, gas="5000") + "0xfeed 0 sstore",
    "no funds": _call("call", WRITER, value=10**30) + _call("callcode", WRITER, value=10**30) + f"0 0 {10**30} create",
    "creations": f"{STORE_INIT}{len(INIT)} 0 0 create dup1 extcodesize pop extcodehash pop {CREATE2}{CREATE2}",
    "selfdestruct": _call("call", DESTROYER),
    "precompiles": "0x1234 0 mstore 32 32 32 0 2 gas staticcall pop 32 32 32 0 0 4 gas call pop "
    "32 32 3 0 8 9 staticcall",
    "storage": "1 0 sstore 0 0 sstore 5 1 sstore 6 1 sstore 1 sload pop 9 3 tstore 3 tload pop 0 2 sstore",
    "memory": "1 100 mstore 64 0 keccak256 pop 10 0 200 mcopy 32 0 300 codecopy 64 10 0 calldatacopy 1 999 mstore8 "
    "msize pop 4 0 0 0xbeef extcodecopy 3 255 exp pop 0 0 log0",
    "7702": _call("call", DELEGATED) + _call("delegatecall", DELEGATED),
    "revert": "1 0 sstore " + _call("call", WRITER) + REVERT_REASON,
    "out of gas": "1 0 sstore " + _call("call", WRITER) + " ".join(f"1 {slot} sstore" for slot in range(2, 16)),
    "bad jump": "1 7 jump",
    "return data": _call("call", WRITER) + "returndatasize 0 0 returndatacopy 33 0 0 returndatacopy",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two chains with the same contracts, and the transactions that both have."""

    anvil: str
    ours: str
    sent: dict[str, str]
    """Transaction hash by program."""

    def trace(self, program: str, config: dict[str, Any]) -> tuple[Any, Any]:
        """(Anvil's, ours)."""
        transaction = self.sent[program]
        first, second = (
            rpc_call(url, "debug_traceTransaction", transaction, config) for url in (self.anvil, self.ours)
        )
        return first, second


@pytest.fixture(scope="module")
def pair(anvil: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("traces")
    compared.leave_out(directory / "data" / "sandbox", "the test forges its state")
    anvil_port, our_port = free_ports(2)
    processes = ProcessGroup(directory)
    options = [f"--chain-id={CHAIN_ID}", "--hardfork=prague", "--steps-tracing"]
    processes.start("anvil", [str(anvil), f"--port={anvil_port}", *options])
    processes.openledger("sandbox", "devnet", "--sandbox", f"--data-dir={directory / 'data'}", f"--rpc-port={our_port}")
    anvil_url, our_url = (f"http://127.0.0.1:{port}" for port in (anvil_port, our_port))
    try:
        for url in (anvil_url, our_url):
            wait_until(_answers(processes, url), url)
            wait_until(partial(answers_calls, url), url)
            _forge(url)
        rpc_call(anvil_url, "anvil_setCoinbase", COINBASE)
        sent = {program: _send((anvil_url, our_url), nonce) for nonce, program in enumerate(PROGRAMS)}
        yield Pair(anvil_url, our_url, sent)
    finally:
        processes.stop()


def _answers(processes: ProcessGroup, url: str) -> Callable[[], bool]:
    def ask() -> bool:
        processes.check()
        return bool(rpc_call(url, "eth_chainId") == hex(CHAIN_ID))

    return ask


def _forge(url: str) -> None:
    rpc_call(url, "anvil_setBalance", _text(SENDER), hex(10**21))
    for number, code in CALLEES.items():
        rpc_call(url, "anvil_setCode", _text(_at(number)), _text(code))
    rpc_call(url, "anvil_setBalance", _text(_at(DESTROYER)), hex(55))
    for index, source in enumerate(PROGRAMS.values()):
        rpc_call(url, "anvil_setCode", _text(_at(100 + index)), _text(assemble(source)))
        rpc_call(url, "anvil_setBalance", _text(_at(100 + index)), hex(1_000))


def _send(urls: tuple[str, ...], nonce: int) -> str:
    """The hash of the transaction that runs program number `nonce` on each chain."""
    unsigned = SignedTransaction(
        type=TransactionType.DYNAMIC_FEE,
        chain_id=CHAIN_ID,
        nonce=Nonce(nonce),
        gas_limit=Gas(300_000),
        max_fee_per_gas=Wei(10**11),
        max_priority_fee_per_gas=Wei(1),
        to=_at(100 + nonce),
        value=Wei(3),
        data=bytes.fromhex("1234567800"),
        y_parity=0,
        r=0,
        s=0,
    )
    raw = _text(sign_transaction(unsigned, KEY).raw)
    (transaction,) = {rpc_call(url, "eth_sendRawTransaction", raw) for url in urls}
    for url in urls:
        wait_until(lambda url=url: rpc_call(url, "eth_getTransactionReceipt", transaction), "the receipt")  # type: ignore[misc]
    return str(transaction)


WORDS: Final = {
    "StateChangeDuringStaticCall": "write protection",
    "CreateCollision": "contract address collision",
    "OutOfOffset": "return data out of bounds",
    "StackUnderflow": "stack underflow (1 <=> 2)",
}
"""Where Anvil shows its EVM's own names."""


def _as_geth_frame(frame: dict[str, Any]) -> dict[str, Any]:
    changed = frame | {"calls": [_as_geth_frame(inner) for inner in frame.get("calls", ())]}
    if "error" in frame:
        changed["error"] = WORDS.get(frame["error"], frame["error"])
    return {name: value for name, value in changed.items() if value != []}


@pytest.mark.parametrize("program", PROGRAMS)
def test_frames_are_anvil_s(pair: Pair, program: str) -> None:
    config = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}
    theirs, ours = pair.trace(program, config)
    assert ours["gas"] == hex(300_000), "the transaction's limit; Anvil leaves the intrinsic gas out"
    assert _as_geth_frame(theirs) | {"gas": ours["gas"]} == ours
    for url in (pair.anvil, pair.ours):
        receipt = rpc_call(url, "eth_getTransactionReceipt", pair.sent[program])
        assert (receipt["gasUsed"], int(receipt["status"], 16)) == (ours["gasUsed"], "error" not in ours)


def _as_geth_step(step: dict[str, Any]) -> dict[str, Any]:
    """Without what geth leaves out because it is empty, without the refund, and without errors."""
    left_out = {name for name, empty in (("memory", []), ("returnData", "0x")) if step.get(name) == empty}
    return {name: value for name, value in step.items() if name not in left_out | {"refund", "error"}}


def _geths_own(theirs: dict[str, Any], ours: dict[str, Any]) -> set[str]:
    """Members in which the two mean different things: Anvil prices a creation with what it hands on, what can't be paid
    with all that is left, and shows no storage for a write that is refused."""
    if "error" in theirs:
        return {"gasCost", "storage"}
    return {"gasCost"} if ours["op"] in ("CREATE", "CREATE2") else set()


@pytest.mark.parametrize("program", PROGRAMS)
def test_opcodes_are_anvil_s_with_gas_stack_memory_and_storage(pair: Pair, program: str) -> None:
    theirs, ours = pair.trace(program, {"enableMemory": True, "enableReturnData": True})
    for first, second in itertools.zip_longest(theirs.pop("structLogs"), ours.pop("structLogs")):
        assert first is not None
        assert second is not None
        geths = {name for name in _geths_own(first, second) if name in second}
        assert _as_geth_step(first) | {name: second[name] for name in geths} == _as_geth_step(second)
    assert theirs == ours


@pytest.mark.parametrize("program", [program for program in PROGRAMS if program != "static"])
def test_what_was_there_before_is_what_anvil_says(pair: Pair, program: str) -> None:
    """Anvil lists empty accounts, has no code hashes, and leaves out a slot whose write a static frame refused; what
    sender and fee recipient have differs by the chains' fees."""
    theirs, ours = pair.trace(program, {"tracer": "prestateTracer"})
    fees = {_text(SENDER), COINBASE}
    for address, account in ours.items():
        assert account.pop("codeHash", None) is None or account["code"]
        if address not in fees:
            assert theirs[address] == account
    missing = [account for address, account in theirs.items() if address not in ours]
    assert [account for account in missing if account != {"balance": "0x0"}] == []


def test_parity_s_traces_are_anvil_s(pair: Pair) -> None:
    for program in ("calls", "selfdestruct", "7702", "revert"):
        theirs, ours = (rpc_call(url, "trace_transaction", pair.sent[program]) for url in (pair.anvil, pair.ours))
        for first, second in zip(theirs, ours, strict=True):
            places = {name: second[name] for name in ("blockHash", "blockNumber", "transactionPosition")}
            without_result = {"result": None} if first.get("result") is None else {}
            assert first | places == second | without_result
