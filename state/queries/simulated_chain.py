"""What a simulation is asked and what it answers, and the row of blocks that a request stands for.

requested blocks ─ sequence_blocks ─▶ blocks with numbers and timestamps, gaps filled with empty ones
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from state.blocks import Header, Log
from state.execution.port import AccountOverride, BlockOverrides, TransactionOutcome
from state.primitives.types import Address, Gas
from state.queries.simulation_errors import BlockNumbersNotInOrder, SimulationTooLarge, TimestampsNotInOrder
from state.transactions import CallRequest, SignedTransaction

MAX_BLOCKS: Final = 256
"""Of one simulation, those that fill gaps included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRequest:
    """One block to simulate."""

    overrides: BlockOverrides = BlockOverrides()
    accounts: Mapping[Address, AccountOverride] = field(default_factory=dict)
    """What is made up about the state before the block."""
    calls: tuple[CallRequest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationRequest:
    """All that eth_simulateV1 asks."""

    blocks: tuple[BlockRequest, ...]
    validates: bool = False
    traces_transfers: bool = False
    block_time: int
    """Seconds from a block to the next where a request names no time."""
    gas_cap: int
    """Gas of all calls together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCall:
    """What one call did."""

    outcome: TransactionOutcome
    logs: tuple[Log, ...]
    """With transfers of the gas coin, if they were asked for; empty for a call that failed."""
    is_gas_capped: bool
    """The gas that is left to the whole simulation was less than the call's own limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedBlockResult:
    """One simulated block. The three tuples run in parallel."""

    header: Header
    transactions: tuple[SignedTransaction, ...]
    """Without signatures; `encode_without_signature` gives their bytes."""
    senders: tuple[Address, ...]
    calls: tuple[SimulatedCall, ...]


def sequence_blocks(base: Header, request: SimulationRequest) -> list[BlockRequest]:
    """The blocks to simulate on `base`, each with number and timestamp.

    Raises BlockNumbersNotInOrder, TimestampsNotInOrder, SimulationTooLarge.
    """
    if len(request.blocks) > MAX_BLOCKS:
        raise SimulationTooLarge("too many blocks")
    number, timestamp, row = int(base.number), int(base.timestamp), list[BlockRequest]()
    for block in request.blocks:
        wanted = number + 1 if block.overrides.number is None else block.overrides.number
        if wanted <= number:
            raise BlockNumbersNotInOrder(f"block numbers must be in order: {wanted} <= {number}")
        if wanted - base.number > MAX_BLOCKS:
            raise SimulationTooLarge("too many blocks")
        for filler in _fillers(number + 1, wanted, timestamp, request.block_time):
            row.append(filler)
            timestamp += request.block_time
        number = wanted
        timestamp = _next_timestamp(timestamp, block.overrides.timestamp, request.block_time)
        row.append(replace(block, overrides=replace(block.overrides, number=number, timestamp=timestamp)))
    return row


def _fillers(first: int, last: int, timestamp: int, block_time: int) -> Iterator[BlockRequest]:
    """Empty blocks for numbers `first` to below `last`."""
    for offset, number in enumerate(range(first, last), start=1):
        yield BlockRequest(overrides=BlockOverrides(number=number, timestamp=timestamp + offset * block_time))


def _next_timestamp(before: int, wanted: int | None, block_time: int) -> int:
    if wanted is None:
        return before + block_time
    if wanted <= before:
        raise TimestampsNotInOrder(f"block timestamps must be in order: {wanted} <= {before}")
    return wanted


def total_gas(calls: Sequence[SimulatedCall]) -> Gas:
    """What the calls used together."""
    return Gas(sum(call.outcome.gas_used for call in calls))
