"""anvil_*, hardhat_* and evm_* as test suites call them, over HTTP."""

import re
import time
from pathlib import Path

import pytest
from eth_account import Account

from contracts.addresses import L1_BLOCK, OPEN_PREDEPLOYS, SEQUENCER_FEE_VAULT, checksum
from rpc.namespaces.sandbox import SANDBOX
from tests.unit.node.sandbox.conftest import CHAIN_ID, Client

NOBODY = "0x" + "42" * 20
SETS_SLOT_ONE = "0x602a60015500"
"""Stores 42 in slot 1."""


def send(sandbox: Client, **fields: object) -> str:
    accounts = sandbox.call("eth_accounts")
    transaction = {"from": accounts[0], "to": NOBODY, "value": "0x1"} | fields
    return str(sandbox.call("eth_sendTransaction", transaction))


def test_a_transaction_is_in_its_block_when_its_hash_is_answered(sandbox: Client) -> None:
    sent = send(sandbox)
    receipt = sandbox.call("eth_getTransactionReceipt", sent)
    assert (receipt["blockNumber"], receipt["status"], receipt["transactionIndex"]) == ("0x1", "0x1", "0x0")
    assert sandbox.head()["transactions"][0]["hash"] == sent
    assert sandbox.call("eth_getTransactionCount", receipt["from"], "latest") == "0x1"


def test_charges_the_fees_of_the_l2_to_its_vaults(sandbox: Client) -> None:
    sender = sandbox.call("eth_accounts")[0]
    before = sandbox.balance(sender)
    receipt = sandbox.call("eth_getTransactionReceipt", send(sandbox))
    fee = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
    assert int(receipt["l1Fee"], 16) > 0
    assert before - sandbox.balance(sender) == fee + int(receipt["l1Fee"], 16) + 1


def test_l1_block_says_what_the_l1_fee_is_computed_from_and_can_be_forged(sandbox: Client) -> None:
    sandbox.call("hardhat_setStorageAt", "0x" + L1_BLOCK.hex(), "0x1", "0x" + "00" * 32)
    sandbox.call("hardhat_setStorageAt", "0x" + L1_BLOCK.hex(), "0x7", "0x" + "00" * 32)
    receipt = sandbox.call("eth_getTransactionReceipt", send(sandbox))
    assert receipt["l1Fee"] == "0x0"


def test_the_open_contracts_are_there(sandbox: Client) -> None:
    for address in OPEN_PREDEPLOYS.values():
        assert len(sandbox.call("eth_getCode", checksum(address), "latest")) > 2


@pytest.mark.parametrize(
    ("params", "blocks", "timestamp"),
    [
        ([], 1, None),
        (["0x7d000000"], 1, 0x7D000000),
        ([2_097_152_001], 1, 2_097_152_001),
        ([{"blocks": 3}], 3, None),
        ([{"timestamp": "2097152002"}], 1, 2_097_152_002),
        ([{"timestamp": 2_097_152_003, "blocks": "0x02"}], 2, None),
    ],
)
def test_evm_mine_takes_a_timestamp_or_options(
    sandbox: Client, params: list[object], blocks: int, timestamp: int | None
) -> None:
    assert sandbox.call("evm_mine", *params) == "0x0"
    assert sandbox.number() == blocks
    if timestamp is not None:
        assert int(sandbox.head()["timestamp"], 16) == timestamp


@pytest.mark.parametrize("method", ["anvil_mine", "hardhat_mine"])
def test_mines_many_blocks_at_an_interval(sandbox: Client, method: str) -> None:
    assert sandbox.call(method, "0x3", "0x3c") == (True if method == "hardhat_mine" else None)
    times = [int(sandbox.call("eth_getBlockByNumber", hex(n), False)["timestamp"], 16) for n in (1, 2, 3)]
    assert [times[1] - times[0], times[2] - times[1]] == [60, 60]
    sandbox.call(method)
    assert sandbox.number() == 4


def test_time_is_moved_by_seconds_to_a_moment_and_for_one_block(sandbox: Client) -> None:
    sandbox.call("evm_mine")  # now: genesis may be hours old
    start = int(sandbox.head()["timestamp"], 16)
    assert sandbox.call("evm_increaseTime", 3_600) == 3_600
    assert sandbox.call("evm_increaseTime", "0x0e10") == 7_200
    sandbox.call("evm_mine")
    assert int(sandbox.head()["timestamp"], 16) >= start + 7_200
    sandbox.call("evm_setNextBlockTimestamp", start + 10_000)
    send(sandbox)
    assert int(sandbox.head()["timestamp"], 16) == start + 10_000
    sandbox.call("anvil_setTime", hex(start + 50_000))
    send(sandbox)
    assert int(sandbox.head()["timestamp"], 16) >= start + 50_000
    code, text = sandbox.error("evm_setNextBlockTimestamp", start)
    assert code == -32602
    assert "not after the newest block's" in text


def test_an_interval_of_timestamps_holds_until_it_is_removed(sandbox: Client) -> None:
    sandbox.call("anvil_setBlockTimestampInterval", 10)
    first = int(sandbox.head()["timestamp"], 16)
    sandbox.call("anvil_mine", 2)
    assert int(sandbox.head()["timestamp"], 16) == first + 20
    assert sandbox.call("anvil_removeBlockTimestampInterval") is True
    assert sandbox.call("anvil_removeBlockTimestampInterval") is False
    assert sandbox.error("anvil_setBlockTimestampInterval", 0)[0] == -32602


def test_automine_is_switched_off_and_on(sandbox: Client) -> None:
    assert sandbox.call("anvil_getAutomine") is True
    sandbox.call("evm_setAutomine", False)
    assert sandbox.call("hardhat_getAutomine") is False
    sent = send(sandbox)
    assert sandbox.number() == 0
    assert sandbox.call("eth_getTransactionByHash", sent)["blockNumber"] is None
    sandbox.call("anvil_setAutomine", True)
    assert sandbox.number() == 1


def test_transactions_are_dropped_from_the_pool(sandbox: Client) -> None:
    sandbox.call("evm_setAutomine", False)
    first, second, third = (send(sandbox, value=hex(n)) for n in (1, 2, 3))
    assert sandbox.call("anvil_dropTransaction", third) == third
    assert sandbox.call("anvil_dropTransaction", third) is None
    assert sandbox.call("hardhat_dropTransaction", second) is True
    assert sandbox.call("eth_getTransactionByHash", first) is not None
    sandbox.call("anvil_removePoolTransactions", sandbox.call("eth_accounts")[0])
    assert sandbox.call("eth_getTransactionByHash", first) is None
    again = send(sandbox)
    sandbox.call("anvil_dropAllTransactions")
    assert sandbox.call("eth_getTransactionByHash", again) is None


def test_blocks_come_by_themselves_at_an_interval(sandbox: Client) -> None:
    sandbox.call("evm_setIntervalMining", 0.05)
    assert sandbox.call("anvil_getIntervalMining") == 0.05
    assert sandbox.call("anvil_getAutomine") is False
    while sandbox.number() < 2:
        time.sleep(0.02)
    sandbox.call("evm_setIntervalMining", 0)
    assert sandbox.call("anvil_getIntervalMining") is None


@pytest.mark.parametrize("family", ["anvil", "hardhat"])
def test_accounts_are_what_they_are_set_to(sandbox: Client, family: str) -> None:
    answers = {
        "setBalance": (NOBODY, "0x07b"),
        "setNonce": (NOBODY, 7),
        "setCode": (NOBODY, SETS_SLOT_ONE),
        "setStorageAt": (NOBODY, "0x1", "0x" + "00" * 31 + "05"),
    }
    for name, params in answers.items():
        expected = None if family == "anvil" and name != "setStorageAt" else True
        assert sandbox.call(f"{family}_{name}", *params) is expected
    assert sandbox.number() == 0
    assert sandbox.balance(NOBODY) == 123
    assert sandbox.call("eth_getTransactionCount", NOBODY, "latest") == "0x7"
    assert sandbox.call("eth_getCode", NOBODY, "latest") == SETS_SLOT_ONE
    assert int(sandbox.call("eth_getStorageAt", NOBODY, "0x1", "latest"), 16) == 5
    send(sandbox, gas="0x186a0")
    assert int(sandbox.call("eth_getStorageAt", NOBODY, "0x1", "latest"), 16) == 42


def test_impersonated_accounts_send_until_they_are_stopped(sandbox: Client) -> None:
    contract = checksum(OPEN_PREDEPLOYS["Treasury"])
    sandbox.call("hardhat_setBalance", contract, hex(10**18))
    transaction = {"from": contract, "to": NOBODY, "value": "0x5"}
    assert sandbox.error("eth_sendTransaction", transaction) == (-32000, "unknown account")
    sandbox.call("hardhat_impersonateAccount", contract)
    assert contract.lower() in sandbox.call("eth_accounts")
    sent = sandbox.call("eth_sendTransaction", transaction)
    assert sandbox.call("eth_getTransactionReceipt", sent)["from"] == contract.lower()
    assert sandbox.call("eth_getTransactionByHash", sent)["from"] == contract.lower()
    assert sandbox.balance(NOBODY) == 5
    sandbox.call("hardhat_stopImpersonatingAccount", contract)
    assert sandbox.error("eth_sendTransaction", transaction) == (-32000, "unknown account")
    sandbox.call("anvil_autoImpersonateAccount", True)
    sandbox.call("eth_sendTransaction", transaction)
    sandbox.call("anvil_autoImpersonateAccount", False)
    sandbox.call("eth_sendUnsignedTransaction", transaction)
    assert sandbox.balance(NOBODY) == 15


def test_nobody_sends_a_made_up_transaction_a_second_time_or_by_its_bytes(sandbox: Client) -> None:
    sandbox.call("anvil_impersonateAccount", NOBODY)
    sandbox.call("anvil_setBalance", NOBODY, hex(10**18))
    start = sandbox.call("evm_snapshot")
    sent = sandbox.call("eth_sendTransaction", {"from": NOBODY, "to": NOBODY, "value": "0x1"})
    raw = sandbox.call("eth_getRawTransactionByHash", sent)
    sandbox.call("evm_revert", start)
    assert sandbox.error("eth_sendRawTransaction", raw)[0] == -32000


def test_reverts_to_a_snapshot_once(sandbox: Client) -> None:
    taken = sandbox.call("evm_snapshot")
    head = sandbox.head()
    sandbox.call("anvil_setBalance", NOBODY, 5)
    send(sandbox)
    sandbox.call("evm_increaseTime", 10**6)
    assert sandbox.call("anvil_metadata")["snapshots"][taken]["blockHash"] == head["hash"]
    assert sandbox.call("evm_revert", taken) is True
    assert sandbox.head() == head
    assert sandbox.balance(NOBODY) == 0
    assert sandbox.call("evm_revert", taken) is False
    assert sandbox.call("anvil_revert", "0x999") is False


def test_reset_leads_to_genesis_and_no_other_chain(sandbox: Client) -> None:
    genesis, instance = sandbox.head(), sandbox.call("hardhat_metadata")["instanceId"]
    sandbox.call("hardhat_setBalance", NOBODY, 5)
    sandbox.call("hardhat_mine", 3)
    sandbox.call("anvil_reset", {"forking": {"blockNumber": None}})
    assert sandbox.head() == genesis
    assert sandbox.call("hardhat_metadata")["instanceId"] != instance
    code, text = sandbox.error("anvil_reset", {"forking": {"jsonRpcUrl": "http://127.0.0.1:1"}})
    assert (code, "forking is not supported" in text) == (-32602, True)


def test_the_blocks_to_come_are_as_was_wished(sandbox: Client) -> None:
    sandbox.call("hardhat_setNextBlockBaseFeePerGas", "0x0")
    assert sandbox.call("eth_baseFee") == "0x0"
    sandbox.call("hardhat_setCoinbase", NOBODY)
    assert sandbox.call("evm_setBlockGasLimit", "0x1c9c380") is True
    sandbox.call("hardhat_setPrevRandao", "0x" + "ab" * 32)
    sent = send(sandbox, gasPrice=hex(10**9))
    head = sandbox.head()
    assert (head["baseFeePerGas"], head["miner"], head["gasLimit"]) == ("0x0", NOBODY, "0x1c9c380")
    assert head["mixHash"] == "0x" + "ab" * 32
    assert sandbox.call("eth_getTransactionReceipt", sent)["effectiveGasPrice"] == hex(10**9)
    assert sandbox.balance(NOBODY) == 21_000 * 10**9 + 1
    sandbox.call("evm_mine")
    assert sandbox.head()["mixHash"] != "0x" + "ab" * 32
    assert sandbox.call("anvil_nodeInfo")["environment"]["gasLimit"] == "0x1c9c380"
    assert sandbox.error("evm_setBlockGasLimit", "0x1")[0] == -32602


def test_the_pending_block_is_what_the_next_one_will_be(sandbox: Client) -> None:
    sandbox.call("evm_setAutomine", False)
    treasury = checksum(OPEN_PREDEPLOYS["Treasury"])
    sandbox.call("anvil_setBalance", treasury, hex(10**18))
    start = int(sandbox.head()["timestamp"], 16)
    sandbox.call("evm_setNextBlockTimestamp", start + 5_000)
    sandbox.call("anvil_setNextBlockBaseFeePerGas", "0x7")
    sandbox.call("anvil_setCoinbase", NOBODY)
    sandbox.call("evm_setBlockGasLimit", "0x1c9c380")
    send(sandbox, value="0x9")
    sandbox.call("eth_sendUnsignedTransaction", {"from": treasury, "to": NOBODY, "value": "0x1"})
    pending = sandbox.call("eth_getBlockByNumber", "pending", False)
    assert int(sandbox.call("eth_getBalance", NOBODY, "pending"), 16) >= 10
    assert sandbox.call("eth_getTransactionCount", treasury, "pending") == "0x2"
    sandbox.call("evm_mine")
    names = ("number", "timestamp", "baseFeePerGas", "miner", "gasLimit", "mixHash", "stateRoot", "transactionsRoot")
    assert [sandbox.head()[name] for name in names] == [pending[name] or sandbox.head()[name] for name in names]
    assert int(pending["timestamp"], 16) == start + 5_000
    assert len(pending["transactions"]) == 2


def test_node_info_and_metadata_name_the_chain(sandbox: Client) -> None:
    sandbox.call("evm_mine")
    head, info, metadata = sandbox.head(), sandbox.call("anvil_nodeInfo"), sandbox.call("anvil_metadata")
    assert (info["currentBlockNumber"], info["currentBlockHash"]) == ("0x1", head["hash"])
    assert (info["hardFork"], info["environment"]["chainId"]) == ("prague", CHAIN_ID)
    assert (metadata["chainId"], metadata["latestBlockNumber"], metadata["latestBlockHash"]) == (
        CHAIN_ID,
        1,
        head["hash"],
    )
    assert head["miner"] == "0x" + SEQUENCER_FEE_VAULT.hex()


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("anvil_setBalance", ["0x12", "0x1"], "address"),
        ("anvil_setBalance", [NOBODY, "0x1" + "00" * 32], "balance"),
        ("anvil_setBalance", [NOBODY, -1], "balance"),
        ("anvil_setBalance", [NOBODY, True], "balance"),
        ("anvil_setBalance", [NOBODY], "missing value for required argument 1: balance"),
        ("anvil_setNonce", [NOBODY, hex(2**64)], "nonce"),
        ("anvil_setStorageAt", [NOBODY, "0x1", "five"], "value"),
        ("evm_mine", [{"blocks": "many"}], "options"),
        ("anvil_mine", [2_000_000], "too many blocks"),
        ("evm_increaseTime", ["-5"], "seconds"),
        ("evm_increaseTime", [2**64 - 1], "time out of range"),
        ("evm_setIntervalMining", [-0.5], "seconds"),
        ("evm_setAutomine", ["yes"], "enabled"),
        ("eth_sendUnsignedTransaction", [{"to": NOBODY}], "from"),
    ],
)
def test_bad_parameters_are_named(sandbox: Client, method: str, params: list[object], text: str) -> None:
    code, message = sandbox.error(method, *params)
    assert code == -32602
    assert text in message


def test_every_sandbox_method_is_called_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    spelled = set(re.findall(r"\b(?:anvil|evm|hardhat|eth)_\w+", source))
    families = {name.partition("_")[2] for name in spelled} | {"setBalance", "setNonce", "setCode", "setStorageAt"}
    assert {name for name in SANDBOX.methods if name.partition("_")[2] not in families} == set()


def test_the_first_account_is_the_one_that_everybody_knows(sandbox: Client) -> None:
    Account.enable_unaudited_hdwallet_features()
    known = Account.from_mnemonic("test test test test test test test test test test test junk").address
    assert sandbox.call("eth_accounts")[0] == known.lower()
