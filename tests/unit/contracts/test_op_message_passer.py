"""L2ToL1MessagePasser: hashes, slots and events as withdrawal proofs expect them."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.addresses import L2_TO_L1_MESSAGE_PASSER
from contracts.artifacts import artifact
from contracts.assembled.message_passer import MAX_MESSAGE_DATA
from contracts.storage import solidity_mapping_slot
from tests.unit.contracts.harness import RICH, Contract, Evm, Reverted

TARGET = bytes.fromhex("bb" * 20)
VERSION = 1 << 240
"""Version 1 in the nonce's two highest bytes."""


@pytest.fixture
def passer(evm: Evm) -> Contract:
    built = artifact("L2ToL1MessagePasser")
    return Contract(evm, built, evm.place(L2_TO_L1_MESSAGE_PASSER, built.runtime))


def withdrawal_hash(nonce: int, target: bytes, value: int, gas: int, data: bytes) -> bytes:
    types = ["uint256", "address", "address", "uint256", "uint256", "bytes"]
    return keccak(encode(types, [nonce, RICH, target, value, gas, data]))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(value=st.integers(0, 10**20), gas=st.integers(0, 2**256 - 1), data=st.binary(max_size=200))
def test_marks_the_withdrawal_hash_at_the_slot_that_proofs_read(
    passer: Contract, value: int, gas: int, data: bytes
) -> None:
    nonce = passer.call("messageNonce")
    outcome = passer.send("initiateWithdrawal", TARGET, gas, data, value=value)
    expected = withdrawal_hash(nonce, TARGET, value, gas, data)
    assert passer.evm.storage(passer.address, solidity_mapping_slot(0, expected)) == 1
    assert passer.call("sentMessages", expected)
    assert passer.call("messageNonce") == nonce + 1
    [event] = passer.events(outcome, "MessagePassed")
    sender, target = "0x" + RICH.hex(), "0x" + TARGET.hex()
    assert event == {
        "nonce": nonce, "sender": sender, "target": target, "value": value, "gasLimit": gas, "data": data,
        "withdrawalHash": expected,
    }  # fmt: skip


def test_counts_nonces_from_zero_with_version_one_in_slot_one(passer: Contract) -> None:
    assert passer.call("messageNonce") == VERSION
    passer.send("initiateWithdrawal", TARGET, 1, b"")
    assert passer.call("messageNonce") == VERSION + 1
    assert passer.evm.storage(passer.address, 1) == 1
    assert passer.call("MESSAGE_VERSION") == 1
    assert passer.call("version") == "1.2.0"


def test_plain_transfer_withdraws_to_its_sender(passer: Contract) -> None:
    outcome = passer.evm.send(passer.address, value=5)
    [event] = passer.events(outcome, "MessagePassed")
    assert event["withdrawalHash"] == withdrawal_hash(VERSION, RICH, 5, 100_000, b"")


def test_takes_the_longest_data_that_the_portal_can_prove_and_refuses_one_byte_more(passer: Contract) -> None:
    longest = bytes(range(256)) * (MAX_MESSAGE_DATA // 256)
    passer.send("initiateWithdrawal", TARGET, 0, longest, value=1)
    assert passer.call("sentMessages", withdrawal_hash(VERSION, TARGET, 1, 0, longest))
    passer.reverts("MessageDataTooLarge", "initiateWithdrawal", TARGET, 0, longest + b"\0")


def test_burn_destroys_the_whole_balance(passer: Contract) -> None:
    passer.send("initiateWithdrawal", TARGET, 0, b"", value=77)
    outcome = passer.send("burn")
    assert passer.events(outcome, "WithdrawerBalanceBurnt") == [{"amount": 77}]
    assert passer.evm.balance(passer.address) == 0


@pytest.mark.parametrize(
    "mangle",
    [
        lambda data: data[:4] + b"\xff" + data[5:],  # a target of more than 20 bytes
        lambda data: data[:68] + b"\xff" * 32 + data[100:],  # an offset beyond any calldata
        lambda data: data[:-32],  # data shorter than its length says
        lambda data: data[:99],  # a head of less than three words
        lambda data: data[:3],
        lambda data: b"\x12\x34\x56\x78" + data[4:],
    ],
)
def test_reverts_on_malformed_calldata(passer: Contract, mangle) -> None:  # type: ignore[no-untyped-def]
    data = passer.data("initiateWithdrawal", TARGET, 0, b"x" * 32)
    with pytest.raises(Reverted):
        passer.evm.send(passer.address, mangle(data))
    assert passer.call("messageNonce") == VERSION


def test_views_refuse_value(passer: Contract) -> None:
    with pytest.raises(Reverted):
        passer.send("messageNonce", value=1)
