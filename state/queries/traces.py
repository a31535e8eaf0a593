"""Traces: a block's transactions run again on its parent's state, up to the one that is asked about, with hooks.

    Replay                            a block being run again
    trace_block, trace_transaction    a tracer's JSON, for each transaction or for one; trace_raw_block: from RLP
    trace_call                        the same for a message that nobody signed
    flat_traces                       Parity's traces of a block; flat_call, flat_replay: of a call, a transaction

Answers are JSON made here, so that what passes them on (a pipe, the node) copies bytes and no more. All of them spend
from the Budget that the caller brings: bytes, and time.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson

from state.blocks import Block, Header
from state.database import UnknownBlock
from state.errors import DecodeError, InvalidTransaction
from state.execution.overrides import pretended
from state.execution.port import BlockEnv, BlockOverrides, CallMessage
from state.execution.traced import TraceableBlock
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32, Wei
from state.queries.errors import NotTraceable, TracingFailed
from state.queries.replayed import ChangedState
from state.queries.state_queries import Overrides, StateQueries
from state.tracing import Budget, FlatCallTracer, TraceConfig, Tracer, make_tracer
from state.transactions import DEPOSIT_TYPE, with_known_sender
from state.transition.replay import executable_transaction
from state.world.types import StateChanges, StateReader

JsonObject = dict[str, Any]
PARITY = TraceConfig(convert_parity_errors=True)
ENVELOPE_BYTES = 96
"""What stands around one transaction's trace in a block's."""


class Replay:
    """A block's transactions, run again one after the other; each may be traced."""

    def __init__(self, queries: StateQueries, block_hash: Hash32, block: Block, budget: Budget) -> None:
        header = block.header
        if header.number == 0:
            raise NotTraceable("genesis is not traceable")
        self._rules = queries.rules
        self._budget = budget
        self._transactions = block.transactions
        self._senders = queries.database.senders(block_hash)
        self._place: JsonObject = {"blockHash": "0x" + block_hash.hex(), "blockNumber": header.number}
        self.parent_state = _parent_state(queries, header)
        env = queries.environment(block_hash, header)
        self._block = TraceableBlock(self.parent_state, env, queries.rules)
        self._block.run_system_calls()
        self._next = 0

    def run_until(self, index: int) -> None:
        """Runs the transactions before number `index`. Raises TraceTimedOut."""
        while self._next < index:
            self._budget.tick()
            self._block.apply(self._transaction(self._next))
            self._next += 1

    def _transaction(self, index: int) -> Any:
        raw = self._transactions[index]
        try:
            if self._senders is not None and raw[0] != DEPOSIT_TYPE:
                return with_known_sender(raw, self._senders[index])  # a sandbox's transactions may have no signature
            return executable_transaction(raw, self._rules)
        except DecodeError as error:
            raise NotTraceable(f"transaction {index} can't be decoded: {error}") from error

    def place(self, index: int) -> JsonObject:
        """Where a flat trace says that it belongs."""
        transaction_hash = "0x" + keccak256(self._transactions[index]).hex()
        return {**self._place, "transactionHash": transaction_hash, "transactionPosition": index}

    def trace(self, index: int, tracer: Tracer) -> None:
        """Runs transaction number `index`, after those before it, with a tracer. Raises TracingFailed."""
        self.run_until(index)
        try:
            self._block.trace(self._transaction(index), tracer)
        except InvalidTransaction as error:
            raise TracingFailed(f"tracing failed: {error}") from error
        self._next += 1

    def changes_before(self, index: int) -> StateChanges:
        """What the block has changed when transaction number `index` comes, or behind its last. The replay is spent.

        Raises NotTraceable where there is no such number.
        """
        if index > len(self._transactions):
            raise NotTraceable(f"transaction index {index} out of range: the block has {len(self._transactions)}")
        self.run_until(index)
        return self._block.finish()


def _parent_state(queries: StateQueries, header: Header) -> StateReader:
    try:
        return queries.state_after(header.parent_hash)
    except UnknownBlock as error:
        raise NotTraceable(f"parent 0x{header.parent_hash.hex()} not found") from error


def stored_block(queries: StateQueries, block_hash: Hash32) -> Block:
    """A block of the database. Raises UnknownBlock."""
    queries.database.require_header(block_hash)
    block = queries.database.block(block_hash)
    if block is None:
        raise UnknownBlock(f"block not found: {block_hash.hex()}")
    return block


def trace_block(queries: StateQueries, block_hash: Hash32, config: TraceConfig, budget: Budget) -> bytes:
    """`[{txHash, result}, …]`, one for each transaction of a stored block."""
    return _trace_all(queries, block_hash, stored_block(queries, block_hash), config, budget)


def trace_raw_block(queries: StateQueries, raw: bytes, config: TraceConfig, budget: Budget) -> bytes:
    """The same for a block in RLP, whose parent is stored. Raises DecodeError."""
    items = rlp.to_list(rlp.decode(raw))
    if len(items) < 2:
        raise NotTraceable(f"not a block: got {len(items)} items, expected header and transactions")
    header = Header.decode(rlp.encode(items[0]))
    transactions = tuple(rlp.encode(item) if isinstance(item, list) else item for item in rlp.to_list(items[1]))
    return _trace_all(queries, header.hash, Block(header=header, transactions=transactions), config, budget)


def _trace_all(queries: StateQueries, block_hash: Hash32, block: Block, config: TraceConfig, budget: Budget) -> bytes:
    replay = Replay(queries, block_hash, block, budget)
    parts = []
    for index in range(len(block.transactions)):
        place = replay.place(index)
        tracer = make_tracer(config, budget, place)
        budget.spend(ENVELOPE_BYTES)
        replay.trace(index, tracer)
        head = orjson.dumps({"txHash": place["transactionHash"]})
        parts.append(head[:-1] + b',"result":' + tracer.result() + b"}")
    return b"[" + b",".join(parts) + b"]"


def trace_transaction(
    queries: StateQueries, block_hash: Hash32, index: int, config: TraceConfig, budget: Budget
) -> bytes:
    """The tracer's result for transaction number `index` of a stored block."""
    replay = Replay(queries, block_hash, stored_block(queries, block_hash), budget)
    tracer = make_tracer(config, budget, replay.place(index))
    replay.trace(index, tracer)
    return tracer.result()


def trace_call(
    queries: StateQueries,
    block_hash: Hash32,
    message: CallMessage,
    config: TraceConfig,
    budget: Budget,
    *,
    overrides: Overrides | None = None,
    block_overrides: BlockOverrides | None = None,
    transaction_index: int | None = None,
) -> bytes:
    """The tracer's result for a call in the block's environment, on the state after it, or before one of its
    transactions. Raises TracingFailed and OverrideRefused."""
    tracer = make_tracer(config, budget, {})
    state, env = _call_world(queries, block_hash, budget, overrides, block_overrides, transaction_index)
    _run_call(queries, state, env, message, tracer)
    return tracer.result()


def _call_world(
    queries: StateQueries,
    block_hash: Hash32,
    budget: Budget,
    overrides: Overrides | None,
    block_overrides: BlockOverrides | None,
    transaction_index: int | None,
) -> tuple[StateReader, BlockEnv]:
    if transaction_index is None:
        return queries.pretended(block_hash, overrides, block_overrides)
    header = queries.database.require_header(block_hash)
    replay = Replay(queries, block_hash, stored_block(queries, block_hash), budget)
    state = ChangedState(replay.parent_state, replay.changes_before(transaction_index))
    return pretended(state, queries.environment(block_hash, header), queries.rules, overrides, block_overrides)


def _run_call(queries: StateQueries, state: StateReader, env: BlockEnv, message: CallMessage, tracer: Tracer) -> None:
    if not message.gas_price:
        env = replace(env, base_fee_per_gas=Wei(0))
    try:
        TraceableBlock(state, env, queries.rules).trace_call(message, tracer)
    except InvalidTransaction as error:
        raise TracingFailed(f"tracing failed: {error}") from error


def flat_traces(
    queries: StateQueries,
    block_hash: Hash32,
    budget: Budget,
    *,
    indexes: Sequence[int] | None = None,
    senders: Collection[Address] = (),
    recipients: Collection[Address] = (),
) -> list[bytes]:
    """Parity's traces of a stored block, or of some of its transactions, each as JSON; with `senders` or `recipients`
    only those from or to one of them."""
    block = stored_block(queries, block_hash)
    if block.header.number == 0:
        return []
    replay = Replay(queries, block_hash, block, budget)
    wanted = range(len(block.transactions)) if indexes is None else sorted(indexes)
    found: list[bytes] = []
    for index in wanted:
        tracer = FlatCallTracer(budget, PARITY, replay.place(index))
        replay.trace(index, tracer)
        found += [orjson.dumps(trace) for trace in _matching(tracer.traces(), senders, recipients)]
    return found


def _matching(
    traces: list[JsonObject], senders: Collection[Address], recipients: Collection[Address]
) -> Iterator[JsonObject]:
    """Parity's rule: both sides must match where both are asked for; a creation's recipient is the contract made."""
    from_any = {"0x" + address.hex() for address in senders}
    to_any = {"0x" + address.hex() for address in recipients}
    for trace in traces:
        action = trace["action"]
        sender = action.get("from") or action.get("address")
        recipient = action.get("to") or action.get("refundAddress") or trace.get("result", {}).get("address")
        if (not from_any or sender in from_any) and (not to_any or recipient in to_any):
            yield trace


def flat_call(queries: StateQueries, block_hash: Hash32, message: CallMessage, budget: Budget) -> bytes:
    """Parity's trace_call with `["trace"]`: `{output, stateDiff, trace, vmTrace}`."""
    tracer = FlatCallTracer(budget, PARITY, {})
    state, env = queries.pretended(block_hash, None, None)
    _run_call(queries, state, env, message, tracer)
    return _replayed(tracer)


def flat_replay(queries: StateQueries, block_hash: Hash32, index: int, budget: Budget) -> bytes:
    """Parity's trace_replayTransaction with `["trace"]`, for transaction number `index` of a stored block."""
    replay = Replay(queries, block_hash, stored_block(queries, block_hash), budget)
    tracer = FlatCallTracer(budget, PARITY, {})
    replay.trace(index, tracer)
    return _replayed(tracer)


def _replayed(tracer: FlatCallTracer) -> bytes:
    output = "0x" + tracer.finished().exit.output.hex()
    return orjson.dumps({"output": output, "stateDiff": None, "trace": tracer.traces(), "vmTrace": None})
