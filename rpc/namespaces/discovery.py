"""rpc: the server's methods, told by itself."""

from typing import Final

from rpc.context import Context
from rpc.openrpc import openrpc_document
from rpc.registry import MethodGroup
from rpc.values import JsonObject

DISCOVERY: Final = MethodGroup("Discovery")


@DISCOVERY.method("rpc_modules")
def modules(context: Context) -> dict[str, str]:
    """The namespaces that this server answers, each with its version."""
    return dict.fromkeys(context.registry.namespaces, "1.0")


@DISCOVERY.method("rpc_discover")
def discover(context: Context) -> JsonObject:
    """All methods of this server with the schemas of their parameters and results, as an OpenRPC document."""
    return _document(context)


@DISCOVERY.method("rpc.discover")
def discover_by_the_name_of_the_specification(context: Context) -> JsonObject:
    """The same: OpenRPC's own tools ask by this name."""
    return _document(context)


def _document(context: Context) -> JsonObject:
    return openrpc_document(context.registry, version=context.ports.info.client_version)
