"""From decoded JSON to typed values, strictly, with a text that says what is wrong where.

Methods (`rpc/namespaces`) annotate their parameters with the types of this package; the registry finds the parser by
the annotation. Every parser takes any JSON at all and either gives a typed value or raises `Malformed`; the registry
turns that into -32602 `invalid argument 1: block: hex number with leading zero digits`. Forms and texts are geth's,
because wallets were written against it. Nothing here knows the chain: a selector for a block that doesn't exist parses.

Start reading at `types.py`. Must not import the server, the registry or a namespace.
"""

from rpc.parameters.blocks import LATEST, BlockByHash, BlockByNumber, BlockSelector, BlockTag
from rpc.parameters.calls import CallRequest
from rpc.parameters.filters import FilterRequest
from rpc.parameters.hexadecimal import Count, Data, Quantity, StorageKey, SubscriptionId, Uint64
from rpc.parameters.overrides import NO_OVERRIDES, BlockOverrides, StateOverrides
from rpc.parameters.simulations import SimulationPayload
from rpc.parameters.types import Malformed, ParameterType, parameter_type

__all__ = [
    "LATEST",
    "NO_OVERRIDES",
    "BlockByHash",
    "BlockByNumber",
    "BlockOverrides",
    "BlockSelector",
    "BlockTag",
    "CallRequest",
    "Count",
    "Data",
    "FilterRequest",
    "Malformed",
    "ParameterType",
    "Quantity",
    "SimulationPayload",
    "StateOverrides",
    "StorageKey",
    "SubscriptionId",
    "Uint64",
    "parameter_type",
]
