"""A user's connection, with a node that answers what a test wants."""

from typing import Any

import pytest
from eth_account import Account
from web3 import Web3
from web3.providers.base import JSONBaseProvider

from client.chain import Chain
from client.errors import TransactionLost

SENDER = Account.from_key("0x" + "11" * 32)
TARGET = Web3.to_checksum_address("0x" + "42" * 20)


class ScriptedNode(JSONBaseProvider):
    """Takes every transaction and never includes it; the sender's nonce on chain is `nonce`."""

    def __init__(self) -> None:
        super().__init__()
        self.nonce = 0
        self.sent: list[str] = []

    def make_request(self, method: Any, params: Any) -> Any:
        return {"jsonrpc": "2.0", "id": 1, "result": self._result(method, params)}

    def _result(self, method: str, params: Any) -> Any:
        if method == "eth_sendRawTransaction":
            self.sent.append(params[0])
            return Web3.to_hex(Web3.keccak(hexstr=params[0]))
        answers = {
            "eth_chainId": "0x7",
            "eth_getTransactionCount": hex(self.nonce),
            "eth_getBlockByNumber": {"baseFeePerGas": "0x7"},
            "eth_maxPriorityFeePerGas": "0x1",
            "eth_getTransactionReceipt": None,
        }
        return answers[method]


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> ScriptedNode:
    scripted = ScriptedNode()
    monkeypatch.setattr(Web3, "HTTPProvider", lambda *_, **__: scripted)
    monkeypatch.setattr("client.chain.NONCE_SECONDS", 0.05)
    return scripted


def test_a_transaction_whose_nonce_was_taken_is_lost_at_once_and_the_next_one_gets_a_new_nonce(
    node: ScriptedNode,
) -> None:
    chain = Chain("http://127.0.0.1:1")
    sent = chain.transfer(SENDER, TARGET, 1)
    node.nonce = 1  # a deposit
    with pytest.raises(TransactionLost, match=r"took nonce 0, so 0x\w{64} can't be included: send it again"):
        chain.wait(sent, seconds=30.0)
    chain.transfer(SENDER, TARGET, 1)
    first, second = (Account.recover_transaction(raw) for raw in node.sent)
    assert first == second == SENDER.address
    assert len(set(node.sent)) == 2


def test_a_transaction_that_is_only_late_is_waited_for_to_the_end(node: ScriptedNode) -> None:
    chain = Chain("http://127.0.0.1:1")
    sent = chain.transfer(SENDER, TARGET, 1)
    with pytest.raises(TransactionLost, match=r"no receipt for 0x\w{64} within 0 s"):
        chain.wait(sent, seconds=0.3)
