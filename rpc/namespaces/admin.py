"""admin: what an operator may do to a running node, on a port of its own and for whoever holds its secret.

Names are op-node's and op-batcher's where those have one.
"""

from typing import Annotated, Final

from rpc.context import Context
from rpc.errors import MethodNotFound
from rpc.parameters import Malformed, ParameterType
from rpc.parameters.types import expect_string
from rpc.ports import AdminPort
from rpc.registry import MethodGroup
from rpc.values import JsonObject
from rpc.views.hexadecimal import data
from state.primitives.types import Hash32

ADMIN: Final = MethodGroup("Administration, on a port of its own")
LEVELS: Final = ("debug", "info", "warning", "error")


def _parse_level(value: object) -> str:
    level = expect_string(value)
    if level not in LEVELS:
        raise Malformed(f"got {level[:20]!r}, expected one of {', '.join(LEVELS)}")
    return level


LogLevel = Annotated[
    str, ParameterType(label="level", parse=_parse_level, schema={"type": "string", "enum": list(LEVELS)})
]


def _parse_address(value: object) -> str:
    address = expect_string(value)
    host, separator, port = address.rpartition(":")
    if not separator or not host or not port.isdecimal() or not 0 < int(port[:6]) < 65_536 or len(address) > 128:
        raise Malformed(f"got {address[:40]!r}, expected host:port")
    return address


PeerAddress = Annotated[
    str, ParameterType(label="host:port", parse=_parse_address, schema={"type": "string", "maxLength": 128})
]


def _admin(context: Context) -> AdminPort:
    if context.ports.admin is None:
        raise MethodNotFound("admin_* does not exist/is not available")
    return context.ports.admin


@ADMIN.method("admin_startSequencer")
async def start_sequencer(context: Context, head: Hash32) -> None:
    """Null; the sequencer builds on from the unsafe head, which must have this hash."""
    await _admin(context).start_sequencer(head)


@ADMIN.method("admin_stopSequencer")
async def stop_sequencer(context: Context) -> str:
    """The hash of the unsafe head: the last block until the sequencer, this one or another, is started on it."""
    return data(await _admin(context).stop_sequencer())


@ADMIN.method("admin_sequencerActive")
def sequencer_active(context: Context) -> bool:
    """Whether this node builds blocks now."""
    return _admin(context).sequencer_active()


@ADMIN.method("admin_startBatcher")
async def start_batcher(context: Context) -> None:
    """Null; the batcher posts again."""
    await _admin(context).start_batcher()


@ADMIN.method("admin_stopBatcher")
async def stop_batcher(context: Context) -> None:
    """Null; the batcher posts nothing more until it is started, and blocks stay unsafe meanwhile."""
    await _admin(context).stop_batcher()


@ADMIN.method("admin_nodeInfo")
def node_info(context: Context) -> JsonObject:
    """Version, role, chain, genesis and head, and which parts run."""
    return _admin(context).node_info()


@ADMIN.method("admin_peers")
def peers(context: Context) -> list[JsonObject]:
    """The peers that this node is connected to."""
    return list(_admin(context).peers())


@ADMIN.method("admin_addPeer")
def add_peer(context: Context, address: PeerAddress) -> None:
    """Null; the node connects to this `host:port` and keeps connected until it ends."""
    _admin(context).add_peer(address)


@ADMIN.method("admin_removePeer")
async def remove_peer(context: Context, node_id: Hash32) -> bool:
    """Whether the node was connected to the peer of this id, which it has let go."""
    return await _admin(context).remove_peer(node_id)


@ADMIN.method("admin_setLogLevel")
def set_log_level(context: Context, level: LogLevel) -> None:
    """Null; events from this level up are logged until the process ends."""
    _admin(context).set_log_level(level)
