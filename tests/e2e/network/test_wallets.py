"""What an ordinary web3.py user does: connect, read, estimate, send, wait."""

import pytest
from web3 import Web3
from web3.exceptions import Web3RPCError

from contracts.assembler import assemble, creation_code
from tests.e2e.network.devnets import COMES_WITHIN, Devnet, send, sign, wait_for

STORE = "0x" + creation_code(assemble("0 calldataload dup1 0 sstore 0 mstore 32 0 log0 0 0 return")).hex()
REVERT = "0x" + creation_code(assemble("0 0 revert")).hex()


def test_connects_and_reads(devnet: Devnet) -> None:
    web3 = devnet.sequencer
    assert web3.is_connected()
    assert web3.eth.chain_id == devnet.description["l2"]["chainId"] == 161_299
    assert web3.net.version == "161299"
    assert web3.eth.get_balance(devnet.account(9).address) == Web3.to_wei(10_000, "ether")
    first = web3.eth.get_block(1, full_transactions=True)
    assert first["transactions"][0]["type"] == 0x7E  # type: ignore[index]
    assert web3.eth.get_block("finalized")["number"] <= web3.eth.get_block("safe")["number"] <= web3.eth.block_number


def test_transfer_is_estimated_sent_and_received(devnet: Devnet) -> None:
    web3, sender, to = devnet.sequencer, devnet.account(0), devnet.account(8).address
    before = web3.eth.get_balance(to)
    assert web3.eth.estimate_gas({"from": sender.address, "to": to, "value": Web3.to_wei(1, "gwei")}) == 21_000
    receipt = send(web3, sender, to=to, value=5)
    assert (receipt["status"], receipt["gasUsed"]) == (1, 21_000)
    assert int(receipt["l1Fee"], 16) > 0
    assert web3.eth.get_balance(to, receipt["blockNumber"]) == before + 5
    found = web3.eth.get_transaction(receipt["transactionHash"])
    assert (found["from"], found["value"]) == (sender.address, 5)


def test_contract_is_created_called_and_its_failure_is_told(devnet: Devnet) -> None:
    web3, sender = devnet.sequencer, devnet.account(0)
    created = send(web3, sender, data=STORE)
    address = created["contractAddress"]
    called = send(web3, sender, to=address, data="0x" + (77).to_bytes(32, "big").hex())
    assert int.from_bytes(web3.eth.get_storage_at(address, 0), "big") == 77
    assert [bytes(log["data"])[-1] for log in called["logs"]] == [77]
    reverter = send(web3, sender, data=REVERT)["contractAddress"]
    with pytest.raises(Exception, match="execution reverted"):
        web3.eth.estimate_gas({"from": sender.address, "to": reverter})
    assert send(web3, sender, to=reverter, gas=100_000)["status"] == 0


def _refusal(web3: Web3, raw: bytes) -> str:
    """Of a transaction that is in a block: "already known" until the pool has heard of that block, too."""
    with pytest.raises(Web3RPCError, match="nonce too low|already known") as refused:
        web3.eth.send_raw_transaction(raw)
    return str(refused.value)


def test_refusals_are_in_the_words_that_wallets_know(devnet: Devnet) -> None:
    web3, sender = devnet.sequencer, devnet.account(7)
    raw = sign(web3, sender, to=devnet.account(1).address, value=1)
    receipt = web3.eth.wait_for_transaction_receipt(web3.eth.send_raw_transaction(raw), timeout=COMES_WITHIN)
    assert receipt["status"] == 1
    wait_for(lambda: "nonce too low" in _refusal(web3, raw), "the words for a nonce that a block has used up")
    poor = web3.eth.account.create()
    with pytest.raises(Web3RPCError, match=r"insufficient funds for gas \* price \+ value"):
        web3.eth.send_raw_transaction(sign(web3, poor, to=sender.address, gas=21_000, value=1))


def test_deposit_through_the_portal_arrives_on_both_nodes(devnet: Devnet) -> None:
    l1, sender = devnet.l1, devnet.account(6)
    to = l1.eth.account.create().address
    portal = devnet.description["l1"]["contracts"]["OptimismPortal"]
    abi = [
        {
            "type": "function",
            "name": "depositTransaction",
            "stateMutability": "payable",
            "inputs": [
                {"name": name, "type": kind}
                for name, kind in (
                    ("to", "address"),
                    ("value", "uint256"),
                    ("gas", "uint64"),
                    ("c", "bool"),
                    ("d", "bytes"),
                )
            ],
            "outputs": [],
        }
    ]
    call = l1.eth.contract(address=Web3.to_checksum_address(portal), abi=abi).functions.depositTransaction(
        to, 10**18, 100_000, False, b""
    )
    data = call.build_transaction({"from": sender.address, "value": 10**18, "gas": 1_000_000})["data"]  # type: ignore[typeddict-item]
    assert send(l1, sender, to=portal, data=data, value=10**18)["status"] == 1
    for web3 in (devnet.sequencer, devnet.follower):
        wait_for(lambda web3=web3: web3.eth.get_balance(to) == 10**18, "the deposit")
