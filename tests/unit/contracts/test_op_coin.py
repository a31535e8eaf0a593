"""Wrapped OPEN and the fee vaults: coin in, coin out, nothing lost."""

from __future__ import annotations

import pytest

from contracts.addresses import L2_TO_L1_MESSAGE_PASSER, SEQUENCER_FEE_VAULT, WRAPPED_OPEN
from contracts.artifacts import artifact
from contracts.storage import storage_words
from tests.unit.contracts.harness import RICH, Contract, Evm, Reverted

BOB = bytes.fromhex("b0" * 20)
MAX = 2**256 - 1


@pytest.fixture
def token(evm: Evm) -> Contract:
    built = artifact("WrappedOpen")
    return Contract(evm, built, evm.place(WRAPPED_OPEN, built.runtime))


def test_wraps_and_unwraps_one_to_one(token: Contract) -> None:
    before = token.evm.balance(RICH)
    token.send("deposit", value=10)
    token.evm.send(WRAPPED_OPEN, value=5)
    assert token.call("totalSupply") == token.call("balanceOf", RICH) == token.evm.balance(WRAPPED_OPEN) == 15
    token.send("withdraw", 15)
    assert token.evm.balance(RICH) == before
    token.reverts("InsufficientBalance", "withdraw", 1)


def test_moves_by_allowance_and_leaves_an_infinite_one_alone(token: Contract) -> None:
    token.send("deposit", value=10)
    token.send("approve", BOB, 4)
    token.send("transferFrom", RICH, BOB, 3, sender=BOB)
    assert token.call("allowance", RICH, BOB) == 1
    token.reverts("InsufficientAllowance", "transferFrom", RICH, BOB, 3, sender=BOB)
    token.send("approve", BOB, MAX)
    outcome = token.send("transferFrom", RICH, BOB, 3, sender=BOB)
    assert token.call("allowance", RICH, BOB) == MAX
    assert token.events(outcome, "Transfer") == [{"src": "0x" + RICH.hex(), "dst": "0x" + BOB.hex(), "wad": 3}]
    assert token.call("balanceOf", BOB) == 6


def test_unknown_functions_revert_instead_of_depositing(token: Contract) -> None:
    with pytest.raises(Reverted):
        token.evm.send(WRAPPED_OPEN, b"\x01\x02\x03\x04", value=1)


def vault(evm: Evm, network: int) -> Contract:
    built = artifact("FeeVault")
    values = {"recipient": BOB, "minWithdrawalAmount": 100, "withdrawalNetwork": network}
    evm.place(SEQUENCER_FEE_VAULT, built.runtime, storage_words(built, values), balance=150)
    return Contract(evm, built, SEQUENCER_FEE_VAULT)


def test_vault_pays_its_recipient_on_l2(evm: Evm) -> None:
    contract = vault(evm, 1)
    outcome = contract.send("withdraw")
    assert evm.balance(BOB) == contract.call("totalProcessed") == 150
    [event] = contract.events(outcome, "Withdrawal")
    assert event == {
        "value": 150, "to": "0x" + BOB.hex(), "from": "0x" + RICH.hex(), "withdrawalNetwork": 1,
    }  # fmt: skip
    contract.reverts("BelowMinimum", "withdraw")


def test_vault_withdraws_to_l1_through_the_message_passer(evm: Evm) -> None:
    passer = artifact("L2ToL1MessagePasser")
    evm.place(L2_TO_L1_MESSAGE_PASSER, passer.runtime)
    outcome = vault(evm, 0).send("withdraw")
    [event] = Contract(evm, passer, L2_TO_L1_MESSAGE_PASSER).events(outcome, "MessagePassed")
    assert (event["target"], event["value"], event["gasLimit"]) == ("0x" + BOB.hex(), 150, 400_000)
    assert evm.balance(L2_TO_L1_MESSAGE_PASSER) == 150
