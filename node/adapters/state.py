"""StatePort over StateQueries on a thread of this process: for the simulated L1, and for nodes without readers."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rpc.ports import AccountProof, LocatedLog, StorageProof, TopicFilter
from state.database import LogEntry
from state.execution.port import AccountOverride, CallMessage, TransactionOutcome
from state.primitives.types import Address, BlockNumber, Gas, Hash32, Nonce, Wei
from state.queries import AccountProof as QueriedProof
from state.queries import StateQueries

T = TypeVar("T")


class ThreadState:
    """Each question runs on one worker thread, reading tries only, so that a commit may go on beside it."""

    def __init__(self, queries: StateQueries) -> None:
        self._queries = queries
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="queries")

    async def _run(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def balance(self, block_hash: Hash32, address: Address) -> Wei:
        return (await self._run(lambda: self._queries.account(block_hash, address))).balance

    async def nonce(self, block_hash: Hash32, address: Address) -> Nonce:
        return (await self._run(lambda: self._queries.account(block_hash, address))).nonce

    async def code(self, block_hash: Hash32, address: Address) -> bytes:
        return await self._run(lambda: self._queries.code(block_hash, address))

    async def storage(self, block_hash: Hash32, address: Address, slot: int) -> int:
        return await self._run(lambda: self._queries.storage(block_hash, address, slot))

    async def call(
        self, block_hash: Hash32, message: CallMessage, overrides: Mapping[Address, AccountOverride]
    ) -> TransactionOutcome:
        return await self._run(lambda: self._queries.call(block_hash, message, overrides))

    async def estimate_gas(
        self, block_hash: Hash32, message: CallMessage, overrides: Mapping[Address, AccountOverride]
    ) -> Gas:
        return await self._run(lambda: self._queries.estimate_gas(block_hash, message, overrides))

    async def proof(self, block_hash: Hash32, address: Address, slots: Sequence[int]) -> AccountProof:
        return proof_view(await self._run(lambda: self._queries.proof(block_hash, address, slots)))

    async def logs(
        self,
        first: BlockNumber,
        last: BlockNumber,
        addresses: frozenset[Address],
        topics: TopicFilter,
        limit: int,
    ) -> Sequence[LocatedLog]:
        wanted = topic_lists(topics)
        entries = await self._run(lambda: self._queries.search_logs(first, last, sorted(addresses), wanted, limit))
        return [log_view(entry) for entry in entries]

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def topic_lists(topics: TopicFilter) -> list[list[Hash32] | None]:
    """A filter's topics as the database takes them."""
    return [None if choices is None else sorted(choices) for choices in topics]


def proof_view(proof: QueriedProof) -> AccountProof:
    """A proof in rpc's form."""
    return AccountProof(
        balance=proof.account.balance,
        nonce=proof.account.nonce,
        code_hash=proof.account.code_hash,
        storage_root=proof.account.storage_root,
        proof=tuple(proof.proof),
        storage=tuple(StorageProof(slot=slot.slot, value=slot.value, proof=tuple(slot.proof)) for slot in proof.slots),
    )


def log_view(entry: LogEntry) -> LocatedLog:
    """A found log in rpc's form."""
    return LocatedLog(
        log=entry.log,
        block_hash=entry.block_hash,
        block_number=BlockNumber(entry.block_number),
        transaction_hash=entry.transaction_hash,
        transaction_index=entry.transaction_index,
        log_index=entry.log_index,
    )
