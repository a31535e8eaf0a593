"""The pending block and what is tried without signing, on a running devnet, by web3.py.

Account 7 of the shared devnet is this file's. A block may be sealed between any two steps: what is asserted holds
before and after it. A pending block that took long to make is shown for a while, without what came since.
"""

from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.exceptions import Web3RPCError

from tests.e2e.network.devnets import COMES_WITHIN, Devnet, wait_for

pytestmark = pytest.mark.slow

# Stores its calldata's first word in slot 0 and reads slot 1.
STORE = "0x" + "600b600c600039600b6000f3" + "5f355f556001545000000000"[:22]


def ask(web3: Web3, method: str, *params: Any) -> Any:
    answer = web3.provider.make_request(method, list(params))  # type: ignore[arg-type]
    assert "error" not in answer, answer
    return answer["result"]


def signed(web3: Web3, sender: LocalAccount, **fields: Any) -> str:
    """A transaction that the node has filled and `sender` signed."""
    request = {"from": sender.address, **{k: hex(v) if isinstance(v, int) else v for k, v in fields.items()}}
    filled = ask(web3, "eth_fillTransaction", request)["tx"]
    names = ("nonce", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "value", "chainId", "accessList")
    transaction = {name: filled[name] for name in names} | {"data": filled["input"], "type": "0x2"}
    if filled["to"] is not None:
        transaction["to"] = Web3.to_checksum_address(filled["to"])
    raw: str = sender.sign_transaction(transaction).raw_transaction.to_0x_hex()
    return raw


@pytest.fixture
def web3(shared_devnet: Devnet) -> Web3:
    return shared_devnet.sequencer


@pytest.fixture
def sender(shared_devnet: Devnet) -> LocalAccount:
    return shared_devnet.account(7)


def receipt_of(web3: Web3, raw: str) -> Any:
    return web3.eth.wait_for_transaction_receipt(web3.eth.send_raw_transaction(raw), timeout=COMES_WITHIN)


def test_what_the_node_took_is_pending_and_then_latest(web3: Web3, sender: LocalAccount) -> None:
    fresh = web3.eth.account.create().address
    nonce = web3.eth.get_transaction_count(sender.address, "pending")
    for value in (5, 7):
        web3.eth.send_raw_transaction(signed(web3, sender, to=fresh, value=value))
    wait_for(lambda: web3.eth.get_balance(fresh, "pending") == 12, "the pending transfers")
    assert web3.eth.get_transaction_count(sender.address, "pending") == nonce + 2
    code = {fresh: {"code": "0x475f5260205ff3"}}  # its own balance
    wait_for(lambda: int(ask(web3, "eth_call", {"to": fresh}, "pending", code), 16) == 12, "them in a pending call")
    wait_for(lambda: web3.eth.get_balance(fresh, "latest") == 12, "the transfers")


def _hashes(block: Any) -> list[Any]:
    return [transaction["hash"] for transaction in block["transactions"]]


def test_the_pending_block_is_the_next_one(web3: Web3, sender: LocalAccount) -> None:
    head = web3.eth.block_number
    transaction_hash = web3.eth.send_raw_transaction(signed(web3, sender, to=sender.address, value=1))

    def shown() -> Any:
        """The pending block, if it has the transaction or follows the block that has it."""
        block: Any = web3.eth.get_block("pending", full_transactions=True)
        included_in = web3.eth.get_transaction(transaction_hash).get("blockNumber")
        is_behind = included_in is not None and included_in < block["number"]
        return block if is_behind or transaction_hash in _hashes(block) else None

    block = wait_for(shown, "the transaction in a pending block, or in one before it")
    assert (block["hash"], block["number"] > head) == (None, True)
    assert block["gasUsed"] >= 21_000 * len(_hashes(block))
    web3.eth.wait_for_transaction_receipt(transaction_hash, timeout=COMES_WITHIN)


def test_a_follower_shows_what_it_forwarded(shared_devnet: Devnet, web3: Web3, sender: LocalAccount) -> None:
    follower, fresh = shared_devnet.follower, web3.eth.account.create().address
    raw = signed(web3, sender, to=fresh, value=3)
    transaction_hash = follower.eth.send_raw_transaction(raw)
    wait_for(lambda: follower.eth.get_balance(fresh, "pending") == 3, "the forwarded transfer")
    follower.eth.wait_for_transaction_receipt(transaction_hash, timeout=COMES_WITHIN)


def test_a_simulated_block_does_what_the_transaction_then_does(web3: Web3, sender: LocalAccount) -> None:
    created = receipt_of(web3, signed(web3, sender, data=STORE))["contractAddress"]
    call = {"from": sender.address, "to": created, "data": "0x" + (9).to_bytes(32, "big").hex()}
    (block,) = web3.eth.simulate_v1({"blockStateCalls": [{"calls": [call]}], "validation": False}, "latest")  # type: ignore[typeddict-item,list-item]
    receipt = receipt_of(web3, signed(web3, sender, to=created, data=call["data"]))
    assert (block["calls"][0]["gasUsed"], block["calls"][0]["status"]) == (receipt["gasUsed"], 1)
    assert len(block["hash"]) == len(block["stateRoot"]) == 32


def test_a_transaction_with_its_access_list_uses_the_gas_that_was_told(web3: Web3, sender: LocalAccount) -> None:
    created = receipt_of(web3, signed(web3, sender, data=STORE))["contractAddress"]
    data = "0x" + (9).to_bytes(32, "big").hex()
    told = web3.eth.create_access_list({"from": sender.address, "to": created, "data": data})  # type: ignore[typeddict-item]
    (entry,) = told["accessList"]
    assert (entry["address"], len(entry["storageKeys"])) == (created, 2)
    plain = [{"address": created, "storageKeys": list(entry["storageKeys"])}]
    receipt = receipt_of(web3, signed(web3, sender, to=created, data=data, accessList=plain))
    assert receipt["gasUsed"] == told["gasUsed"]


def test_an_endless_loop_in_a_simulation_ends_by_its_gas_and_the_node_goes_on(web3: Web3) -> None:
    loop = {"0x" + "1f" * 20: {"code": "0x5b5f56"}}
    calls = [{"to": "0x" + "1f" * 20, "gas": "0xf4240"}] * 3
    (block,) = ask(web3, "eth_simulateV1", {"blockStateCalls": [{"stateOverrides": loop, "calls": calls}]}, "latest")
    assert [call["error"]["message"] for call in block["calls"]] == ["vm execution error: out of gas"] * 3
    with pytest.raises(Web3RPCError, match="block gas limit reached"):
        web3.eth.simulate_v1({"blockStateCalls": [{"calls": [{"gas": hex(2**63)}]}]}, "latest")  # type: ignore[typeddict-item,list-item]
    assert web3.eth.block_number > 0
