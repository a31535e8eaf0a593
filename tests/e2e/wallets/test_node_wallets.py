"""What users of ethers 6 and viem 2 do all day, by the unmodified packages: a script a library, a test a step.

The errors that a library knows by a name of its own are asserted by that name: it is what its users' programs catch.
"""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.vouchers import recover_signer, voucher_digest
from tests.e2e.wallets.conftest import DEPOSITED, Setting, Step

pytestmark = pytest.mark.slow

Facts = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module", params=["ethers", "viem"])
def wallet(request: pytest.FixtureRequest, run_script: Callable[[str], dict[str, Step]]) -> tuple[str, dict[str, Step]]:
    return request.param, run_script(f"{request.param}.mjs")


@pytest.fixture
def library(wallet: tuple[str, dict[str, Step]]) -> str:
    return wallet[0]


@pytest.fixture
def facts(wallet: tuple[str, dict[str, Step]]) -> Facts:
    def of(step: str) -> dict[str, Any]:
        found = wallet[1][step]
        assert "facts" in found, found["threw"]
        result: dict[str, Any] = found["facts"]
        return result

    return of


def test_connects_and_reads(facts: Facts, setting: Setting) -> None:
    found = facts("connect")
    assert int(found["chainId"]) == setting.facts["chainId"]
    assert int(found["balance"]) == 10_000 * 10**18
    assert found["nonce"] == 0
    assert int(found["estimate"]) == 21_000
    assert {"maxFeePerGas", "maxPriorityFeePerGas"} <= set(found["fees"])
    assert found["code"] == "0x"


@pytest.mark.parametrize(
    ("step", "number", "viem_name"), [("legacy", 0, "legacy"), ("accessList", 1, "eip2930"), ("eip1559", 2, "eip1559")]
)
def test_transfer_of_each_type_is_sent_and_waited_for(
    facts: Facts, library: str, step: str, number: int, viem_name: str
) -> None:
    kind, succeeded = (number, 1) if library == "ethers" else (viem_name, "success")
    expected = {"status": succeeded, "type": kind, "found": kind, "value": "7", "sameHash": True}
    assert facts(step) == expected


def test_account_delegates_its_code_by_an_authorization(facts: Facts, library: str, setting: Setting) -> None:
    found = facts("setCode")
    assert (found["status"], found["type"]) == ((1, 4) if library == "ethers" else ("success", "eip7702"))
    assert found["authorizations"] == 1
    assert found["code"].lower() == "0xef0100" + setting.facts["delegate"][2:].lower()


def test_contract_is_deployed_called_and_its_logs_are_found(facts: Facts) -> None:
    found = facts("contract")
    assert (found["count"], found["static"]) == ("2", "3")
    assert found["logs"] == [[True, "1"], [True, "2"]]
    assert 21_000 < int(found["estimate"]) < 60_000


def test_filter_that_the_node_keeps_brings_the_new_log_once(facts: Facts) -> None:
    assert facts("filter") == {"changes": 1, "left": 0, "gone": True}


def test_contract_error_is_decoded_by_its_name(facts: Facts, library: str) -> None:
    found = facts("customError")
    assert (found["name"], found["args"]) == ("UnknownContribution", ["987654"])
    assert found["nameOnSend"] == "UnknownContribution"
    if library == "ethers":
        assert found["code"] == found["onSend"] == "CALL_EXCEPTION"


def test_refusals_are_the_errors_that_the_library_has_names_for(facts: Facts, library: str) -> None:
    found = facts("refusals")
    if library == "ethers":
        assert found == {
            "tooLow": "NONCE_EXPIRED",
            "insufficient": "INSUFFICIENT_FUNDS",
            "estimate": "INSUFFICIENT_FUNDS",
            "underpriced": "REPLACEMENT_UNDERPRICED",
        }
        return
    assert "NonceTooLowError" in found["tooLow"]
    assert "InsufficientFundsError" in found["insufficient"]
    assert "InsufficientFundsError" in found["estimate"]
    assert "FeeCapTooLowError" in found["belowBase"]
    assert "TipAboveFeeCapError" in found["tipAboveCap"]
    assert found["underpriced"] == "replacement transaction underpriced"


def test_voucher_is_signed_over_the_digest_that_the_chain_computes(
    facts: Facts, library: str, setting: Setting
) -> None:
    found, chain_id = facts("voucher"), setting.facts["chainId"]
    assert found["digest"] == "0x" + voucher_digest(setting.voucher, chain_id=chain_id).hex()
    signer = recover_signer(setting.voucher, bytes.fromhex(found["signature"][2:]), chain_id=chain_id)
    assert signer == setting.devnet.account({"ethers": 1, "viem": 2}[library]).address


def test_batch_of_100_calls_is_answered_in_order(facts: Facts) -> None:
    assert facts("batch") == {"answers": 100, "right": True}


def test_finalized_safe_and_latest_are_blocks_in_this_order(facts: Facts) -> None:
    found = facts("heads")
    assert 0 <= found["finalized"] <= found["safe"] <= found["latest"]
    assert found["latest"] > 0


def test_deposit_and_its_receipt_are_readable(facts: Facts, library: str) -> None:
    found = facts("deposit")
    assert found["inBlock"] is True
    assert int(found["value"]) == DEPOSITED
    kinds = (0x7E, 1, 0x7E) if library == "ethers" else ("0x7e", "success", "0x7e")
    assert (found["type"], found["status"], found["receiptType"]) == kinds


def test_what_was_just_sent_is_seen_in_the_pending_block(facts: Facts) -> None:
    assert facts("pending") == {"balance": "9", "hash": None, "isAhead": True, "bodies": True}


def test_viem_simulates_lists_and_fills_by_the_node(facts: Facts, library: str) -> None:
    if library == "ethers":
        pytest.skip("ethers 6 has none of these methods")
    found = facts("simulation")
    assert found["transfers"] == ["0x" + "ee" * 20]
    assert found["statuses"] == ["success", "failure"]
    assert (found["isChained"], found["time"]) == (True, "4102444800")
    assert found["listed"] == [[True, True]]
    assert int(found["number"], 16) == 77
    assert found["filled"] == ["eip1559", "21000", True, True]


def test_subscriptions_bring_every_block_and_the_log(facts: Facts) -> None:
    found = facts("subscription")
    first = found["blocks"][0]
    assert found["blocks"] == [first, first + 1, first + 2]
    assert found["grew"] == "1"


def test_fifty_transactions_go_through_a_follower_by_their_pending_nonces(facts: Facts) -> None:
    assert facts("burst") == {"nonces": True, "ok": 50, "after": 50}
