"""What a devnet does for its users with keys that everybody knows: signing, and a faucet.

    keys.py      UnlockedAccounts: rpc's AccountsPort over the ten well-known accounts (node/devnet/accounts.py)
    faucet.py    Faucet: rpc's FaucetPort, which pays from the last of them by an ordinary transaction
    wiring.py    a server's ports with both
    errors.py    what they refuse

Only devnets have this: the keys are public, so whoever sends coin of worth to such an account has lost it, and a
production preset refuses the setting. May import `rpc`'s ports and `state`; eth-account signs messages and typed data.
"""

from node.unlocked.errors import AccountLocked, FaucetRefusal, InvalidTypedData
from node.unlocked.faucet import Faucet
from node.unlocked.keys import UnlockedAccounts
from node.unlocked.wiring import with_dev_accounts

__all__ = ["AccountLocked", "Faucet", "FaucetRefusal", "InvalidTypedData", "UnlockedAccounts", "with_dev_accounts"]
