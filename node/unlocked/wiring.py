"""A server's ports with a devnet's accounts and faucet."""

from dataclasses import replace

from node.devnet.accounts import user_accounts
from node.unlocked.faucet import Faucet
from node.unlocked.keys import UnlockedAccounts
from rpc.ports import Ports


def with_dev_accounts(ports: Ports, accounts: UnlockedAccounts | None = None) -> Ports:
    """`ports`, and the ten well-known accounts beside, the last of which pays the faucet's gifts."""
    held = UnlockedAccounts(user_accounts()) if accounts is None else accounts
    source = held.addresses()[-1]
    faucet = Faucet(source, held, chain=ports.chain, state=ports.state, pool=ports.pool, info=ports.info)
    return replace(ports, accounts=held, faucet=faucet)
