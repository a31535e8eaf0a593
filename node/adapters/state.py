"""StatePort over the reader processes."""

from collections.abc import Mapping, Sequence
from typing import Any

from node.readers import ReaderPool
from rpc.ports import AccountProof, LocatedLog, StorageProof, TopicFilter
from state.database import LogEntry
from state.execution.port import AccountOverride, BlockOverrides, CallMessage, TransactionOutcome
from state.primitives.types import Address, BlockNumber, Gas, Hash32, Nonce, Wei
from state.queries import AccountProof as QueriedProof
from state.world.types import Account

Overrides = Mapping[Address, AccountOverride]


class ReaderState:
    """Each question goes to a reader, in one row with the blocks that it is fed."""

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool

    async def _account(self, block_hash: Hash32, address: Address) -> Account:
        account: Account = await self._pool.query("account", {"block_hash": block_hash, "address": address})
        return account

    async def balance(self, block_hash: Hash32, address: Address) -> Wei:
        return (await self._account(block_hash, address)).balance

    async def nonce(self, block_hash: Hash32, address: Address) -> Nonce:
        return (await self._account(block_hash, address)).nonce

    async def code(self, block_hash: Hash32, address: Address) -> bytes:
        code: bytes = await self._pool.query("code", {"block_hash": block_hash, "address": address})
        return code

    async def storage(self, block_hash: Hash32, address: Address, slot: int) -> int:
        question = {"block_hash": block_hash, "address": address, "slot": slot}
        word: int = await self._pool.query("storage", question)
        return word

    async def call(
        self,
        block_hash: Hash32,
        message: CallMessage,
        overrides: Overrides,
        block_overrides: BlockOverrides | None = None,
    ) -> TransactionOutcome:
        question = _call_question(block_hash, message, overrides, block_overrides)
        outcome: TransactionOutcome = await self._pool.query("call", question)
        return outcome

    async def estimate_gas(
        self,
        block_hash: Hash32,
        message: CallMessage,
        overrides: Overrides,
        block_overrides: BlockOverrides | None = None,
    ) -> Gas:
        question = _call_question(block_hash, message, overrides, block_overrides)
        gas: int = await self._pool.query("estimate_gas", question)
        return Gas(gas)

    async def proof(self, block_hash: Hash32, address: Address, slots: Sequence[int]) -> AccountProof:
        question = {"block_hash": block_hash, "address": address, "slots": list(slots)}
        return _proof_view(await self._pool.query("proof", question))

    async def logs(
        self,
        first: BlockNumber,
        last: BlockNumber,
        addresses: frozenset[Address],
        topics: TopicFilter,
        limit: int,
    ) -> Sequence[LocatedLog]:
        question = {
            "from_block": first,
            "to_block": last,
            "addresses": sorted(addresses),
            "topics": [None if choices is None else sorted(choices) for choices in topics],
            "limit": limit,
        }
        entries: list[LogEntry] = await self._pool.query("search_logs", question)
        return [_log_view(entry) for entry in entries]


def _call_question(
    block_hash: Hash32, message: CallMessage, overrides: Overrides, block_overrides: BlockOverrides | None
) -> dict[str, Any]:
    return {
        "block_hash": block_hash,
        "message": message,
        "overrides": overrides,
        "block_overrides": block_overrides,
    }


def _proof_view(proof: QueriedProof) -> AccountProof:
    return AccountProof(
        balance=proof.account.balance,
        nonce=proof.account.nonce,
        code_hash=proof.account.code_hash,
        storage_root=proof.account.storage_root,
        proof=tuple(proof.proof),
        storage=tuple(StorageProof(slot=slot.slot, value=slot.value, proof=tuple(slot.proof)) for slot in proof.slots),
    )


def _log_view(entry: LogEntry) -> LocatedLog:
    return LocatedLog(
        log=entry.log,
        block_hash=entry.block_hash,
        block_number=BlockNumber(entry.block_number),
        transaction_hash=entry.transaction_hash,
        transaction_index=entry.transaction_index,
        log_index=entry.log_index,
    )
