"""Transfers of the devnet's accounts, signed on the host."""

from dataclasses import dataclass, field
from typing import Any, Final

import requests
from eth_account.signers.local import LocalAccount
from web3 import Web3

from client.keys import devnet_account
from tests.docker.containers import Containers, Unanswered, wait_for

CHAIN_ID: Final = 161_299
RECEIVER: Final = Web3.to_checksum_address("0x" + "77" * 20)
KNOWN: Final = ("already known", "nonce too low")
"""Answers to a transaction that was taken before."""


@dataclass
class Wallet:
    """One account that sends one transfer after the other, and knows which of them a node has acknowledged."""

    index: int
    nonce: int = 0
    acknowledged: list[str] = field(default_factory=list)

    @property
    def account(self) -> LocalAccount:
        return devnet_account(self.index)

    def sign(self, nonce: int, value: int = 1) -> tuple[str, str]:
        """(raw transaction, its hash)"""
        signed = self.account.sign_transaction(
            {
                "chainId": CHAIN_ID,
                "nonce": nonce,
                "to": RECEIVER,
                "value": value,
                "gas": 21_000,
                "maxFeePerGas": 10**10,
                "maxPriorityFeePerGas": 10**6,
            }
        )
        return signed.raw_transaction.to_0x_hex(), signed.hash.to_0x_hex()

    def send(self, containers: Containers, service: str) -> str | None:
        """The next transfer's hash once `service` has acknowledged it; None if that is unknown: send it again."""
        raw, transaction = self.sign(self.nonce)
        try:
            answer = containers.call(service, "eth_sendRawTransaction", raw, timeout=10)
            assert answer == transaction
        except (requests.RequestException, Unanswered) as error:
            if not any(text in str(error) for text in KNOWN):
                return None
        self.nonce += 1
        self.acknowledged.append(transaction)
        return transaction


def receipt(containers: Containers, service: str, transaction: str) -> dict[str, Any]:
    """The receipt, once the node has it."""
    found: dict[str, Any] = wait_for(
        lambda: containers.call(service, "eth_getTransactionReceipt", transaction),
        f"the receipt of {transaction} on {service}",
    )
    return found


def occurrences(containers: Containers, service: str, last: int) -> dict[str, int]:
    """Transaction hash -> how many times it is in blocks 1 to `last`."""
    found: dict[str, int] = {}
    for number in range(1, last + 1):
        for transaction in containers.block(service, hex(number))["transactions"]:
            found[transaction] = found.get(transaction, 0) + 1
    return found
