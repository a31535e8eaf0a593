"""L1Client and L1TransactionSender against a real Anvil: an Ethereum node that is not ours."""

import dataclasses
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1 import (
    FeePolicy,
    L1Client,
    L1TransactionSender,
    MemoryJournal,
    RetryPolicy,
    SenderConfig,
    TransactionState,
)
from state.primitives.crypto import keccak256, private_key_to_address, sign_digest
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import AccessListEntry, Authorization, SignedTransaction, TransactionType, sign_transaction
from state.transactions.signing import authorization_hash
from tests.ports import free_port

KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
SENDER = private_key_to_address(KEY)
TARGET = Address(b"\x42" * 20)


@pytest.fixture
def anvil_url(anvil: Path, tmp_path: Path) -> Iterator[str]:
    """A fresh chain that mines only when it is told to."""
    port = free_port()
    with (tmp_path / "anvil.log").open("wb") as log:
        command = [str(anvil), "--port", str(port), "--no-mining", "--slots-in-an-epoch", "2"]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=60)


Rpc = Callable[..., Awaitable[Any]]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
async def client(http: httpx.AsyncClient, anvil_url: str) -> L1Client:
    retry = RetryPolicy(jitter=lambda: 0.5, attempts=300, first_wait=0.1, longest_wait=0.5)
    found = L1Client(anvil_url, http, retry=retry)
    assert await found.chain_id() == 31337  # waits until Anvil answers
    return found


@pytest.fixture
def rpc(http: httpx.AsyncClient, anvil_url: str) -> Rpc:
    async def call(method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = (await http.post(anvil_url, json=body, timeout=60)).json()
        assert "error" not in answer, answer
        return answer["result"]

    return call


def authorization() -> Authorization:
    other = bytes.fromhex("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
    unsigned = Authorization(chain_id=31337, address=TARGET, nonce=Nonce(0), y_parity=0, r=0, s=0)
    y_parity, r, s = sign_digest(other, authorization_hash(unsigned))
    return dataclasses.replace(unsigned, y_parity=y_parity, r=r, s=s)


def signed(kind: TransactionType, nonce: int) -> bytes:
    entries = (AccessListEntry(address=TARGET, storage_keys=(keccak256(b"slot"),)),)
    unsigned = SignedTransaction(
        type=kind,
        chain_id=31337,
        nonce=Nonce(nonce),
        gas_limit=Gas(100_000),
        max_fee_per_gas=Wei(3 * 10**9),
        max_priority_fee_per_gas=Wei(3 * 10**9 if kind < 2 else 10**9),
        to=TARGET,
        value=Wei(7),
        data=b"\x00\x01frame",
        access_list=() if kind == TransactionType.LEGACY else entries,
        authorizations=(authorization(),) if kind == TransactionType.SET_CODE else (),
        y_parity=0,
        r=0,
        s=0,
    )
    return sign_transaction(unsigned, KEY).raw


async def test_verifies_a_block_with_every_signed_type(client: L1Client, rpc: Rpc) -> None:
    raws = [signed(TransactionType(kind), nonce) for nonce, kind in enumerate((0, 1, 2, 4))]
    for raw in raws:
        assert await client.send_raw_transaction(raw) == keccak256(raw)
    await rpc("evm_mine")
    block = await client.l1_block(1)
    assert sorted(block.transactions) == sorted(raws)
    assert [receipt.succeeded for receipt in block.receipts] == [True] * 4
    assert block.ref == await client.block_ref(block.hash) == await client.block_ref("latest")
    assert block.hash == (await client.l1_block_by_hash(block.hash)).header.hash


async def test_reads_the_logs_of_a_contract(client: L1Client, rpc: Rpc) -> None:
    # PUSH1 1 (topic) PUSH1 0 PUSH1 0 LOG1 in the creation code itself
    await rpc("eth_sendTransaction", {"from": "0x" + SENDER.hex(), "data": "0x600160006000a100", "gas": "0x30000"})
    await rpc("evm_mine")
    block = await client.l1_block(1)
    assert [log.topics for log in block.receipts[0].logs] == [((1).to_bytes(32, "big"),)]


async def test_has_heads_and_genesis(client: L1Client, rpc: Rpc) -> None:
    genesis = await client.l1_block(0)
    assert genesis.header.number == 0
    await rpc("anvil_mine", hex(12))
    latest, safe, finalized = [await client.block_ref(tag) for tag in ("latest", "safe", "finalized")]
    assert latest.number == 12 > safe.number > finalized.number
    with pytest.raises(L1Unavailable, match="no block 13"):
        await client.block_ref(13)


async def test_says_why_a_transaction_was_refused(client: L1Client, rpc: Rpc) -> None:
    await client.send_raw_transaction(signed(TransactionType.LEGACY, 0))
    await rpc("evm_mine")
    with pytest.raises(L1Rejected, match="nonce too low"):
        await client.send_raw_transaction(signed(TransactionType.DYNAMIC_FEE, 0))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_sender_confirms_survives_restart_and_resubmits_after_a_reorg(client: L1Client, rpc: Rpc) -> None:
    journal, clock = MemoryJournal(), Clock()
    config = SenderConfig(confirmation_depth=3, resend_after=5.0)
    sender = L1TransactionSender(client, KEY, journal, clock=clock, config=config)
    await sender.submit(b"one", to=TARGET, data=b"\x01" * 1000)
    await sender.submit(b"two", to=TARGET, data=b"\x02" * 1000)
    sender = L1TransactionSender(client, KEY, journal, clock=clock, config=config)
    await sender.submit(b"one", to=TARGET, data=b"\x01" * 1000)
    await sender.tend()
    await rpc("evm_mine")
    await sender.tend()
    assert [status.state for status in sender.statuses()] == [TransactionState.INCLUDED] * 2
    assert await client.nonce(SENDER) == 2

    await rpc("anvil_reorg", 1, [])
    await rpc("anvil_dropAllTransactions")
    await sender.tend()
    assert [status.state for status in sender.statuses()] == [TransactionState.PENDING] * 2
    await rpc("anvil_mine", hex(1))
    await rpc("anvil_mine", hex(4))
    await sender.tend()
    assert [status.state for status in sender.statuses()] == [TransactionState.CONFIRMED] * 2
    assert await client.nonce(SENDER) == 2


async def test_sender_raises_the_fee_of_what_is_stuck(client: L1Client, rpc: Rpc) -> None:
    clock = Clock()
    config = SenderConfig(confirmation_depth=1, resend_after=5.0, fees=FeePolicy(base_fee_multiple=1))
    sender = L1TransactionSender(client, KEY, MemoryJournal(), clock=clock, config=config)
    first = await sender.submit(b"one", to=TARGET, data=b"")
    await rpc("anvil_setNextBlockBaseFeePerGas", hex(50 * 10**9))
    await rpc("evm_mine")
    await sender.tend()
    assert (status := sender.status(b"one")) is not None
    assert status.state is TransactionState.PENDING
    clock.now += 6
    await sender.tend()
    await rpc("evm_mine")
    await sender.tend()
    status = sender.status(b"one")
    assert status is not None
    assert status.state is TransactionState.CONFIRMED
    assert len(status.hashes) == 2
    assert status.nonce == first.nonce


async def test_sender_cancels_what_is_no_longer_wanted(client: L1Client, rpc: Rpc) -> None:
    config = SenderConfig(confirmation_depth=1)
    sender = L1TransactionSender(client, KEY, MemoryJournal(), clock=Clock(), config=config)
    await sender.submit(b"one", to=TARGET, data=b"\x01", value=10**18)
    await sender.cancel(b"one")
    await rpc("evm_mine")
    await sender.tend()
    status = sender.status(b"one")
    assert status is not None
    assert status.state is TransactionState.CANCELLED
    assert await client.balance(TARGET) == 0
    sender.forget(b"one")
    assert sender.statuses() == []


async def test_gas_limit_covers_the_calldata_floor(client: L1Client, rpc: Rpc) -> None:
    sender = L1TransactionSender(client, KEY, MemoryJournal(), clock=Clock(), config=SenderConfig(confirmation_depth=1))
    status = await sender.submit(b"big", to=TARGET, data=b"\xff" * 100_000)
    await rpc("evm_mine")
    await sender.tend()
    receipt = await client.receipt(status.hashes[0])
    assert receipt is not None
    assert receipt.gas_used == 21_000 + 40 * 100_000
