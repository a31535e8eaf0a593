"""Typed values and errors as msgpack: records keep their class, integers their size, errors their class and fields."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Final

import msgpack

from node.readers.errors import FrameError
from state.blocks import Header, Log, Receipt
from state.database import BlockRecord, LogEntry, StateDelta
from state.errors import NodeError
from state.execution.port import AccountOverride, BlockOverrides, CallMessage, TransactionOutcome
from state.queries import (
    AccessListResult,
    AccountProof,
    BlockRequest,
    PendingRequest,
    SimulatedBlockResult,
    SimulatedCall,
    SimulationRequest,
    SlotProof,
)
from state.tracing import TraceConfig
from state.transactions import AccessListEntry, Authorization, CallRequest, SignedTransaction
from state.world.types import Account

_RECORD: Final = 1
_INTEGER: Final = 2
_RECORDS: Final[dict[str, type[Any]]] = {
    record.__name__: record
    for record in (
        AccessListEntry,
        AccessListResult,
        Account,
        AccountOverride,
        AccountProof,
        Authorization,
        BlockOverrides,
        BlockRecord,
        BlockRequest,
        CallMessage,
        CallRequest,
        Header,
        Log,
        LogEntry,
        PendingRequest,
        Receipt,
        SignedTransaction,
        SimulatedBlockResult,
        SimulatedCall,
        SimulationRequest,
        SlotProof,
        StateDelta,
        TraceConfig,
        TransactionOutcome,
    )
}


def pack(value: Any) -> bytes:
    """The bytes of a value made of records above, integers of any size, bytes, text, rows and mappings.

    Raises FrameError for anything else.
    """
    try:
        return bytes(msgpack.packb(value, default=_extend))
    except (TypeError, ValueError, OverflowError) as error:
        raise FrameError(f"value can't be sent to a reader: {error}") from error


def _extend(value: Any) -> Any:
    if isinstance(value, int):
        return msgpack.ExtType(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    if isinstance(value, frozenset):
        return sorted(value)
    if is_dataclass(value) and _RECORDS.get(type(value).__name__) is type(value):
        row = [type(value).__name__, *(getattr(value, field.name) for field in fields(value))]
        return msgpack.ExtType(_RECORD, pack(row))
    raise TypeError(f"{type(value).__name__} is no record of the readers' wire")


def unpack(data: bytes) -> Any:
    """The value that `pack` wrote; rows come back as tuples. Raises FrameError."""
    try:
        return msgpack.unpackb(data, ext_hook=_restore, use_list=False, strict_map_key=False)
    except (TypeError, ValueError, msgpack.exceptions.UnpackException) as error:
        raise FrameError(f"value from a reader's pipe is malformed: {error}") from error


def _restore(code: int, data: bytes) -> Any:
    if code == _INTEGER:
        return int.from_bytes(data, "big", signed=True)
    row = unpack(data) if code == _RECORD else ("",)
    record = _RECORDS.get(row[0])
    if record is None:
        raise ValueError(f"unknown extension {code} {row[0]}")
    names = [field.name for field in fields(record)]
    return record(**dict(zip(names, row[1:], strict=True)))


def pack_error(error: NodeError) -> bytes:
    """An error's class, text, JSON-RPC code and those of its own fields that can be sent."""
    simple = {name: value for name, value in vars(error).items() if isinstance(value, bytes | int | str)}
    return pack([type(error).__name__, str(error), error.rpc_code, simple])


def unpack_error(data: bytes) -> NodeError:
    """An error of the same class with the same text and fields, or a plain NodeError with the same code."""
    name, text, rpc_code, attributes = unpack(data)
    kind = next((kind for kind in _subclasses(NodeError) if kind.__name__ == name), NodeError)
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    for attribute, value in attributes.items():
        setattr(error, attribute, value)
    if error.rpc_code != rpc_code:
        error.__dict__["rpc_code"] = rpc_code
    return error


def _subclasses(kind: type[NodeError]) -> Iterator[type[NodeError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _subclasses(child)
