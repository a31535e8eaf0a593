"""What eth_getLogs, eth_newFilter and eth_subscribe("logs") ask for."""

from dataclasses import dataclass
from typing import Final

from rpc.parameters.blocks import BlockByNumber, parse_block_by_number
from rpc.parameters.hexadecimal import parse_address, parse_hash
from rpc.parameters.types import (
    Malformed,
    ParameterType,
    define,
    expect_list,
    expect_object,
    nested,
)
from rpc.values import TopicFilter
from state.blocks import Log
from state.primitives.types import Address, Hash32

MAX_TOPICS: Final = 4
MAX_ALTERNATIVES: Final = 1_000
"""Addresses, or topics at one position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterRequest:
    """Which logs, and from where."""

    block_hash: Hash32 | None = None
    """One block; excludes a range."""
    from_block: BlockByNumber | None = None
    to_block: BlockByNumber | None = None
    addresses: frozenset[Address] = frozenset()
    """Empty: any."""
    topics: TopicFilter = ()

    def matches(self, log: Log) -> bool:
        """Whether the log's address and topics are wanted, wherever it stands."""
        if self.addresses and log.address not in self.addresses:
            return False
        if len(self.topics) > len(log.topics):
            return False
        pairs = zip(self.topics, log.topics, strict=False)
        return all(wanted is None or topic in wanted for wanted, topic in pairs)


def parse_filter(value: object) -> FilterRequest:
    """A filter object; unknown members are ignored, as in geth."""
    fields = expect_object(value)
    block_hash = fields.get("blockHash")
    first, last = fields.get("fromBlock"), fields.get("toBlock")
    if block_hash is not None and (first is not None or last is not None):
        raise Malformed("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")
    return FilterRequest(
        block_hash=None if block_hash is None else nested("blockHash", parse_hash, block_hash),
        from_block=None if first is None else nested("fromBlock", parse_block_by_number, first),
        to_block=None if last is None else nested("toBlock", parse_block_by_number, last),
        addresses=nested("address", _parse_addresses, fields.get("address")),
        topics=nested("topics", _parse_topics, fields.get("topics")),
    )


def _parse_addresses(value: object) -> frozenset[Address]:
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        return frozenset((parse_address(value),))
    return frozenset(
        nested(f"[{index}]", parse_address, entry) for index, entry in enumerate(expect_list(value, MAX_ALTERNATIVES))
    )


def _parse_topics(value: object) -> TopicFilter:
    if value is None:
        return ()
    positions = expect_list(value)
    if len(positions) > MAX_TOPICS:
        raise Malformed("exceed max topics")
    return tuple(nested(f"[{index}]", _parse_position, entry) for index, entry in enumerate(positions))


def _parse_position(value: object) -> frozenset[Hash32] | None:
    """None for null, an empty array, or an array with a null in it: each of these means any topic."""
    if value is None:
        return None
    if not isinstance(value, list):
        return frozenset((parse_hash(value),))
    entries = expect_list(value, MAX_ALTERNATIVES)
    if not entries or None in entries:
        return None
    return frozenset(nested(f"[{index}]", parse_hash, entry) for index, entry in enumerate(entries))


define(FilterRequest, ParameterType(label="filter", parse=parse_filter, schema={"type": "object"}))
