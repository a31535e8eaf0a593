"""The OpenRPC document of a server, made from the registry that also parses its parameters.

Source: spec.open-rpc.org, version 1.3.2. A test holds it against the specification's rules, and against what each
method's definition says.
"""

from typing import Any, Final

from rpc.errors import RpcError
from rpc.registry import Method, Parameter, Registry
from rpc.values import JsonObject

VERSION: Final = "1.3.2"


def openrpc_document(registry: Registry, *, version: str) -> JsonObject:
    """What `rpc_discover` answers; `version` is the node's."""
    return {
        "openrpc": VERSION,
        "info": {
            "title": "OpenLedger Node JSON-RPC",
            "version": version,
            "license": {"name": "Apache-2.0"},
        },
        "methods": [_method(method, group.title) for group in registry.groups for method in group.methods.values()],
        "components": {"errors": {error.__name__: _error(error) for error in error_classes()}},
    }


def _method(method: Method, group: str) -> JsonObject:
    return {
        "name": method.name,
        "summary": method.summary,
        "tags": [{"name": group}],
        "paramStructure": "by-position",
        "params": [_parameter(parameter) for parameter in method.parameters],
        "result": {"name": "result", "schema": method.result},
    }


def _parameter(parameter: Parameter) -> JsonObject:
    return {
        "name": parameter.name,
        "summary": parameter.kind.label,
        "required": parameter.is_required,
        "schema": parameter.kind.schema,
    }


def _error(error: type[RpcError]) -> JsonObject:
    return {"code": error.rpc_code, "message": error_text(error)}


def error_text(error: type[RpcError]) -> str:
    """When a client sees it, on one line."""
    return " ".join((error.__doc__ or "").split())


def error_classes() -> list[type[RpcError]]:
    """The errors that a client can see, by code and name."""
    found: list[type[RpcError]] = []
    queue: list[type[Any]] = RpcError.__subclasses__()
    while queue:
        error = queue.pop()
        found.append(error)
        queue.extend(error.__subclasses__())
    visible = [error for error in found if error.__name__ != "CannotListen"]
    return sorted(visible, key=lambda entry: (entry.rpc_code, entry.__name__))
