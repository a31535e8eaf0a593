"""The methods, one file for each group that belongs together.

    eth_chain eth_blocks eth_transactions eth_state eth_calls eth_fees eth_logs eth_subscribe eth_config
    txpool   node_info (net, web3, rpc)   optimism   debug_raw

A method is a short function from typed arguments to JSON: it picks the block, asks a port, and hands the records to
`rpc.views`. What the EVM, the pool or the rollup decides is decided there. `methods_for` lists what a server offers;
a composition root adds groups of its own (a sandbox, say) beside these.

Must not import the transports.
"""

from rpc.namespaces.debug_raw import RAW
from rpc.namespaces.eth_blocks import BLOCKS
from rpc.namespaces.eth_calls import CALLS
from rpc.namespaces.eth_chain import CHAIN
from rpc.namespaces.eth_config import CONFIGURATION
from rpc.namespaces.eth_fees import FEES
from rpc.namespaces.eth_logs import LOGS
from rpc.namespaces.eth_state import STATE
from rpc.namespaces.eth_subscribe import SUBSCRIPTIONS
from rpc.namespaces.eth_transactions import TRANSACTIONS
from rpc.namespaces.node_info import NODE_INFO
from rpc.namespaces.optimism import OPTIMISM
from rpc.namespaces.txpool import TXPOOL
from rpc.registry import MethodGroup

__all__ = ["methods_for"]


def methods_for(*, rollup: bool) -> tuple[MethodGroup, ...]:
    """The groups that every chain offers, and those of a rollup if it is one."""
    groups = (
        CHAIN,
        CONFIGURATION,
        BLOCKS,
        TRANSACTIONS,
        STATE,
        CALLS,
        FEES,
        LOGS,
        SUBSCRIPTIONS,
        TXPOOL,
        NODE_INFO,
        RAW,
    )
    return (*groups, OPTIMISM) if rollup else groups
