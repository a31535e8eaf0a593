"""StatePort over the reader processes; single values of the unsafe head are looked up here."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from node.adapters.answers import LONGEST, Answers
from node.adapters.head_reads import HeadReads
from rpc.values import AccountProof, StorageProof, TopicFilter
from state.execution.port import AccountOverride, BlockOverrides, CallMessage, TransactionOutcome
from state.primitives.types import Address, BlockNumber, Gas, Hash32, Nonce, Wei
from state.queries import AccessListResult, SimulatedBlockResult, SimulationRequest
from state.queries import AccountProof as QueriedProof
from state.world.readers import FlatState
from state.world.types import EMPTY_ACCOUNT, Account

T = TypeVar("T")

Overrides = Mapping[Address, AccountOverride]


class Readers(Protocol):
    """`ReaderPool`, or what stands before it."""

    async def query(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """What a method of the readers answers."""


class ReaderState:
    """Each question goes to a reader, in one row with the blocks that it is fed."""

    def __init__(self, pool: Readers, *, answers: Answers | None = None, head: HeadReads | None = None) -> None:
        """Short answers are kept in `answers`; without it every question is asked anew. Single values of the unsafe
        head come from `head`, if there is one."""
        self._pool = pool
        self._head = head
        self._answers = answers or Answers(0)

    async def _kept(self, name: str, question: dict[str, Any], *key: Hashable) -> Any:
        return await self._answers.get((name, *key), lambda: self._pool.query(name, question))

    def _at_head(self, block_hash: Hash32, look: Callable[[FlatState], T]) -> T | None:
        return None if self._head is None else self._head.read(block_hash, look)

    async def _account(self, block_hash: Hash32, address: Address) -> Account:
        found = self._at_head(block_hash, lambda state: state.account(address) or EMPTY_ACCOUNT)
        if found is not None:
            return found
        question = {"block_hash": block_hash, "address": address}
        account: Account = await self._kept("account", question, block_hash, address)
        return account

    async def balance(self, block_hash: Hash32, address: Address) -> Wei:
        return (await self._account(block_hash, address)).balance

    async def nonce(self, block_hash: Hash32, address: Address) -> Nonce:
        return (await self._account(block_hash, address)).nonce

    async def code(self, block_hash: Hash32, address: Address) -> bytes:
        found = self._at_head(block_hash, lambda state: _code_of(state, address))
        if found is not None:
            return found
        question = {"block_hash": block_hash, "address": address}
        code: bytes = await self._kept("code", question, block_hash, address)
        return code

    async def storage(self, block_hash: Hash32, address: Address, slot: int) -> int:
        found = self._at_head(block_hash, lambda state: state.storage(address, slot))
        if found is not None:
            return found
        question = {"block_hash": block_hash, "address": address, "slot": slot}
        word: int = await self._kept("storage", question, block_hash, address, slot)
        return word

    async def call(
        self,
        block_hash: Hash32,
        message: CallMessage,
        overrides: Overrides,
        block_overrides: BlockOverrides | None = None,
    ) -> TransactionOutcome:
        question = _call_question(block_hash, message, overrides, block_overrides)
        outcome: TransactionOutcome
        if overrides or block_overrides is not None or len(message.data) > LONGEST:
            outcome = await self._pool.query("call", question)
        else:
            outcome = await self._kept("call", question, block_hash, message)
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

    async def simulate(self, block_hash: Hash32, request: SimulationRequest) -> Sequence[SimulatedBlockResult]:
        question = {"block_hash": block_hash, "request": request}
        results: Sequence[SimulatedBlockResult] = await self._pool.query("simulate", question)
        return results

    async def access_list(self, block_hash: Hash32, message: CallMessage, overrides: Overrides) -> AccessListResult:
        question = {"block_hash": block_hash, "message": message, "overrides": overrides}
        result: AccessListResult = await self._pool.query("access_list", question)
        return result

    async def proof(self, block_hash: Hash32, address: Address, slots: Sequence[int]) -> AccountProof:
        question = {"block_hash": block_hash, "address": address, "slots": list(slots)}
        return _proof_view(await self._pool.query("proof", question))

    async def rendered_logs(
        self,
        first: BlockNumber,
        last: BlockNumber,
        addresses: frozenset[Address],
        topics: TopicFilter,
        *,
        limit: int,
        max_bytes: int,
    ) -> bytes:
        question = {
            "from_block": first,
            "to_block": last,
            "addresses": sorted(addresses),
            "topics": [None if choices is None else sorted(choices) for choices in topics],
            "limit": limit,
            "max_bytes": max_bytes,
        }
        rendered: bytes = await self._pool.query("render_logs", question)
        return rendered


def _code_of(state: FlatState, address: Address) -> bytes:
    account = state.account(address)
    return b"" if account is None else state.code(account.code_hash)


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
