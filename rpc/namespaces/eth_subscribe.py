"""eth: subscriptions over WebSocket."""

from typing import Annotated, Any, Final

from rpc.context import Context, SubscribingConnection, Subscription
from rpc.errors import FilterNotFound, InvalidParams, NotificationsUnsupported
from rpc.parameters import FilterRequest, Malformed, ParameterType, SubscriptionId
from rpc.parameters.filters import parse_filter
from rpc.registry import MethodGroup
from rpc.subscriptions import NewHeads, NewLogs, NewPendingTransactions, Syncing

SUBSCRIPTIONS: Final = MethodGroup("Subscriptions")


def _parse_options(value: object) -> bool | FilterRequest:
    if isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return parse_filter(value)
    raise Malformed("expected a filter object or a bool")


Options = Annotated[
    Any,
    ParameterType(
        label="filter or boolean", parse=_parse_options, schema={"anyOf": [{"type": "object"}, {"type": "boolean"}]}
    ),
]


def _connection(context: Context) -> SubscribingConnection:
    if context.connection is None:
        raise NotificationsUnsupported("notifications not supported: subscriptions need a WebSocket")
    return context.connection


@SUBSCRIPTIONS.method("eth_subscribe")
def subscribe(context: Context, kind: str, options: Options = None) -> str:
    """The id of a subscription to `newHeads`, `logs` (with a filter), `newPendingTransactions` (true: whole ones) or
    `syncing`."""
    return _connection(context).subscribe(_source(context, kind, options))


def _source(context: Context, kind: str, options: bool | FilterRequest | None) -> Subscription:
    match kind, options:
        case "newHeads", None:
            return NewHeads(blocks=context.blocks)
        case "logs", FilterRequest() | None:
            return NewLogs(blocks=context.blocks, criteria=options or FilterRequest())
        case "newPendingTransactions", bool() | None:
            return NewPendingTransactions(full=bool(options))
        case "syncing", None:
            return Syncing(info=context.ports.info)
        case "newHeads" | "logs" | "newPendingTransactions" | "syncing", _:
            raise InvalidParams(f"invalid argument 1: options: not what a {kind} subscription takes")
        case _:
            raise InvalidParams(f'no "{kind[:50]}" subscription in eth namespace')


@SUBSCRIPTIONS.method("eth_unsubscribe")
def unsubscribe(context: Context, subscription_id: SubscriptionId) -> bool:
    """True; the subscription tells nothing any more."""
    if not _connection(context).unsubscribe(subscription_id):
        raise FilterNotFound("subscription not found")
    return True
