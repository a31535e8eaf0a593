"""A JSON-RPC endpoint made of a dictionary, and a small verified block to serve from it."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from rollup.l1 import L1Client, RetryPolicy, TransportLimits
from state.blocks import Header, Log, Receipt
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import ZERO_ADDRESS, ZERO_HASH, Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei
from state.transactions import (
    SignedTransaction,
    TransactionType,
    decode_transaction,
    recover_transaction,
    sign_transaction,
)
from state.trie import ordered_root

Answer = Any
Handler = Callable[..., Answer]


class RpcError(Exception):
    """What the endpoint answers as a JSON-RPC error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """As bytes come over a network."""
    for start in range(0, len(body), 1_000):
        yield body[start : start + 1_000]


@dataclass
class Endpoint:
    """Methods by name; `faults` are served first, one for each HTTP exchange."""

    methods: dict[str, Handler] = field(default_factory=dict)
    faults: list[httpx.Response | Exception] = field(default_factory=list)
    exchanges: int = 0
    asked: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    reverse_batches: bool = False

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.exchanges += 1
        response = self._answer(request)
        return httpx.Response(response.status_code, content=_in_pieces(response.content))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        body = json.loads(request.content)
        answers = [self._one(call) for call in (body if isinstance(body, list) else [body])]
        if self.reverse_batches:
            answers.reverse()
        return httpx.Response(200, json=answers if isinstance(body, list) else answers[0])

    def _one(self, call: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(call["method"])
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"]}
        try:
            if call["method"] not in self.methods:
                raise RpcError(-32601, "Method not found")
            answer["result"] = self.methods[call["method"]](*call["params"])
        except RpcError as error:
            answer["error"] = {"code": error.code, "message": str(error)}
        return answer

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def http(endpoint: Endpoint) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(endpoint.handle)) as client:
        yield client


@pytest.fixture
def retry(endpoint: Endpoint) -> RetryPolicy:
    return RetryPolicy(jitter=lambda: 0.5, sleep=endpoint.sleep, attempts=3)


@pytest.fixture
def client(http: httpx.AsyncClient, retry: RetryPolicy) -> L1Client:
    return L1Client("http://l1.test", http, retry=retry, limits=TransportLimits(max_response_bytes=200_000))


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def signed_raw(kind: int, nonce: int) -> bytes:
    unsigned = SignedTransaction(
        type=TransactionType(kind),
        chain_id=900,
        nonce=nonce,  # type: ignore[arg-type]
        gas_limit=Gas(50_000),
        max_fee_per_gas=Wei(9),
        max_priority_fee_per_gas=Wei(9 if kind < 2 else 1),
        to=None if nonce == 0 else Address(b"\x42" * 20),
        value=Wei(5),
        data=b"\x00\xff",
        y_parity=0,
        r=0,
        s=0,
    )
    return sign_transaction(unsigned, b"\x01" * 32).raw


def transaction_json(raw: bytes) -> dict[str, Any]:
    """As geth prints it."""
    tx = decode_transaction(raw)
    assert isinstance(tx, SignedTransaction)
    recovered = recover_transaction(raw)
    found: dict[str, Any] = {
        "hash": hexed(keccak256(raw)),
        "type": hex(tx.type),
        "nonce": hex(tx.nonce),
        "gas": hex(tx.gas_limit),
        "to": None if tx.to is None else hexed(tx.to),
        "value": hex(tx.value),
        "input": hexed(tx.data),
        "from": hexed(recovered.sender),
        "v": hex(tx.v),
        "r": hex(tx.r),
        "s": hex(tx.s),
        "gasPrice": hex(tx.max_fee_per_gas),
    }
    if tx.type:
        found |= {"chainId": hex(tx.chain_id or 0), "yParity": hex(tx.y_parity), "accessList": []}
    if tx.type >= 2:
        fees = {"maxFeePerGas": tx.max_fee_per_gas, "maxPriorityFeePerGas": tx.max_priority_fee_per_gas}
        found |= {name: hex(value) for name, value in fees.items()}
    return found


def blob_transaction() -> tuple[bytes, dict[str, Any]]:
    """A type-3 transaction (whose signature nobody checks here) and its JSON."""
    integer = rlp.int_to_bytes
    to, blob = b"\x42" * 20, b"\x01" + bytes(31)
    fields: list[rlp.Item] = [integer(900), integer(7), integer(1), integer(9), integer(50_000), to, b"", b"\xaa", []]
    fields += [integer(3), [blob], integer(1), integer(11), integer(13)]
    raw = b"\x03" + rlp.encode(fields)
    found = {"hash": hexed(keccak256(raw)), "type": "0x3", "chainId": "0x384", "nonce": "0x7", "gas": "0xc350"}
    found |= {"to": hexed(to), "value": "0x0", "input": "0xaa", "maxFeePerGas": "0x9", "maxPriorityFeePerGas": "0x1"}
    found |= {"maxFeePerBlobGas": "0x3", "yParity": "0x1", "v": "0x1", "r": "0xb", "s": "0xd"}
    return raw, {**found, "accessList": [], "blobVersionedHashes": [hexed(blob)]}


_NAMES = (
    ("parentHash", "parent_hash"),
    ("sha3Uncles", "ommers_hash"),
    ("miner", "fee_recipient"),
    ("stateRoot", "state_root"),
    ("transactionsRoot", "transactions_root"),
    ("receiptsRoot", "receipts_root"),
    ("logsBloom", "logs_bloom"),
    ("difficulty", "difficulty"),
    ("number", "number"),
    ("gasLimit", "gas_limit"),
    ("gasUsed", "gas_used"),
    ("timestamp", "timestamp"),
    ("extraData", "extra_data"),
    ("mixHash", "prev_randao"),
    ("nonce", "nonce"),
    ("baseFeePerGas", "base_fee_per_gas"),
    ("withdrawalsRoot", "withdrawals_root"),
    ("blobGasUsed", "blob_gas_used"),
    ("excessBlobGas", "excess_blob_gas"),
    ("parentBeaconBlockRoot", "parent_beacon_block_root"),
    ("requestsHash", "requests_hash"),
)


def header_json(header: Header) -> dict[str, Any]:
    found = {}
    for name, attribute in _NAMES:
        value = getattr(header, attribute)
        found[name] = hexed(value) if isinstance(value, bytes) else hex(value)
    return {**found, "hash": hexed(header.hash)}


@dataclass
class Served:
    """One block, served by an endpoint under its number, hash and tags."""

    endpoint: Endpoint
    raws: list[bytes]
    jsons: list[dict[str, Any]]

    def __post_init__(self) -> None:
        log = Log(address=Address(b"\x11" * 20), topics=(Hash32(b"\x22" * 32),), data=b"\x33")
        self.receipts = [
            Receipt(
                type=TransactionType(min(json_["kind"], 2)),
                succeeded=index != 1,
                cumulative_gas_used=Gas(21_000 * (index + 1)),
                logs=(log,) * index,
            )
            for index, json_ in enumerate({"kind": 0 if raw[0] >= 0xC0 else raw[0]} for raw in self.raws)
        ]
        encoded = [
            receipt.encode() if raw[0] != 3 else b"\x03" + receipt.encode()[1:]
            for raw, receipt in zip(self.raws, self.receipts, strict=True)
        ]
        self.header = Header(
            parent_hash=ZERO_HASH,
            fee_recipient=ZERO_ADDRESS,
            state_root=keccak256(b"state"),
            transactions_root=ordered_root(self.raws),
            receipts_root=ordered_root(encoded),
            logs_bloom=bytes(256),
            number=BlockNumber(5),
            gas_limit=Gas(30_000_000),
            gas_used=Gas(100),
            timestamp=UnixSeconds(1_700_000_000),
            extra_data=b"test",
            prev_randao=keccak256(b"randao"),
            base_fee_per_gas=Wei(7),
            withdrawals_root=keccak256(b"withdrawals"),
        )
        self.block = {**header_json(self.header), "transactions": self.jsons}
        self.receipt_jsons = [self._receipt_json(index) for index in range(len(self.raws))]
        self.endpoint.methods |= {
            "eth_getBlockByNumber": lambda which, full: self.block if which in ("0x5", "latest", "safe") else None,
            "eth_getBlockByHash": lambda which, full: self.block if which == self.block["hash"] else None,
            "eth_getBlockReceipts": lambda which: self.receipt_jsons,
        }

    def _receipt_json(self, index: int) -> dict[str, Any]:
        receipt, raw = self.receipts[index], self.raws[index]
        logs = [
            {"address": hexed(log.address), "topics": [hexed(t) for t in log.topics], "data": hexed(log.data)}
            for log in receipt.logs
        ]
        return {
            "transactionHash": hexed(keccak256(raw)),
            "type": hex(0 if raw[0] >= 0xC0 else raw[0]),
            "status": hex(receipt.succeeded),
            "cumulativeGasUsed": hex(receipt.cumulative_gas_used),
            "logsBloom": hexed(receipt.bloom),
            "logs": logs,
        }


@pytest.fixture
def served(endpoint: Endpoint) -> Served:
    raws = [signed_raw(kind, nonce) for nonce, kind in enumerate((0, 1, 2))]
    blob, blob_json = blob_transaction()
    return Served(endpoint, [*raws, blob], [*map(transaction_json, raws), blob_json])


@pytest.fixture
def rpc_error() -> type[RpcError]:
    return RpcError
