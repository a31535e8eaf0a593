"""`openledger l1` as a process of its own, asked by L1Client over JSON-RPC, reorganised, and killed."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.genesis_config import GenesisConfig
from contracts.l1_genesis import l1_genesis
from rollup.errors import L1Rejected
from rollup.l1 import L1Client, L1TransactionSender, MemoryJournal, RetryPolicy, SenderConfig, TransactionState
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import Address
from tests import compared
from tests.ports import free_port

KEY = b"\x02" * 32
BATCHER = private_key_to_address(KEY)
CONFIG = GenesisConfig(operator=BATCHER, timestamp=1_700_000_000, l1_accounts=((BATCHER, 10**21),))
INBOX = Address(CONFIG.l1_contracts["BatchInbox"])


class L1Process:
    """The process, its port and its directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = compared.watch(folder)
        config = dataclasses.replace(CONFIG, timestamp=int(time.time()))
        (folder / "genesis.json").write_text(json.dumps(l1_genesis(config)))
        self.port = free_port()
        self.process = self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> subprocess.Popen[bytes]:
        # Blocks come only when a test asks for them: the first slot is an hour away.
        options = ["--rpc-port", str(self.port), "--block-time", "3600", "--data-dir", str(self.folder / "data")]
        command = [sys.executable, "-m", "node", "l1", "--genesis", str(self.folder / "genesis.json"), *options]
        with (self.folder / "l1.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        return self.process

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=20)


@pytest.fixture
def l1_process(tmp_path: Path) -> Iterator[L1Process]:
    found = L1Process(tmp_path)
    yield found
    found.process.terminate()
    found.process.wait(timeout=120)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
async def client(http: httpx.AsyncClient, l1_process: L1Process) -> L1Client:
    retry = RetryPolicy(jitter=lambda: 0.5, attempts=300, first_wait=0.1, longest_wait=0.5)
    found = L1Client(l1_process.url, http, retry=retry)
    assert await found.chain_id() == 900
    return found


async def rpc(http: httpx.AsyncClient, process: L1Process, method: str, *params: Any) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    answer = (await http.post(process.url, json=body, timeout=60)).json()
    assert "error" not in answer, answer
    return answer["result"]


async def test_every_block_verifies_and_batches_are_committed(
    client: L1Client, http: httpx.AsyncClient, l1_process: L1Process
) -> None:
    sender = L1TransactionSender(
        client, KEY, MemoryJournal(), clock=lambda: 0.0, config=SenderConfig(confirmation_depth=2)
    )
    data = b"\x00" + keccak256(b"frames") * 1_000
    await rpc(http, l1_process, "sim_mine")
    status = await sender.submit(b"batch", to=INBOX, data=data, only_if_it_succeeds=True)
    await rpc(http, l1_process, "sim_mine", "0x2")
    await sender.tend()
    found = sender.status(b"batch")
    assert found is not None
    assert (found.state, found.succeeded) == (TransactionState.CONFIRMED, True)
    head = await client.block_ref("latest")
    blocks = [await client.l1_block(number) for number in range(head.number + 1)]
    assert [block.header.parent_hash for block in blocks[1:]] == [block.hash for block in blocks[:-1]]
    (including,) = [block for block in blocks if block.transactions]
    assert keccak256(including.transactions[0]) == status.hashes[0]
    assert including.receipts[0].logs[0].data == keccak256(data)


async def test_a_revert_and_a_spent_nonce_are_refused_in_words_that_the_sender_knows(client: L1Client) -> None:
    sender = L1TransactionSender(client, b"\x05" * 32, MemoryJournal(), clock=lambda: 0.0)
    with pytest.raises(L1Rejected, match="revert|insufficient"):
        await sender.submit(b"batch", to=INBOX, data=b"\x00", only_if_it_succeeds=True)


async def test_kill_keeps_blocks_reorg_and_waiting_transactions(
    client: L1Client, http: httpx.AsyncClient, l1_process: L1Process
) -> None:
    sender = L1TransactionSender(client, KEY, MemoryJournal(), clock=lambda: 0.0)
    await rpc(http, l1_process, "sim_mine", "0x5")
    await sender.submit(b"one", to=INBOX, data=b"\x00one")
    await rpc(http, l1_process, "sim_mine")
    new = await rpc(http, l1_process, "sim_reorg", "0x3")
    assert len(new) == 4
    await sender.submit(b"two", to=INBOX, data=b"\x00two")
    before = await client.block_ref("latest")
    l1_process.kill()
    l1_process.start()
    assert await client.block_ref("latest") == before
    assert before.hash.hex() == new[-1][2:]
    await rpc(http, l1_process, "sim_mine")
    await sender.tend()
    assert [status.state for status in sender.statuses()] == [TransactionState.INCLUDED] * 2
