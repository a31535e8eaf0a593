"""Contracts by name: what goes out is what Solidity's ABI says, what comes in is named, and nonsense is refused."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak

from contracts.addresses import OPEN_PREDEPLOYS
from contracts.interface import InterfaceError, bytes_argument, embedded_bytes, interface
from tests.unit.contracts.open_chain import CONTRIBUTOR, OPEN, OWNER, OpenChain, hexed, padded


def test_call_is_selector_and_arguments() -> None:
    data = interface("Attribution").encode_call("claim", hexed(OWNER), 7, [b"\1" * 32])
    assert data[:4] == keccak(b"claim(address,uint256,bytes32[])")[:4] == interface("Attribution").selector("claim")
    assert data[4:] == encode(["address", "uint256", "bytes32[]"], [hexed(OWNER), 7, [b"\1" * 32]])
    assert interface("Attribution").address == OPEN_PREDEPLOYS["Attribution"]


def test_results_and_events_of_real_contracts_have_their_names() -> None:
    chain = OpenChain()
    datanet = chain.create_datanet()
    codec = interface("Datanets")
    output = chain.evm.send(codec.address, codec.encode_call("datanet", datanet)).output
    found = codec.decode_result("datanet", output)
    assert (found["owner"], found["name"], found["license"]["revenueShareBps"]) == (hexed(OWNER), "Law", 1000)
    assert found["policy"]["bond"] == OPEN
    count = chain.evm.send(codec.address, codec.encode_call("datanetCount")).output
    assert codec.decode_result("datanetCount", count) == 1
    tranche = chain.evm.send(interface("Vesting").address, interface("Vesting").encode_call("tranche", keccak(b"team")))
    assert interface("Vesting").decode_result("tranche", tranche.output)[1] == 150_000_000 * OPEN
    number = chain.contribute(datanet, b"\5" * 32)
    outcome = chain.datanets.send("finalize", number, sender=OWNER)
    log = next(entry for entry in outcome.logs if entry.topics[0] == codec.topic("ContributionFinalized"))
    arguments = codec.decode_event("ContributionFinalized", log.topics, log.data)
    assert arguments == {"contributionId": number, "datanetId": datanet, "status": 2, "score": 0}
    with pytest.raises(InterfaceError):
        codec.decode_event("Contributed", log.topics, log.data)
    assert padded(CONTRIBUTOR)[12:] == CONTRIBUTOR


@pytest.mark.parametrize("output", [b"", b"\0" * 31, b"\xff" * 64])
def test_output_of_something_else_is_refused(output: bytes) -> None:
    with pytest.raises(InterfaceError):
        interface("Datanets").decode_result("datanet", output)


def test_arrays_of_structs_come_as_rows_of_mappings() -> None:
    entry = {
        "type": "function", "name": "rows", "inputs": [], "stateMutability": "view",
        "outputs": [{"type": "tuple[]", "name": "", "components": [{"type": "uint8", "name": "kind"}]}],
    }  # fmt: skip
    codec = type(interface("Staking"))("Rows", [entry])
    assert codec.decode_result("rows", encode(["(uint8)[]"], [[(1,), (2,)]])) == [{"kind": 1}, {"kind": 2}]


def test_bytes_of_an_argument_are_found_whatever_stands_around_them() -> None:
    types = ["(address,address,uint64,uint256)[]", "bytes[]", "bytes"]
    vouchers = [(hexed(OWNER), hexed(CONTRIBUTOR), 1, 2)]
    for batch in (b"", b"x", b"b" * 32, b"b" * 1_000):
        calldata = b"\1\2\3\4" + encode(types, [vouchers, [b"s" * 65], batch])
        assert bytes_argument(calldata, 2) == batch
    # Not as an encoder writes it, but as a contract reads it: the offset counts, not the order.
    words = [padded(0), padded(0), padded(0x80), padded(9), padded(3), b"abc"]
    assert bytes_argument(b"\1\2\3\4" + b"".join(words), 2) == b"abc"


@pytest.mark.parametrize(
    "arguments",
    [
        b"",
        b"\0" * 64,
        padded(0) * 2 + padded(2**255),
        padded(0) * 2 + padded(0x60),
        padded(0) * 2 + padded(0x60) + padded(2**64) + b"abc",
        padded(0) * 2 + padded(0x60) + padded(4) + b"abc",
    ],
)
def test_calldata_that_ends_too_early_is_refused(arguments: bytes) -> None:
    with pytest.raises(InterfaceError):
        bytes_argument(b"\1\2\3\4" + arguments, 2)


def test_embedded_bytes_are_found_at_any_depth_and_never_outside() -> None:
    inner = b"\1\2\3\4" + encode(["bytes"], [b"needle and more"])
    outer = b"\5\6\7\x08" + encode(["bytes[]"], [[b"x", inner]])
    assert list(embedded_bytes(outer, b"needle", 0)) == [b"needle and more"]
    assert list(embedded_bytes(outer, b"and", 7)) == [b"needle and more"]
    for nonsense in (b"needle", padded(2**255) + b"needle", padded(7) + b"needle", padded(5) + b"needle"):
        assert list(embedded_bytes(nonsense, b"needle", 0)) == []


def test_decoys_are_bounded() -> None:
    assert len(list(embedded_bytes((padded(1) + b"n" * 32) * 1_000, b"n", 0))) <= 256
