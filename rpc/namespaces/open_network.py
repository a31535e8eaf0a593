"""open: what this node knows of its network: who leads, and whether a sequencer signed two blocks of one height."""

from typing import Final

from rpc.context import Context
from rpc.errors import MethodNotFound
from rpc.ports import NetworkPort
from rpc.registry import MethodGroup
from rpc.values import JsonObject

NETWORK: Final = MethodGroup("Network")


def _network(context: Context) -> NetworkPort:
    if context.ports.network is None:
        raise MethodNotFound("this chain has no network of nodes: the method does not exist/is not available")
    return context.ports.network


@NETWORK.method("open_equivocations")
def equivocations(context: Context) -> list[JsonObject]:
    """Pairs of blocks of one height that the sequencer signed, as this node received them, oldest first."""
    return list(_network(context).equivocations())


@NETWORK.method("open_leadership")
def leadership(context: Context) -> JsonObject | None:
    """Which sequencer candidate leads, since which term, and why this one does or does not; null without failover."""
    return _network(context).leadership()
