"""net and web3: what this node is."""

from typing import Final

from rpc.context import Context
from rpc.parameters import Data
from rpc.registry import MethodGroup
from rpc.results import HashText, QuantityText
from rpc.views.hexadecimal import data, quantity
from state.primitives.crypto import keccak256

NODE_INFO: Final = MethodGroup("Node")


@NODE_INFO.method("net_version")
def version(context: Context) -> str:
    """The chain id as a decimal string."""
    return str(context.ports.info.chain_id)


@NODE_INFO.method("net_listening")
def listening(_context: Context) -> bool:
    """True: this node takes connections, or it couldn't answer."""
    return True


@NODE_INFO.method("net_peerCount")
def peer_count(context: Context) -> QuantityText:
    """How many peers the node is connected to."""
    return quantity(context.ports.info.peer_count())


@NODE_INFO.method("web3_clientVersion")
def client_version(context: Context) -> str:
    """Name, version, platform and runtime of this node."""
    return context.ports.info.client_version


@NODE_INFO.method("web3_sha3")
def sha3(_context: Context, data_to_hash: Data) -> HashText:
    """The Keccak-256 hash of some bytes."""
    return data(keccak256(data_to_hash))
