"""What answers in pages are asked with: which page, and for inference records which records."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from rpc.parameters.blocks import BlockByNumber, parse_block_by_number
from rpc.parameters.hexadecimal import parse_address, parse_data, parse_uint64
from rpc.parameters.types import Malformed, ParameterType, define, expect_object, nested

DEFAULT_PAGE: Final = 25
LARGEST_PAGE: Final = 100
LONGEST_CURSOR: Final = 32
"""Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of an answer."""

    cursor: bytes | None = None
    """What `next` of the page before was; None is the first page."""
    limit: int = DEFAULT_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsRequest:
    """Which inference records."""

    criteria: dict[str, Any] = field(default_factory=dict)
    """By the names of the indexer's filter; what is not named is any."""
    from_block: BlockByNumber | None = None
    to_block: BlockByNumber | None = None


def parse_page(value: object) -> Page:
    """`{"cursor": data, "limit": quantity}`, both optional."""
    fields = _known(value, {"cursor", "limit"})
    cursor, limit = fields.get("cursor"), fields.get("limit")
    return Page(
        cursor=None if cursor is None else nested("cursor", _parse_cursor, cursor),
        limit=DEFAULT_PAGE if limit is None else nested("limit", _parse_limit, limit),
    )


def _parse_cursor(value: object) -> bytes:
    cursor = parse_data(value)
    if len(cursor) > LONGEST_CURSOR:
        raise Malformed(f"too long: got {len(cursor)} bytes, expected at most {LONGEST_CURSOR}")
    return cursor


def _parse_limit(value: object) -> int:
    limit = parse_uint64(value)
    if not 1 <= limit <= LARGEST_PAGE:
        raise Malformed(f"got {limit}, expected 1 to {LARGEST_PAGE}")
    return limit


_CRITERIA: Final[dict[str, tuple[str, Callable[[object], Any]]]] = {
    "contributor": ("contributor", parse_address),
    "contributionId": ("contribution_id", parse_uint64),
    "datanetId": ("datanet_id", parse_uint64),
    "modelId": ("model_id", parse_uint64),
    "payer": ("payer", parse_address),
    "worker": ("worker", parse_address),
}


def parse_records(value: object) -> RecordsRequest:
    """A filter object: any of contributor, contributionId, datanetId, modelId, payer, worker, fromBlock, toBlock."""
    fields = _known(value, {*_CRITERIA, "fromBlock", "toBlock"})
    first, last = fields.get("fromBlock"), fields.get("toBlock")
    return RecordsRequest(
        criteria={
            name: nested(key, parse, fields[key])
            for key, (name, parse) in _CRITERIA.items()
            if fields.get(key) is not None
        },
        from_block=None if first is None else nested("fromBlock", parse_block_by_number, first),
        to_block=None if last is None else nested("toBlock", parse_block_by_number, last),
    )


def _known(value: object, names: set[str]) -> dict[str, object]:
    """The object's fields; a misspelt one would ask for something else, so it is refused."""
    fields = expect_object(value)
    unknown = sorted(set(fields) - names)
    if unknown:
        raise Malformed(f"unknown field {unknown[0][:40]}: expected {', '.join(sorted(names))}")
    return fields


_LIMIT: Final = {"type": "string", "pattern": "^0x[1-9a-f][0-9a-f]*$"}
define(
    Page,
    ParameterType(
        label="page",
        parse=parse_page,
        schema={
            "type": "object",
            "properties": {"cursor": {"type": "string"}, "limit": _LIMIT},
            "additionalProperties": False,
        },
    ),
)
define(
    RecordsRequest,
    ParameterType(
        label="record filter",
        parse=parse_records,
        schema={
            "type": "object",
            "properties": {name: {"type": "string"} for name in (*_CRITERIA, "fromBlock", "toBlock")},
            "additionalProperties": False,
        },
    ),
)
