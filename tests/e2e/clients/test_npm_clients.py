"""Contracts and libraries that others released, on a devnet: a script a subject, a test a step.

The scripts assert nothing: they print what they found, and here is what it must be.
"""

from collections.abc import Callable

import pytest

from tests.e2e.clients.conftest import Step

pytestmark = pytest.mark.slow

Run = Callable[[str], dict[str, Step]]


@pytest.fixture(scope="module")
def openzeppelin(run_steps: Run) -> dict[str, Step]:
    return run_steps("openzeppelin.mjs")


@pytest.fixture(scope="module")
def uniswap(run_steps: Run) -> dict[str, Step]:
    return run_steps("uniswap.mjs")


@pytest.fixture(scope="module")
def accounts(run_steps: Run) -> dict[str, Step]:
    return run_steps("accounts.mjs")


@pytest.fixture(scope="module")
def web3js(run_steps: Run) -> dict[str, Step]:
    return run_steps("web3js.mjs")


def test_openzeppelins_erc20_moves_and_refuses_by_its_own_error(openzeppelin: dict[str, Step]) -> None:
    found = openzeppelin["erc20"]
    assert (found["name"], found["supply"], found["balances"], found["left"]) == (
        "Example",
        "1000000",
        ["998970", "1030"],
        "20",
    )
    assert found["transfers"] == ["1000", "30"]
    assert found["refusal"] == ["ERC20InsufficientBalance", "1000000"]


def test_permit_is_accepted_once(openzeppelin: dict[str, Step]) -> None:
    found = openzeppelin["permit"]
    assert found == {"allowed": "77", "nonces": "1", "again": "ERC2612InvalidSigner"}


def test_openzeppelins_erc721_is_minted_and_handed_on(openzeppelin: dict[str, Step]) -> None:
    assert openzeppelin["erc721"] == {
        "minted": ["Transfer", "MetadataUpdate"],
        "theirs": True,
        "uri": "data:,first",
        "missing": ["ERC721NonexistentToken", "2"],
    }


def test_openzeppelins_governor_takes_a_proposal_from_pending_to_executed(openzeppelin: dict[str, Step]) -> None:
    pending, active, succeeded, executed = "0", "1", "4", "7"
    found = openzeppelin["governor"]
    assert found == {"states": [pending, active, succeeded, executed], "votes": True, "paid": "500"}


def test_uniswap_pair_lies_where_its_init_code_says(uniswap: dict[str, Step]) -> None:
    assert uniswap["deploy"] == {"knows": True}
    assert uniswap["addLiquidity"] == {"foretold": True, "shares": True}


def test_uniswap_swaps_both_ways_to_the_last_wei(uniswap: dict[str, Step]) -> None:
    assert uniswap["swap"] == {"quoted": True, "got": True, "swaps": 1, "coinOut": True, "grew": True}


def test_uniswap_says_why_it_refuses(uniswap: dict[str, Step]) -> None:
    assert uniswap["refusal"] == {
        "late": "UniswapV2Router: EXPIRED",
        "dear": "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT",
    }


def test_uniswap_gives_the_liquidity_back(uniswap: dict[str, Step]) -> None:
    assert uniswap["removeLiquidity"] == {"status": 1, "shares": "0", "dust": True}


def test_multicall3_answers_as_the_genuine_one_does(accounts: dict[str, Step]) -> None:
    found = accounts["multicall3"]
    read = [["success", "1000"], ["success", "1000"], ["failure", None]]
    assert found["here"] == found["genuine"] == [*read, ["success", found["balance"]]]
    assert found["undeployed"] == read


def test_delegated_account_makes_several_calls_at_once_and_takes_its_code_back(accounts: dict[str, Step]) -> None:
    assert accounts["delegation"] == {
        "batch": ["success", "eip7702", 2],
        "again": ["success", "eip1559"],
        "balance": "60",
        "delegated": True,
        "failing": "ContractFunctionExecutionError",
        "stranger": "TransactionExecutionError",
        "afterwards": "0x",
    }


def test_proofs_of_accounts_slots_and_absence_convince_a_foreign_library(accounts: dict[str, Step]) -> None:
    assert accounts["proofs"] == {
        "account": [True, "0x", True, True],
        "slots": True,
        "written": 3,
        "absent": None,
        "nobody": None,
        "balance": True,
        "forged": "Invalid proof provided",
    }


def test_web3js_connects_and_reads(web3js: dict[str, Step]) -> None:
    found = web3js["connect"]
    assert found.pop("node").startswith("OpenLedger/v")
    assert int(found["chainId"]) == int(found["network"])
    assert (found["syncing"], found["listening"], found["code"]) == (False, True, "0x")
    assert (found["balance"], found["estimate"], found["head"]) == (str(100 * 10**18), "21000", "126")
    assert {"maxFeePerGas", "maxPriorityFeePerGas", "baseFeePerGas"} <= set(found["fees"])


@pytest.mark.parametrize(("step", "kind"), [("legacy", "0"), ("accessList", "1"), ("eip1559", "2")])
def test_web3js_sends_and_waits_for_each_type(web3js: dict[str, Step], step: str, kind: str) -> None:
    assert web3js[step] == {"status": "1", "type": kind, "found": kind, "value": "7"}


def test_web3js_deploys_calls_and_finds_events_and_errors(web3js: dict[str, Step]) -> None:
    found = web3js["contract"]
    assert (found["name"], found["balance"], found["event"], found["past"]) == ("Web3.js", "40", "40", ["40"])
    assert (found["error"], found["cause"]) == ("ContractExecutionError", "ERC20InsufficientBalance")
    assert 21_000 < int(found["estimate"]) < 60_000


def test_web3js_batches_and_is_told_a_refusal(web3js: dict[str, Step]) -> None:
    assert web3js["batch"] == {"right": True}
    assert web3js["refusals"]["tooLow"].startswith("nonce too low: next nonce")


def test_web3js_hears_of_blocks_and_events(web3js: dict[str, Step]) -> None:
    found = web3js["subscriptions"]
    first = found["heads"][0]
    assert (found["heads"], found["value"]) == ([first, first + 1, first + 2], "2")
