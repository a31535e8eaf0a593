"""Naming a block: by tag, number, hash, or an EIP-1898 object."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from rpc.parameters.hexadecimal import parse_hash, parse_quantity
from rpc.parameters.types import Malformed, ParameterType, define, expect_object, expect_string, nested, parse_bool
from state.primitives.types import Hash32


class BlockTag(Enum):
    """The names that wallets use for heads."""

    LATEST = "latest"
    """The unsafe head."""
    PENDING = "pending"
    """What the next block will see."""
    SAFE = "safe"
    FINALIZED = "finalized"
    EARLIEST = "earliest"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockByNumber:
    """A tag or a height: always a canonical block."""

    which: BlockTag | int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockByHash:
    """EIP-1898: a hash, which may name a block that a reorg has removed."""

    hash: Hash32
    require_canonical: bool = False


BlockSelector: TypeAlias = BlockByNumber | BlockByHash

LATEST: Final = BlockByNumber(which=BlockTag.LATEST)
_MAX_NUMBER: Final = 2**63 - 1
_TAGS: Final = {tag.value: BlockByNumber(which=tag) for tag in BlockTag}


def parse_block_by_number(value: object) -> BlockByNumber:
    """A tag or a quantity below 2^63."""
    tag = _TAGS.get(expect_string(value))
    if tag is not None:
        return tag
    number = parse_quantity(value, bits=64)
    if number > _MAX_NUMBER:
        raise Malformed("block number larger than int64")
    return BlockByNumber(which=number)


def parse_block_selector(value: object) -> BlockSelector:
    """A tag, quantity, 32-byte hash, or `{blockNumber}` or `{blockHash, requireCanonical}`."""
    if isinstance(value, dict):
        return _parse_object(expect_object(value))
    if len(expect_string(value)) == 66:
        return BlockByHash(hash=parse_hash(value))
    return parse_block_by_number(value)


def _parse_object(value: dict[str, object]) -> BlockSelector:
    number, block_hash = value.get("blockNumber"), value.get("blockHash")
    if number is not None and block_hash is not None:
        raise Malformed("cannot specify both BlockHash and BlockNumber, choose one or the other")
    if number is not None:
        parsed: BlockByNumber = nested("blockNumber", parse_block_by_number, number)
        return parsed
    if block_hash is None:
        raise Malformed("neither blockNumber nor blockHash is given")
    canonical = value.get("requireCanonical")
    return BlockByHash(
        hash=nested("blockHash", parse_hash, block_hash),
        require_canonical=False if canonical is None else nested("requireCanonical", parse_bool, canonical),
    )


_BY_NUMBER_SCHEMA: Final = {
    "anyOf": [{"enum": [tag.value for tag in BlockTag]}, {"type": "string", "pattern": "^0x(0|[1-9a-f][0-9a-f]*)$"}]
}
define(BlockByNumber, ParameterType(label="block number", parse=parse_block_by_number, schema=_BY_NUMBER_SCHEMA))
define(
    BlockSelector,
    ParameterType(
        label="block",
        parse=parse_block_selector,
        schema={
            "anyOf": [
                _BY_NUMBER_SCHEMA,
                {"type": "string", "pattern": "^0x[0-9a-f]{64}$"},
                {"type": "object", "properties": {"blockHash": {"type": "string"}, "blockNumber": {"type": "string"}}},
            ]
        },
    ),
)
