"""Parameters are parsed strictly, and what is wrong is named."""

from typing import Any

import pytest

from rpc.errors import InvalidParams
from rpc.parameters import (
    BlockByHash,
    BlockByNumber,
    BlockOverrides,
    BlockSelector,
    BlockTag,
    CallRequest,
    FilterRequest,
    StateOverrides,
)
from rpc.parameters.hexadecimal import Count, Data, Quantity, StorageKey, Uint64
from rpc.parameters.types import Malformed, parameter_type
from rpc.registry import MethodGroup, Registry
from state.blocks import Log
from state.primitives.types import Address, Hash32
from tests.unit.rpc.conftest import Client
from tests.unit.rpc.fake_chain import CONTRACT, RECIPIENT, TOPIC_A, TOPIC_B

ADDRESS = "0x" + "11" * 20
HASH = "0x" + "22" * 32


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (Quantity, "0x00", "hex number with leading zero digits"),
        (Quantity, "0x", 'hex string "0x"'),
        (Quantity, "", "empty hex string"),
        (Quantity, "10", "hex string without 0x prefix"),
        (Quantity, "0xg", "invalid hex string"),
        (Quantity, "0x1_0", "invalid hex string"),
        (Quantity, "0x١", "invalid hex string"),
        (Quantity, "0x1" + "0" * 64, "hex number > 256 bits"),
        (Quantity, 10, "expected a string, got number"),
        (Quantity, True, "expected a string, got bool"),
        (Uint64, "0x10000000000000000", "hex number > 64 bits"),
        (Data, "0x123", "hex string of odd length"),
        (Data, "0x-1", "invalid hex string"),
        (Address, "0x12", "hex string has length 2, want 40 for address"),
        (Hash32, ADDRESS, "hex string has length 40, want 64 for hash"),
        (StorageKey, "0x1" + "00" * 32, "storage key too long (want at most 32 bytes)"),
        (Count, -1, "number out of range"),
        (Count, True, "expected a number, got bool"),
        (Count, "4x", "invalid number"),
        (bool, "true", "expected a bool, got string"),
        (list[Address], "x", "expected an array, got string"),
        (list[Address], [ADDRESS, "0x"], "[1]: hex string has length 0, want 40 for address"),
        (BlockSelector, "latest1", "hex string without 0x prefix"),
        (BlockSelector, "0x01", "hex number with leading zero digits"),
        (BlockSelector, "0xffffffffffffffff", "block number larger than int64"),
        (BlockSelector, {}, "neither blockNumber nor blockHash is given"),
        (BlockSelector, {"blockHash": "0x1"}, "blockHash: hex string has length 1, want 64 for hash"),
        (BlockSelector, {"blockHash": HASH, "blockNumber": "0x1"}, "cannot specify both BlockHash and BlockNumber"),
        (BlockByNumber, HASH, "hex number > 64 bits"),
        (
            FilterRequest,
            {"blockHash": HASH, "toBlock": "latest"},
            "cannot specify both BlockHash and FromBlock/ToBlock",
        ),
        (FilterRequest, {"topics": [None] * 5}, "topics: exceed max topics"),
        (FilterRequest, {"topics": [["0x1"]]}, "topics[0][0]: hex string has length 1, want 64 for hash"),
        (FilterRequest, {"address": ["0x1"]}, "address[0]: hex string has length 1, want 40 for address"),
        (FilterRequest, [], "expected an object, got array"),
        (CallRequest, {"value": "0x01"}, "value: hex number with leading zero digits"),
        (CallRequest, {"data": "0x01", "input": "0x02"}, 'both "data" and "input" are set and not equal'),
        (CallRequest, {"gasPrice": "0x1", "maxFeePerGas": "0x1"}, "both gasPrice and (maxFeePerGas or maxPriorityFee"),
        (CallRequest, {"maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x2"}, "maxFeePerGas < maxPriorityFeePerGas"),
        (CallRequest, {"blobVersionedHashes": [HASH]}, "blob transactions are not supported"),
        (StateOverrides, {ADDRESS: {"state": {}, "stateDiff": {}}}, "has both 'state' and 'stateDiff'"),
        (StateOverrides, {"0x1": {}}, "address: hex string has length 1"),
        (StateOverrides, {ADDRESS: {"movePrecompileToAddress": "0x1"}}, "movePrecompileToAddress: hex string has"),
        (BlockOverrides, {"number": "0x01"}, "number: hex number with leading zero digits"),
        (BlockOverrides, {"time": "0x10000000000000000"}, "time: hex number > 64 bits"),
        (BlockOverrides, {"withdrawals": [{}]}, 'block override "withdrawals" is not supported for this RPC method'),
    ],
)
def test_says_what_is_wrong_with_a_value(annotation: Any, value: object, text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parameter_type(annotation).parse(value)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (Quantity, "0x0", 0),
        (Quantity, "0xFf", 255),
        (Data, "0x", b""),
        (Data, "0X0a", b"\x0a"),
        (StorageKey, "0x0", StorageKey(slot=0, is_padded=False)),
        (StorageKey, "0x" + "00" * 31 + "07", StorageKey(slot=7, is_padded=True)),
        (Count, "0x4", 4),
        (Count, "10", 10),
        (Count, 10, 10),
        (BlockSelector, "safe", BlockByNumber(which=BlockTag.SAFE)),
        (BlockSelector, "0x10", BlockByNumber(which=16)),
        (BlockSelector, HASH, BlockByHash(hash=Hash32(b"\x22" * 32))),
        (BlockSelector, {"blockNumber": "0x1"}, BlockByNumber(which=1)),
        (BlockOverrides, {"withdrawals": [], "unknown": 1}, BlockOverrides()),
        (BlockOverrides, {"number": "0x5", "time": "0x6"}, BlockOverrides(number=5, timestamp=6)),
        (
            BlockOverrides,
            {"coinbase": ADDRESS, "random": HASH, "baseFee": "0x7"},
            BlockOverrides(fee_recipient=Address(b"\x11" * 20), prev_randao=Hash32(b"\x22" * 32), base_fee_per_gas=7),
        ),
        (
            BlockOverrides,
            {"feeRecipient": ADDRESS, "prevRandao": HASH, "baseFeePerGas": "0x7", "blobBaseFee": "0x8"},
            BlockOverrides(
                fee_recipient=Address(b"\x11" * 20),
                prev_randao=Hash32(b"\x22" * 32),
                base_fee_per_gas=7,
                blob_base_fee=8,
            ),
        ),
        (
            BlockSelector,
            {"blockHash": HASH, "requireCanonical": True},
            BlockByHash(hash=Hash32(b"\x22" * 32), require_canonical=True),
        ),
    ],
)
def test_accepts_every_form_that_wallets_send(annotation: Any, value: object, expected: object) -> None:
    assert parameter_type(annotation).parse(value) == expected


def _filter(**members: object) -> FilterRequest:
    parsed: FilterRequest = parameter_type(FilterRequest).parse(members)
    return parsed


@pytest.mark.parametrize(
    ("members", "matches"),
    [
        ({}, True),
        ({"address": "0x" + CONTRACT.hex()}, True),
        ({"address": ["0x" + RECIPIENT.hex(), "0x" + CONTRACT.hex()]}, True),
        ({"address": "0x" + RECIPIENT.hex()}, False),
        ({"topics": ["0x" + TOPIC_A.hex()]}, True),
        ({"topics": ["0x" + TOPIC_B.hex()]}, False),
        ({"topics": [None, "0x" + TOPIC_B.hex()]}, True),
        ({"topics": [[], ["0x" + TOPIC_A.hex(), "0x" + TOPIC_B.hex()]]}, True),
        ({"topics": [["0x" + TOPIC_B.hex(), None]]}, True),
        ({"topics": [None, None]}, True),
        ({"topics": [None, None, None]}, False),
    ],
)
def test_topics_match_position_by_position(members: dict[str, object], matches: bool) -> None:
    log = Log(address=CONTRACT, topics=(TOPIC_A, TOPIC_B), data=b"")
    assert _filter(**members).matches(log) is matches


async def test_invalid_argument_names_its_position_and_parameter(client: Client) -> None:
    error = await client.error("eth_getBalance", ADDRESS, "0x01")
    assert error == {"code": -32602, "message": "invalid argument 1: block: hex number with leading zero digits"}


async def test_missing_argument_is_named(client: Client) -> None:
    error = await client.error("eth_getBalance")
    assert error == {"code": -32602, "message": "missing value for required argument 0: address"}


async def test_null_stands_for_the_default_of_an_optional_parameter(client: Client) -> None:
    assert await client.call("eth_getBalance", ADDRESS, None) == hex(10**18 + 2)


def test_one_name_can_be_registered_only_once() -> None:
    first, second = MethodGroup("first"), MethodGroup("second")
    for group in (first, second):

        @group.method("a_b")
        def handler(_context: object) -> None:
            """Nothing."""

    with pytest.raises(ValueError, match="registered twice: a_b"):
        Registry((first, second))


def test_a_method_without_a_parser_for_its_parameter_is_refused_at_registration() -> None:
    with pytest.raises(TypeError, match="no JSON-RPC parameter type"):

        @MethodGroup("group").method("a_b")
        def handler(_context: object, value: complex) -> None:
            """Nothing."""


def test_a_method_needs_a_docstring() -> None:
    with pytest.raises(ValueError, match="without a docstring"):

        @MethodGroup("group").method("a_b")
        def handler(_context: object) -> None:
            pass


def test_binding_keeps_errors_short_for_huge_values() -> None:
    group = MethodGroup("group")

    @group.method("a_b")
    def handler(_context: object, value: Address) -> None:
        """Nothing."""

    with pytest.raises(InvalidParams) as caught:
        Registry((group,)).find("a_b").bind(["0x" + "z" * 1_000_000])
    assert len(str(caught.value)) < 200
