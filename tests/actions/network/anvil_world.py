"""The same world on Anvil."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from contracts.deploy import deployment_plan
from rollup.l1 import (
    L1Client,
    L1TransactionSender,
    MemoryJournal,
    RetryPolicy,
    SenderConfig,
)
from state.primitives.crypto import private_key_to_address
from tests.actions.network.world import BATCHER, L1_SLOT, OPERATOR, PROPOSER, Network, genesis_config


class AnvilNetwork(Network):
    """The same rollup on an L1 that is not ours, reached by JSON-RPC."""

    def __init__(self, http: httpx.AsyncClient, url: str, evidence: Path) -> None:
        self._evidence = evidence
        self._http = http
        self._url = url
        self.l1_confirmations = 0
        retry = RetryPolicy(jitter=lambda: 0.5, attempts=240, first_wait=0.1, longest_wait=0.5)
        self.l1 = L1Client(url, http, retry=retry)

    async def rpc(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = (await self._http.post(self._url, json=body, timeout=30)).json()
        assert "error" not in answer, answer
        return answer["result"]

    async def deploy(self) -> None:
        """The L1 contracts by ordinary transactions, as `openledger deploy-l1` does, then everything above."""
        chain_id = await self.l1.chain_id()
        config = dataclasses.replace(genesis_config(600), l1_chain_id=chain_id)
        for key in (OPERATOR, BATCHER, PROPOSER):
            await self.rpc("anvil_setBalance", "0x" + private_key_to_address(key).hex(), hex(10**21))
        operator = private_key_to_address(OPERATOR)
        plan = deployment_plan(config, deployer=operator, first_nonce=await self.l1.nonce(operator))
        sender_config = SenderConfig(confirmation_depth=1)
        sender = L1TransactionSender(self.l1, OPERATOR, MemoryJournal(), clock=lambda: 0.0, config=sender_config)
        for creation in plan.creations:
            status = await sender.submit(creation.name.encode(), to=None, data=creation.data, only_if_it_succeeds=True)
            await self.rpc("evm_mine")
            receipt = await self.l1.receipt(status.hashes[0])
            assert receipt is not None
            assert (receipt.succeeded, receipt.contract_address) == (True, creation.address), creation.name
        latest = await self.l1.block_ref("latest")
        self.now = float(latest.timestamp)
        self.config = dataclasses.replace(plan.config, timestamp=latest.timestamp)
        self._begin(l1_hash=latest.hash, l1_number=latest.number)

    async def _l1_slot(self) -> None:
        if (self.now - self.rollup.genesis.l2_time) % L1_SLOT == 0:
            await self.rpc("evm_mine", int(self.now))

    async def _tolerant(self, action: Callable[[], Any]) -> None:
        await action()
