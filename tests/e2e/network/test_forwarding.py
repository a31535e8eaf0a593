"""A wallet at the follower sees its transaction from the moment it was taken."""

from web3 import Web3

from tests.e2e.network.devnets import NOBODY, Devnet, wait_for


def test_forwarded_transaction_is_pending_at_the_follower_until_its_block_comes(devnet: Devnet) -> None:
    follower, account = devnet.follower, devnet.account(6)
    before = follower.eth.get_transaction_count(account.address, "pending")
    signed = account.sign_transaction(
        {
            "chainId": follower.eth.chain_id,
            "nonce": before,
            "to": NOBODY,
            "value": 5,
            "gas": 21_000,
            "maxFeePerGas": Web3.to_wei(10, "gwei"),
            "maxPriorityFeePerGas": Web3.to_wei(1, "gwei"),
        }
    )
    sent = follower.eth.send_raw_transaction(signed.raw_transaction)
    assert follower.eth.get_transaction(sent)["hash"] == sent
    assert follower.eth.get_transaction_count(account.address, "pending") == before + 1
    receipt = wait_for(lambda: _receipt(follower, sent), "the receipt at the follower")
    assert receipt["status"] == 1
    assert follower.eth.get_transaction(sent)["blockNumber"] == receipt["blockNumber"]
    assert follower.eth.get_transaction_count(account.address, "latest") == before + 1


def _receipt(web3: Web3, sent: bytes) -> object:
    answer = web3.provider.make_request("eth_getTransactionReceipt", [Web3.to_hex(sent)])  # type: ignore[arg-type]
    return None if answer.get("result") is None else web3.eth.get_transaction_receipt(sent)  # type: ignore[arg-type]
