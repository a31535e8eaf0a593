"""Messengers and standard bridges, both sides: what one sends is what the other delivers."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from contracts.addresses import (
    L2_CROSS_DOMAIN_MESSENGER,
    L2_STANDARD_BRIDGE,
    L2_TO_L1_MESSAGE_PASSER,
    OP_PREDEPLOYS,
    alias_l1_address,
)
from contracts.artifacts import artifact
from contracts.genesis import l2_allocation
from contracts.signatures import selector
from tests.unit.contracts.harness import Contract, Evm, Outcome, Reverted
from tests.unit.contracts.networks import ALICE, BOB, CONFIG, GUARDIAN, l1_network

TARGET = b"\x0d" * 20
NATIVE = bytes.fromhex("deaddeaddeaddeaddeaddeaddeaddeaddead0000")
ESTIMATOR = (1).to_bytes(20, "big")


@dataclass
class Sides:
    """Both chains' contracts on one state: their addresses don't meet."""

    evm: Evm
    l1: dict[str, Contract]
    l2: dict[str, Contract]

    def deposited(self, outcome: Outcome) -> tuple[bytes, int, int, bytes]:
        """Target, mint, gas and data of the one deposit that a message made."""
        [event] = self.l1["OptimismPortal"].events(outcome, "TransactionDeposited")
        packed = event["opaqueData"]
        assert packed[72] == 0
        gas = int.from_bytes(packed[64:72], "big")
        return bytes.fromhex(event["to"][2:]), int.from_bytes(packed[:32], "big"), gas, packed[73:]

    def deliver_on_l2(self, outcome: Outcome, sender: bytes | None = None) -> Outcome:
        """Execute the deposit as L2 would, from the aliased messenger."""
        to, mint, gas, data = self.deposited(outcome)
        source = sender or alias_l1_address(self.l1["L1CrossDomainMessenger"].address)
        self.evm.fund(source, self.evm.balance(source) + mint)
        return self.evm.send(to, data, sender=source, value=mint, gas=gas - 21_000)

    def withdrawn(self, outcome: Outcome) -> dict[str, object]:
        [event] = self.l2["L2ToL1MessagePasser"].events(outcome, "MessagePassed")
        return event


@pytest.fixture
def sides(evm: Evm) -> Sides:
    evm.at(number=50)
    l1 = l1_network(evm)
    allocation = l2_allocation(CONFIG)
    l2 = {}
    for name in ("L2CrossDomainMessenger", "L2StandardBridge", "L2ToL1MessagePasser"):
        account = allocation.account(OP_PREDEPLOYS[name])
        evm.place(OP_PREDEPLOYS[name], account.code, account.storage)
        l2[name] = Contract(evm, artifact(name), OP_PREDEPLOYS[name])
    return Sides(evm, l1, l2)


def test_l1_bridge_pays_the_same_account_on_l2(sides: Sides) -> None:
    outcome = sides.evm.send(sides.l1["L1StandardBridge"].address, value=5, sender=ALICE)
    [event] = sides.l1["L1StandardBridge"].events(outcome, "ETHDepositInitiated")
    assert event == {"from": "0x" + ALICE.hex(), "to": "0x" + ALICE.hex(), "amount": 5, "extraData": b""}
    before = sides.evm.balance(ALICE)
    delivered = sides.deliver_on_l2(outcome)
    assert sides.evm.balance(ALICE) == before + 5
    assert sides.l2["L2CrossDomainMessenger"].events(delivered, "RelayedMessage")
    [event] = sides.l2["L2StandardBridge"].events(delivered, "DepositFinalized")
    assert (event["l2Token"], event["to"], event["amount"]) == ("0x" + NATIVE.hex(), "0x" + ALICE.hex(), 5)


@pytest.mark.parametrize(
    ("function", "arguments", "to"),
    [
        ("depositETH", (200_000, b"x"), ALICE),
        ("depositETHTo", (BOB, 200_000, b"x"), BOB),
        ("bridgeETH", (200_000, b"x"), ALICE),
        ("bridgeETHTo", (BOB, 200_000, b"x"), BOB),
    ],
)
def test_l1_bridge_functions_reach_their_account(
    sides: Sides, function: str, arguments: tuple[object, ...], to: bytes
) -> None:
    outcome = sides.l1["L1StandardBridge"].send(function, *arguments, value=5, sender=ALICE)
    before = sides.evm.balance(to)
    sides.deliver_on_l2(outcome)
    assert sides.evm.balance(to) == before + 5


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("withdraw", (NATIVE, 5, 200_000, b"")),
        ("withdrawTo", (NATIVE, ALICE, 5, 200_000, b"")),
        ("bridgeETH", (200_000, b"")),
        ("bridgeETHTo", (ALICE, 200_000, b"")),
    ],
)
def test_l2_bridge_withdraws_through_messenger_and_passer(
    sides: Sides, function: str, arguments: tuple[object, ...]
) -> None:
    outcome = sides.l2["L2StandardBridge"].send(function, *arguments, value=5, sender=ALICE)
    event = sides.withdrawn(outcome)
    assert event["sender"] == "0x" + L2_CROSS_DOMAIN_MESSENGER.hex()
    assert event["target"] == "0x" + sides.l1["L1CrossDomainMessenger"].address.hex()
    assert event["value"] == 5
    before = sides.evm.balance(ALICE)
    finalise_on_l1(sides, event)
    assert sides.evm.balance(ALICE) == before + 5


def finalise_on_l1(sides: Sides, event: dict[str, object]) -> Outcome:
    """Call the messenger as the portal would while it finalises, by a stand-in that answers l2Sender()."""
    portal = sides.l1["OptimismPortal"].address
    code = sides.evm.state.get_code(portal)
    stand_in = bytes.fromhex("73") + L2_CROSS_DOMAIN_MESSENGER + bytes.fromhex("5f5260205ff3")
    sides.evm.place(portal, stand_in)
    target = bytes.fromhex(str(event["target"])[2:])
    value, gas = event["value"], event["gasLimit"]
    outcome = sides.evm.send(target, event["data"], sender=portal, value=value, gas=gas)  # type: ignore[arg-type]
    sides.evm.place(portal, code)
    return outcome


def test_l1_bridge_pays_a_withdrawal_and_says_so(sides: Sides) -> None:
    sent = sides.l2["L2StandardBridge"].send("bridgeETHTo", BOB, 200_000, b"note", value=5, sender=ALICE)
    outcome = finalise_on_l1(sides, sides.withdrawn(sent))
    expected = {"from": "0x" + ALICE.hex(), "to": "0x" + BOB.hex(), "amount": 5, "extraData": b"note"}
    for name in ("ETHWithdrawalFinalized", "ETHBridgeFinalized"):
        assert sides.l1["L1StandardBridge"].events(outcome, name) == [expected]


def test_messages_are_numbered_from_zero_with_version_one(sides: Sides) -> None:
    for messenger in (sides.l1["L1CrossDomainMessenger"], sides.l2["L2CrossDomainMessenger"]):
        assert messenger.call("messageNonce") == 1 << 240
        outcome = messenger.send("sendMessage", TARGET, b"hello", 50_000, value=2, sender=ALICE)
        [event] = messenger.events(outcome, "SentMessage")
        assert event == {
            "target": "0x" + TARGET.hex(), "sender": "0x" + ALICE.hex(), "message": b"hello",
            "messageNonce": 1 << 240, "gasLimit": 50_000,
        }  # fmt: skip
        assert messenger.events(outcome, "SentMessageExtension1") == [{"sender": "0x" + ALICE.hex(), "value": 2}]
        assert messenger.call("messageNonce") == (1 << 240) + 1


def test_deposit_of_a_message_carries_enough_gas_for_its_data(sides: Sides) -> None:
    for size in (0, 100, 16_384):
        outcome = sides.l1["L1CrossDomainMessenger"].send("sendMessage", TARGET, bytes(size), 0, sender=ALICE)
        _, _, gas, data = sides.deposited(outcome)
        assert gas == sides.l1["L1CrossDomainMessenger"].call("baseGas", bytes(size), 0)
        assert gas >= 21_000 + 40 * len(data)
        sides.evm.at(number=sides.evm.state.block_number + 1)


# Keeps xDomainMessageSender() of its caller in slot 0.
RECORDER = b"".join(
    (bytes.fromhex("60205f60045f63"), selector("xDomainMessageSender()"), bytes.fromhex("60e01b5f52335afa505f515f55"))
)


def test_target_sees_the_sender_on_the_other_side(sides: Sides) -> None:
    sides.evm.place(TARGET, RECORDER)
    outcome = sides.l1["L1CrossDomainMessenger"].send("sendMessage", TARGET, b"hi", 100_000, sender=ALICE)
    sides.deliver_on_l2(outcome)
    assert sides.evm.storage(TARGET, 0) == int.from_bytes(ALICE, "big")
    sides.l2["L2CrossDomainMessenger"].reverts("NoMessage", "xDomainMessageSender")


# Reverts unless slot 0 is set; then stops.
PICKY = bytes.fromhex("5f54600857" + "5f5ffd" + "5b00")


def test_failed_message_waits_with_its_value_and_is_replayed_once(sides: Sides) -> None:
    messenger = sides.l2["L2CrossDomainMessenger"]
    sides.evm.place(TARGET, PICKY)
    sent = sides.l1["L1CrossDomainMessenger"].send("sendMessage", TARGET, b"hi", 100_000, value=4, sender=ALICE)
    outcome = sides.deliver_on_l2(sent)
    [failed] = messenger.events(outcome, "FailedRelayedMessage")
    digest = failed["msgHash"]
    assert messenger.call("failedMessages", digest)
    assert sides.evm.balance(messenger.address) == 4
    data = sides.deposited(sent)[3]
    sides.evm.state.set_storage(TARGET, 0, 1)
    with pytest.raises(Reverted) as caught:
        sides.evm.send(messenger.address, data, sender=BOB, value=1)
    assert caught.value.data == selector("InvalidRelay()")
    relayed = sides.evm.send(messenger.address, data, sender=BOB)
    assert messenger.events(relayed, "RelayedMessage") == [{"msgHash": digest}]
    assert messenger.call("successfulMessages", digest)
    assert sides.evm.balance(TARGET) == 4
    with pytest.raises(Reverted) as caught:
        sides.evm.send(messenger.address, data, sender=BOB)
    assert caught.value.data == selector("AlreadyRelayed()")


# Calls its caller with its own calldata and stops, whatever comes of it.
FORWARDER = bytes.fromhex("365f5f37" + "5f5f365f5f335af1" + "00")


def test_a_message_cannot_relay_another_inside(sides: Sides) -> None:
    l1, l2 = sides.l1["L1CrossDomainMessenger"], sides.l2["L2CrossDomainMessenger"]
    sides.evm.place(TARGET, PICKY)
    failed = l1.send("sendMessage", TARGET, b"hi", 100_000, sender=ALICE)
    [event] = l2.events(sides.deliver_on_l2(failed), "FailedRelayedMessage")
    sides.evm.state.set_storage(TARGET, 0, 1)
    forwarder = sides.evm.place(b"\x0c" * 20, FORWARDER)
    outer = l1.send("sendMessage", forwarder, sides.deposited(failed)[3], 500_000, sender=ALICE)
    outcome = sides.deliver_on_l2(outer)
    assert l2.events(outcome, "FailedRelayedMessage") == [event]
    assert not l2.call("successfulMessages", event["msgHash"])
    assert len(l2.events(outcome, "RelayedMessage")) == 1


def test_only_the_other_messenger_brings_new_messages(sides: Sides) -> None:
    sent = sides.l1["L1CrossDomainMessenger"].send("sendMessage", TARGET, b"hi", 100_000, sender=ALICE)
    for stranger in (ALICE, sides.l1["L1CrossDomainMessenger"].address):
        with pytest.raises(Reverted) as caught:
            sides.deliver_on_l2(sent, sender=stranger)
        assert caught.value.data == selector("InvalidRelay()")
    l1 = sides.l1["L1CrossDomainMessenger"]
    l1.reverts("InvalidRelay", "relayMessage", 1 << 240, ALICE, TARGET, 0, 0, b"", sender=ALICE)
    l1.reverts("UnsupportedMessageVersion", "relayMessage", 0, ALICE, TARGET, 0, 0, b"", sender=ALICE)


@pytest.mark.parametrize("target", [L2_TO_L1_MESSAGE_PASSER, L2_CROSS_DOMAIN_MESSENGER])
def test_messages_cannot_act_as_the_messenger_itself(sides: Sides, target: bytes) -> None:
    sent = sides.l1["L1CrossDomainMessenger"].send("sendMessage", target, b"", 100_000, sender=ALICE)
    with pytest.raises(Reverted) as caught:
        sides.deliver_on_l2(sent)
    assert caught.value.data == selector("UnsafeTarget()")


def test_estimation_sees_a_failing_relay_as_a_revert(sides: Sides) -> None:
    sides.evm.place(TARGET, PICKY)
    sent = sides.l1["L1CrossDomainMessenger"].send("sendMessage", TARGET, b"hi", 100_000, sender=ALICE)
    to, _, _, data = sides.deposited(sent)
    aliased = alias_l1_address(sides.l1["L1CrossDomainMessenger"].address)
    with pytest.raises(Reverted) as caught:
        sides.evm.send(to, data, sender=aliased, origin=ESTIMATOR)
    assert caught.value.data == selector("RelayFailed()")


def test_pause_stops_relays_and_payments_on_l1(sides: Sides) -> None:
    sides.l1["SystemConfig"].send("pause", sender=GUARDIAN)
    messenger, bridge = sides.l1["L1CrossDomainMessenger"], sides.l1["L1StandardBridge"]
    assert messenger.call("paused")
    assert bridge.call("paused")
    messenger.reverts("Paused", "relayMessage", 1 << 240, ALICE, TARGET, 0, 0, b"")
    bridge.reverts("Paused", "finalizeBridgeETH", ALICE, BOB, 0, b"")


def test_bridges_believe_only_their_other_end(sides: Sides) -> None:
    sent = sides.l1["L1CrossDomainMessenger"].send(
        "sendMessage", L2_STANDARD_BRIDGE,
        sides.l2["L2StandardBridge"].data("finalizeBridgeETH", ALICE, ALICE, 1, b""), 200_000, sender=ALICE, value=1,
    )  # fmt: skip
    before = sides.evm.balance(ALICE)
    outcome = sides.deliver_on_l2(sent)
    assert sides.l2["L2CrossDomainMessenger"].events(outcome, "FailedRelayedMessage")
    assert sides.evm.balance(ALICE) == before
    for bridge in (sides.l1["L1StandardBridge"], sides.l2["L2StandardBridge"]):
        bridge.reverts("NotFromOtherBridge", "finalizeBridgeETH", ALICE, ALICE, 0, b"", sender=ALICE)


def test_contracts_name_a_receiver_instead_of_using_their_own_address(sides: Sides) -> None:
    contract = sides.evm.place(b"\xc0" * 20, b"\x00")
    sides.evm.fund(contract, 10)
    for bridge in (sides.l1["L1StandardBridge"], sides.l2["L2StandardBridge"]):
        bridge.reverts("OnlyAccounts", "bridgeETH", 200_000, b"", sender=contract, origin=ALICE, value=1)
        bridge.send("bridgeETHTo", BOB, 200_000, b"", sender=contract, origin=ALICE, value=1)


def test_legacy_withdrawals_take_the_coin_only_and_exactly(sides: Sides) -> None:
    bridge = sides.l2["L2StandardBridge"]
    bridge.reverts("WrongToken", "withdraw", BOB, 5, 200_000, b"", value=5, sender=ALICE)
    bridge.reverts("ValueMismatch", "withdraw", NATIVE, 5, 200_000, b"", value=4, sender=ALICE)


def test_tokens_are_not_offered_yet(sides: Sides) -> None:
    for bridge in (sides.l1["L1StandardBridge"], sides.l2["L2StandardBridge"]):
        bridge.reverts("NotAvailable", "bridgeERC20", ALICE, BOB, 1, 0, b"")
        bridge.reverts("NotAvailable", "bridgeERC20To", ALICE, BOB, ALICE, 1, 0, b"")
        bridge.reverts("NotAvailable", "finalizeBridgeERC20", ALICE, BOB, ALICE, ALICE, 1, b"")
    bridge = sides.l1["L1StandardBridge"]
    bridge.reverts("NotAvailable", "depositERC20", ALICE, BOB, 1, 0, b"")
    bridge.reverts("NotAvailable", "depositERC20To", ALICE, BOB, ALICE, 1, 0, b"")
