"""The devnet's accounts. Their mnemonic is public: they are worth nothing outside a devnet."""

from dataclasses import dataclass
from typing import Final

from eth_account import Account

from client.keys import DEVNET_ACCOUNTS, devnet_account

OPERATOR_NAMES: Final = ("operator", "batcher", "proposer", "unsafe_block_signer")
"""Keys at the indices after the ten accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevAccount:
    """A key that everybody knows."""

    address: bytes
    private_key: bytes

    @property
    def hex_address(self) -> str:
        """EIP-55."""
        return str(Account.from_key(self.private_key).address)

    @property
    def hex_key(self) -> str:
        return "0x" + self.private_key.hex()


def _derive(index: int) -> DevAccount:
    account = devnet_account(index)
    return DevAccount(address=bytes.fromhex(account.address[2:]), private_key=bytes(account.key))


def user_accounts() -> list[DevAccount]:
    """The ten accounts that wallets and the demo use."""
    return [_derive(index) for index in range(DEVNET_ACCOUNTS)]


def operator_accounts() -> dict[str, DevAccount]:
    """Role -> key, for those who run the network."""
    return {name: _derive(DEVNET_ACCOUNTS + offset) for offset, name in enumerate(OPERATOR_NAMES)}
