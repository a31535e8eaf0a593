"""Parameters that can't be: -32602 with the parameter's name, before anything is done with them."""

from typing import Any, Final

import pytest

from tests.hostile.target import Target, call, code_of

pytestmark = pytest.mark.usefixtures("reader")

A, B = "0x" + "11" * 20, "0x" + "22" * 20
HASH = "0x" + "33" * 32
AUTHORIZATION = {"chainId": "0x0", "address": A, "nonce": "0x0", "yParity": "0x0", "r": "0x1", "s": "0x1"}
PARAMS = -32602

Case = tuple[str, list[Any], str]
"""Method, parameters, and what the message must name."""

NUMBERS: Final[list[Case]] = [
    ("eth_getBalance", [A, "0x"], "block"),
    ("eth_getBalance", [A, "0x01"], "leading zero"),
    ("eth_getBalance", [A, "1"], "0x prefix"),
    ("eth_getBalance", [A, "0xg"], "block"),
    ("eth_getBalance", [A, "0x-1"], "block"),
    ("eth_getBalance", [A, "0x1_0"], "block"),
    ("eth_getBalance", [A, "0x１"], "block"),
    ("eth_getBalance", [A, "0x8000000000000000"], "int64"),
    ("eth_getBalance", [A, "0x" + "f" * 65], "block"),
    ("eth_getBalance", [A, "0x" + "f" * 1_000_000], "block"),
    ("eth_getBalance", [A, "Latest"], "block"),
    ("eth_getBalance", [A, 1], "block"),
    ("eth_getBalance", [A, 1.5], "block"),
    ("eth_getBalance", [A, []], "block"),
    ("eth_getBalance", [A, {}], "block"),
    ("eth_getBalance", [A, {"blockNumber": 1}], "blockNumber"),
    ("eth_getBalance", [A, {"blockHash": "0x12"}], "blockHash"),
    ("eth_getBalance", [A, {"blockHash": HASH, "blockNumber": "0x1"}], "both"),
    ("eth_getBalance", [A, {"blockHash": HASH, "requireCanonical": "yes"}], "requireCanonical"),
    ("eth_getBlockByNumber", [], "argument 0"),
    ("eth_getBlockByNumber", ["latest"], "missing value for required argument 1"),
    ("eth_getBlockByNumber", ["latest", "true"], "argument 1"),
    ("eth_getBlockByNumber", ["latest", 1], "argument 1"),
    ("eth_getUncleByBlockNumberAndIndex", ["latest", "0x10000000000000000"], "index"),
    ("eth_getTransactionByBlockNumberAndIndex", ["latest", "0x10000000000000000"], "index"),
    ("eth_getTransactionByBlockNumberAndIndex", ["latest", -1], "index"),
]
BYTES: Final[list[Case]] = [
    ("eth_getBalance", [], "address"),
    ("eth_getBalance", [None], "address"),
    ("eth_getBalance", ["0x"], "address"),
    ("eth_getBalance", [""], "address"),
    ("eth_getBalance", [A[:-1]], "address"),
    ("eth_getBalance", [A + "00"], "address"),
    ("eth_getBalance", [A[2:]], "address"),
    ("eth_getBalance", ["0x" + "zz" * 20], "address"),
    ("eth_getBalance", ["0x" + "é" * 40], "address"),
    ("eth_getBalance", [[A]], "address"),
    ("eth_getBalance", [{"address": A}], "address"),
    ("eth_getBalance", [A, "latest", "more"], "at most 2"),
    ("eth_getBalance", [A, "latest"] + [None] * 100_000, "at most 2"),
    ("eth_getTransactionByHash", ["0x" + "1" * 63], "hash"),
    ("eth_getTransactionByHash", ["0x" + "1" * 65], "hash"),
    ("eth_getTransactionReceipt", [1], "argument 0"),
    ("eth_getStorageAt", [A, "0x" + "f" * 65, "latest"], "too long"),
    ("eth_getStorageAt", [A, "0xzz", "latest"], "invalid hex"),
    ("eth_sendRawTransaction", ["0xabc"], "odd length"),
    ("eth_sendRawTransaction", ["abcd"], "0x prefix"),
    ("eth_sendRawTransaction", [None], "argument 0"),
    ("web3_sha3", ["0x0"], "odd length"),
    ("web3_sha3", [12], "argument 0"),
    ("eth_getProof", [A, ["0x" + "f" * 65], "latest"], "too long"),
    ("eth_getProof", [A, "0x0", "latest"], "argument 1"),
    ("eth_getProof", [A, ["0x0"] * 10_001, "latest"], "too many"),
]
CALLS: Final[list[Case]] = [
    ("eth_call", [], "transaction"),
    ("eth_call", ["0x"], "transaction"),
    ("eth_call", [[]], "transaction"),
    ("eth_call", [{"to": "0x1"}], "to"),
    ("eth_call", [{"to": A, "gas": -1}], "gas"),
    ("eth_call", [{"to": A, "gas": "-0x1"}], "gas"),
    ("eth_call", [{"to": A, "gas": 21_000}], "gas"),
    ("eth_call", [{"to": A, "gas": "0x10000000000000000"}], "64 bits"),
    ("eth_call", [{"to": A, "value": "0x1" + "0" * 64}], "256 bits"),
    ("eth_call", [{"to": A, "value": "1"}], "value"),
    ("eth_call", [{"to": A, "data": "0x1"}], "data"),
    ("eth_call", [{"to": A, "data": "0x12", "input": "0x34"}], "not equal"),
    ("eth_call", [{"to": A, "gasPrice": "0x1", "maxFeePerGas": "0x1"}], "both gasPrice"),
    ("eth_call", [{"to": A, "maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x2"}], "maxFeePerGas"),
    ("eth_call", [{"to": A, "nonce": "0x10000000000000000"}], "nonce"),
    ("eth_call", [{"to": A, "chainId": "0x1"}], "chainId"),
    ("eth_call", [{"to": A, "blobVersionedHashes": ["0x01" + "0" * 62]}], "blob"),
    ("eth_call", [{"to": A, "accessList": {}}], "accessList"),
    ("eth_call", [{"to": A, "accessList": [[]]}], "accessList"),
    ("eth_call", [{"to": A, "accessList": [{"storageKeys": []}]}], "address"),
    ("eth_call", [{"to": A, "accessList": [{"address": A, "storageKeys": ["0x1"]}]}], "storageKeys"),
    ("eth_call", [{"to": A, "accessList": [{"address": A}] * 10_001}], "too many"),
    ("eth_call", [{"to": A, "authorizationList": [{}]}], "authorizationList"),
    ("eth_call", [{"to": A, "authorizationList": [AUTHORIZATION | {"yParity": "0x100"}]}], "yParity"),
    ("eth_call", [{"to": A, "authorizationList": [AUTHORIZATION | {"s": "0x1" + "0" * 64}]}], "256 bits"),
    ("eth_call", [{"to": A}, "latest", []], "overrides"),
    ("eth_call", [{"to": A}, "latest", {"0x1": {}}], "address"),
    ("eth_call", [{"to": A}, "latest", {A: []}], A),
    ("eth_call", [{"to": A}, "latest", {A: {"state": {}, "stateDiff": {}}}], "both"),
    ("eth_call", [{"to": A}, "latest", {A: {"state": {"0x1": HASH}}}], "state"),
    ("eth_call", [{"to": A}, "latest", {A: {"balance": "lots"}}], "balance"),
    ("eth_call", [{"to": A}, "latest", {A: {"nonce": "0x10000000000000000"}}], "nonce"),
    ("eth_call", [{"to": A}, "latest", {"0x" + f"{n:040x}": {} for n in range(1_001)}], "too many"),
    ("eth_call", [{"to": A}, "latest", {A: {"state": {f"0x{n:064x}": HASH for n in range(10_001)}}}], "too many"),
    ("eth_call", [{"to": A}, "latest", {}, {"time": "0x10000000000000000"}], "time"),
    ("eth_call", [{"to": A}, "latest", {}, {"feeRecipient": "0x1"}], "feeRecipient"),
    ("eth_call", [{"to": A}, "latest", {}, {"withdrawals": [{}]}], "withdrawals"),
    ("eth_estimateGas", [{"to": A, "gas": "0x10000000000000000"}], "gas"),
    ("eth_estimateGas", [None], "transaction"),
    ("eth_createAccessList", [{"to": "0x"}], "to"),
]  # fmt: skip
QUERIES: Final[list[Case]] = [
    ("eth_getLogs", [], "argument 0"),
    ("eth_getLogs", [[]], "argument 0"),
    ("eth_getLogs", [{"blockHash": HASH, "fromBlock": "0x0"}], "both"),
    ("eth_getLogs", [{"topics": [None] * 5}], "topics"),
    ("eth_getLogs", [{"topics": "0x"}], "topics"),
    ("eth_getLogs", [{"topics": ["0x12"]}], "topics"),
    ("eth_getLogs", [{"topics": [[[HASH]]]}], "topics"),
    ("eth_getLogs", [{"topics": [[HASH] * 1_001]}], "too many"),
    ("eth_getLogs", [{"address": [A] * 1_001}], "too many"),
    ("eth_getLogs", [{"address": "0x12"}], "address"),
    ("eth_getLogs", [{"fromBlock": "soon"}], "fromBlock"),
    ("eth_getLogs", [{"fromBlock": "0x5", "toBlock": "0x1"}], "range"),
    ("eth_newFilter", [{"topics": [None] * 5}], "topics"),
    ("eth_getFilterChanges", [], "argument 0"),
    ("eth_getFilterChanges", ["x" * 67], "identifier"),
    ("eth_feeHistory", [], "argument 0"),
    ("eth_feeHistory", ["0x1", "latest", [101]], "percentile"),
    ("eth_feeHistory", ["0x1", "latest", [-1]], "percentile"),
    ("eth_feeHistory", ["0x1", "latest", [50, 10]], "percentile"),
    ("eth_feeHistory", ["0x1", "latest", ["50"]], "ercentile"),
    ("eth_feeHistory", [True, "latest", []], "argument 0"),
    ("eth_feeHistory", [-1, "latest", []], "argument 0"),
    ("eth_feeHistory", ["0x1", "latest", [1] * 10_001], "too many"),
    ("debug_traceTransaction", [HASH[:-1]], "hash"),
    ("debug_traceTransaction", [HASH, {"tracer": "{fault: function() {}}"}], "JavaScript"),
    ("debug_traceTransaction", [HASH, {"tracer": "noSuchTracer"}], "tracer"),
    ("debug_traceTransaction", [HASH, {"tracer": 1}], "tracer"),
    ("debug_traceTransaction", [HASH, {"tracer": "callTracer", "tracerConfig": []}], "tracerConfig"),
    ("debug_traceTransaction", [HASH, {"timeout": "for ever"}], "timeout"),
    ("debug_traceTransaction", [HASH, {"timeout": "9" * 1_000_000 + "s"}], "timeout"),
    ("debug_traceCall", [{"to": A}, "latest", {"stateOverrides": []}], "stateOverrides"),
    ("trace_filter", [{"fromAddress": [A] * 1_001}], "too many"),
    ("trace_filter", ["all"], "argument 0"),
    ("optimism_outputAtBlock", ["0x"], "argument 0"),
    ("optimism_outputAtBlock", [], "argument 0"),
]
ALL: Final = [*NUMBERS, *BYTES, *CALLS, *QUERIES]


@pytest.mark.parametrize(("method", "params", "named"), ALL, ids=[f"{n}-{case[0]}" for n, case in enumerate(ALL)])
def test_a_parameter_that_cannot_be_is_named(target: Target, method: str, params: list[Any], named: str) -> None:
    answer = target.ask(call(method, *params))
    assert code_of(answer) == PARAMS, answer
    assert named in answer["error"]["message"], answer
    assert len(answer["error"]["message"]) < 500


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("eth_getBalance", [A, "0x7fffffffffffffff"], "not found"),
        ("eth_getBalance", [A, {"blockHash": HASH}], "not found"),
        ("eth_call", [{"to": A}, "0x7fffffffffffffff"], "not found"),
        ("eth_getProof", [A, [], {"blockHash": HASH, "requireCanonical": True}], "not found"),
        ("eth_getFilterChanges", ["0x1234"], "filter not found"),
        ("eth_getFilterLogs", ["x"], "filter not found"),
        ("debug_traceTransaction", [HASH], "not found"),
        ("debug_traceBlockByHash", [HASH], "not found"),
        ("optimism_outputAtBlock", ["0x7fffffff"], "not found"),
    ],
)
def test_what_is_not_there_is_said_to_be_missing(target: Target, method: str, params: list[Any], words: str) -> None:
    answer = target.ask(call(method, *params))
    assert code_of(answer) == -32000, answer
    assert words in answer["error"]["message"]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBlockByNumber", ["0x7fffffffffffffff", True]),
        ("eth_getBlockByHash", [HASH, True]),
        ("eth_getTransactionByHash", [HASH]),
        ("eth_getTransactionReceipt", [HASH]),
        ("eth_getBlockReceipts", ["0x7fffffffffffffff"]),
        ("eth_getTransactionByBlockNumberAndIndex", ["latest", "0xffffffffffffffff"]),
        ("eth_getUncleByBlockHashAndIndex", [HASH, "0x0"]),
    ],
)
def test_what_nobody_has_is_null_and_no_error(target: Target, method: str, params: list[Any]) -> None:
    assert target.ask(call(method, *params))["result"] is None
