"""The methods, one file for each group that belongs together.

    eth_chain eth_blocks eth_transactions eth_state eth_calls eth_simulation eth_fees eth_logs eth_subscribe eth_config
    txpool   node_info (net, web3)   discovery (rpc)   optimism   open_economy open_network   debug_raw debug_trace
    trace   otterscan   accounts   sandbox   (devnets only)   admin   (on a port of its own)

A method is a short function from typed arguments to JSON: it picks the block, asks a port, and hands the records to
`rpc.views`. What the EVM, the pool or the rollup decides is decided there. `methods_for` lists what a server offers;
a composition root adds groups of its own (a sandbox, say) beside these.

Must not import the transports.
"""

from rpc.namespaces.accounts import ACCOUNTS
from rpc.namespaces.admin import ADMIN
from rpc.namespaces.debug_raw import RAW
from rpc.namespaces.debug_trace import DEBUG
from rpc.namespaces.discovery import DISCOVERY
from rpc.namespaces.eth_blocks import BLOCKS
from rpc.namespaces.eth_calls import CALLS
from rpc.namespaces.eth_chain import CHAIN
from rpc.namespaces.eth_config import CONFIGURATION
from rpc.namespaces.eth_fees import FEES
from rpc.namespaces.eth_logs import LOGS
from rpc.namespaces.eth_simulation import SIMULATION
from rpc.namespaces.eth_state import STATE
from rpc.namespaces.eth_subscribe import SUBSCRIPTIONS
from rpc.namespaces.eth_transactions import TRANSACTIONS
from rpc.namespaces.node_info import NODE_INFO
from rpc.namespaces.open_economy import ECONOMY
from rpc.namespaces.open_network import NETWORK
from rpc.namespaces.optimism import OPTIMISM
from rpc.namespaces.otterscan import OTTERSCAN
from rpc.namespaces.sandbox import SANDBOX
from rpc.namespaces.trace import TRACE
from rpc.namespaces.txpool import TXPOOL
from rpc.registry import MethodGroup

__all__ = ["ADMIN", "methods_for", "where_else"]


def methods_for(*, rollup: bool, accounts: bool = False, sandbox: bool = False) -> tuple[MethodGroup, ...]:
    """The groups that every chain offers, those of a rollup if it is one, and those that only devnets have."""
    groups = (
        CHAIN,
        CONFIGURATION,
        BLOCKS,
        TRANSACTIONS,
        STATE,
        CALLS,
        SIMULATION,
        FEES,
        LOGS,
        SUBSCRIPTIONS,
        TXPOOL,
        NODE_INFO,
        OTTERSCAN,
        RAW,
        DEBUG,
        TRACE,
        DISCOVERY,
    )
    return (
        *groups,
        *((OPTIMISM, NETWORK) if rollup else ()),
        *((ECONOMY,) if rollup or sandbox else ()),
        *((ACCOUNTS,) if accounts else ()),
        *((SANDBOX,) if sandbox else ()),
    )


def where_else() -> dict[str, str]:
    """Where the methods are that only devnets or the admin port have, for a server that hasn't got them."""
    keys = dict.fromkeys(ACCOUNTS.methods, "this node holds no keys; sign yourself and use eth_sendRawTransaction")
    forged = "only `openledger devnet --sandbox` has it: nobody forges the time or state of a chain that others derive"
    apart = dict.fromkeys(ADMIN.methods, "it is served on the admin port, which --admin-port opens")
    return keys | apart | dict.fromkeys(SANDBOX.methods, forged)
