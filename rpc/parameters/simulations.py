"""What eth_simulateV1 is asked."""

from dataclasses import dataclass
from typing import Any, Final

from rpc.parameters.calls import parse_call
from rpc.parameters.overrides import parse_block_overrides, parse_overrides
from rpc.parameters.types import Malformed, ParameterType, define, expect_list, expect_object, nested, parse_bool
from state.queries import MAX_BLOCKS, BlockRequest, SimulationTooLarge

MAX_CALLS: Final = 10_000
"""Of all blocks together."""
MAX_BLOCK_CALLS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationPayload:
    """Blocks to simulate, and how."""

    blocks: tuple[BlockRequest, ...]
    validates: bool
    traces_transfers: bool
    returns_full_transactions: bool


def parse_simulation(value: object) -> SimulationPayload:
    """`{blockStateCalls, validation, traceTransfers, returnFullTransactions}`. Raises SimulationTooLarge, too."""
    fields = expect_object(value)
    entries = fields.get("blockStateCalls")
    if not isinstance(entries, list) or not entries:
        raise Malformed("empty input")
    if len(entries) > MAX_BLOCKS:
        raise SimulationTooLarge("too many blocks")
    _count_calls(entries)

    def flag(name: str) -> bool:
        return fields.get(name) is not None and bool(nested(name, parse_bool, fields[name]))

    return SimulationPayload(
        blocks=tuple(nested(f"blockStateCalls[{index}]", _parse_block, entry) for index, entry in enumerate(entries)),
        validates=flag("validation"),
        traces_transfers=flag("traceTransfers"),
        returns_full_transactions=flag("returnFullTransactions"),
    )


def _count_calls(entries: list[Any]) -> None:
    """Before anything is parsed. Raises SimulationTooLarge."""
    total = 0
    for entry in entries:
        calls = entry.get("calls") if isinstance(entry, dict) else None
        count = len(calls) if isinstance(calls, list) else 0
        total += count
        if count > MAX_BLOCK_CALLS:
            raise SimulationTooLarge(f"too many calls in block: {count} > {MAX_BLOCK_CALLS}")
        if total > MAX_CALLS:
            raise SimulationTooLarge(f"too many calls: {total} > {MAX_CALLS}")


def _parse_block(value: object) -> BlockRequest:
    fields = expect_object(value)
    block, accounts, calls = (fields.get(name) for name in ("blockOverrides", "stateOverrides", "calls"))
    return BlockRequest(
        overrides=nested("blockOverrides", parse_block_overrides, {} if block is None else block),
        accounts=nested("stateOverrides", parse_overrides, {} if accounts is None else accounts),
        calls=tuple(
            nested(f"calls[{index}]", parse_call, call)
            for index, call in enumerate(nested("calls", expect_list, [] if calls is None else calls))
        ),
    )


define(SimulationPayload, ParameterType(label="simulation", parse=parse_simulation, schema={"type": "object"}))
