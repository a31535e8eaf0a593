"""Keys: from files, and the devnet's well-known ones."""

import re
from pathlib import Path
from typing import Final

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import (
    is_checksum_address,
    is_checksum_formatted_address,
    is_hex_address,
    to_checksum_address,
)

from client.errors import BadInput

DEVNET_MNEMONIC: Final = "test test test test test test test test test test test junk"
"""Known to everybody: never send anything of worth to its accounts."""
DEVNET_ACCOUNTS: Final = 10
_PRIVATE_KEY: Final = re.compile(r"(0x)?[0-9a-fA-F]{64}")


def devnet_account(index: int) -> LocalAccount:
    """The key at m/44'/60'/0'/0/index of the devnet's mnemonic."""
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(DEVNET_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
    return account


def address_of(who: str) -> str:
    """The checksummed address that `who` names: an address, or what `load_key` takes.

    Raises BadInput for capitals that are not the checksum's (EIP-55): a mistyped address loses what is sent to it.
    """
    if is_hex_address(who) and (is_checksum_address(who) or not is_checksum_formatted_address(who)):
        return str(to_checksum_address(who))
    if who.lower().startswith("0x") and not _PRIVATE_KEY.fullmatch(who):
        raise BadInput(f"{who!r} is no address: expected 0x and 40 hexadecimal digits, capitals as in its checksum")
    return str(load_key(who).address)


def load_key(source: str) -> LocalAccount:
    """The key that `source` names: `dev:N` for a devnet account, else a file with a hex private key."""
    if source.startswith("dev:"):
        index = source.removeprefix("dev:")
        if not index.isdecimal() or int(index) >= 1000:
            raise BadInput(f"{source!r} is no devnet account: expected dev:0 to dev:{DEVNET_ACCOUNTS - 1}")
        return devnet_account(int(index))
    if _PRIVATE_KEY.fullmatch(source):
        raise BadInput("--key takes a file that holds the private key, never the key itself: shells remember it")
    try:
        text = Path(source).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"key file {source!r} can't be read: {error}") from error
    try:
        account: LocalAccount = Account.from_key(text)
    except Exception as error:  # eth_account raises several types for a malformed key
        raise BadInput(f"key file {source!r} holds no private key: expected 64 hexadecimal digits") from error
    return account
