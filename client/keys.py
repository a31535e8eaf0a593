"""Keys: from files, and the devnet's well-known ones."""

from pathlib import Path
from typing import Final

from eth_account import Account
from eth_account.signers.local import LocalAccount

from client.errors import BadInput

DEVNET_MNEMONIC: Final = "test test test test test test test test test test test junk"
"""Known to everybody: never send anything of worth to its accounts."""
DEVNET_ACCOUNTS: Final = 10


def devnet_account(index: int) -> LocalAccount:
    """The key at m/44'/60'/0'/0/index of the devnet's mnemonic."""
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(DEVNET_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
    return account


def load_key(source: str) -> LocalAccount:
    """The key that `source` names: `dev:N` for a devnet account, else a file with a hex private key."""
    if source.startswith("dev:"):
        index = source.removeprefix("dev:")
        if not index.isdecimal() or int(index) >= 1000:
            raise BadInput(f"{source!r} is no devnet account: expected dev:0 to dev:{DEVNET_ACCOUNTS - 1}")
        return devnet_account(int(index))
    try:
        text = Path(source).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"key file {source!r} can't be read: {error}") from error
    try:
        account: LocalAccount = Account.from_key(text)
    except Exception as error:  # eth_account raises several types for a malformed key
        raise BadInput(f"key file {source!r} holds no private key: expected 64 hexadecimal digits") from error
    return account
