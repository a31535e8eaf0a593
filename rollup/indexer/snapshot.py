"""What answers read: the state after one canonical block, and the logs and transactions up to it."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from contracts.interface import InterfaceError, interface
from rollup.indexer.errors import BlockNotCanonical, EconomyMissing
from state.blocks import Header
from state.database import LogEntry
from state.execution.hooks import FrameEntry
from state.execution.port import CallMessage
from state.primitives.types import Address, Gas, Hash32, Wei
from state.queries import StateQueries
from state.queries.traces import Replay, stored_block
from state.tracing import Budget, Tracer
from state.transactions import decode_transaction

Answer: TypeAlias = dict[str, Any]

REPLAY_BYTES: Final = 4 * 1024 * 1024
REPLAY_SECONDS: Final = 4.0
VIEW_GAS: Final = Gas(30_000_000)
_NOBODY: Final = Address(bytes(20))


class Snapshot:
    """One block, asked by contract and function name."""

    def __init__(self, queries: StateQueries, block_hash: Hash32) -> None:
        """Raises UnknownBlock, BlockNotCanonical."""
        self.queries: Final = queries
        self.hash: Final = block_hash
        self.header: Final[Header] = queries.database.require_header(block_hash)
        if queries.database.canonical_hash(self.number) != block_hash:
            raise BlockNotCanonical(f"block {block_hash.hex()} is not canonical: ask by number")

    @property
    def number(self) -> int:
        return int(self.header.number)

    def named(self, **answer: Any) -> Answer:
        """An answer that says which block it was read at."""
        block = {"number": self.number, "hash": bytes(self.hash), "timestamp": int(self.header.timestamp)}
        return {"block": block, **answer}

    def view(self, contract: str, function: str, *arguments: Any) -> Any:
        """What a view of a predeploy returns. Raises EconomyMissing where there is no such contract."""
        codec = interface(contract)
        message = CallMessage(
            sender=_NOBODY, to=Address(codec.address), gas_limit=VIEW_GAS, data=codec.encode_call(function, *arguments)
        )
        outcome = self.queries.call(self.hash, message)
        if not outcome.succeeded:
            raise EconomyMissing(f"{contract}.{function} failed: {outcome.error} 0x{outcome.output[:68].hex()}")
        try:
            return codec.decode_result(function, outcome.output)
        except InterfaceError as error:
            raise EconomyMissing(f"this chain has no {contract} predeploy: {error}") from error

    def balance(self, address: bytes) -> Wei:
        """Wei that the account holds."""
        return self.queries.account(self.hash, Address(address)).balance

    def logs(
        self,
        contract: str,
        event: str,
        topics: Sequence[bytes | None] = (),
        *,
        first: int = 0,
        last: int | None = None,
    ) -> Iterator[LogEntry]:
        """Logs of an event up to this block, in order, read as far as they are iterated; None is any topic."""
        codec = interface(contract)
        wanted = [[Hash32(codec.topic(event))], *(None if topic is None else [Hash32(topic)] for topic in topics)]
        last = self.number if last is None else min(last, self.number)
        return self.queries.database.iterate_logs(first, last, [Address(codec.address)], wanted)

    def arguments(self, contract: str, event: str, entry: LogEntry) -> dict[str, Any]:
        """The event's arguments by name."""
        return interface(contract).decode_event(event, entry.log.topics, entry.log.data)

    def calldata(self, entry: LogEntry) -> bytes:
        """The calldata of the transaction that logged `entry`."""
        block = self.queries.database.block(entry.block_hash)
        if block is None:
            return b""
        return decode_transaction(block.transactions[entry.transaction_index]).data

    def inputs(self, entry: LogEntry, contract: str, function: str) -> list[bytes]:
        """The calldata of every call of `function` inside the transaction that logged `entry`, by running it again.

        Raises NodeError where it can't be run, or not within REPLAY_SECONDS.
        """
        codec = interface(contract)
        tracer = CalledInputs(Budget(REPLAY_BYTES), Address(codec.address), codec.selector(function))
        deadline = time.monotonic() + REPLAY_SECONDS
        budget = Budget(REPLAY_BYTES, lambda: time.monotonic() > deadline)
        replay = Replay(self.queries, entry.block_hash, stored_block(self.queries, entry.block_hash), budget)
        replay.trace(entry.transaction_index, tracer)
        return tracer.inputs


class CalledInputs(Tracer):
    """Collects the calldata of the calls of one function."""

    def __init__(self, budget: Budget, address: Address, selector: bytes) -> None:
        super().__init__(budget)
        self._address = address
        self._selector = selector
        self.inputs: list[bytes] = []

    def enter(self, entry: FrameEntry) -> None:
        """Remembered where it is such a call."""
        if entry.to == self._address and entry.input[:4] == self._selector:
            self._budget.spend(len(entry.input))
            self.inputs.append(entry.input)

    def result(self) -> bytes:
        """Nothing in JSON."""
        return b""


def padded(value: int | bytes) -> bytes:
    """A topic: 32 bytes, right-aligned."""
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


def address_bytes(text: str) -> bytes:
    """20 bytes of an address as interfaces decode it."""
    return bytes.fromhex(text[2:])
