"""What a method's handler is given: the ports, the limits, and the connection that asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rpc.blocks import Blocks
from rpc.events import Event
from rpc.filters import FilterStore
from rpc.head_waits import HeadWaits
from rpc.limits import Limits
from rpc.ports import Ports
from rpc.registry import Registry


class Subscription(Protocol):
    """What turns events into notifications for one subscriber."""

    def results(self, event: Event) -> list[Any]:
        """The JSON results to notify of; empty if the event is none of this subscription's."""


class SubscribingConnection(Protocol):
    """A connection that can be told things: a WebSocket."""

    def subscribe(self, subscription: Subscription) -> str:
        """The new subscription's id. Raises LimitExceeded."""

    def unsubscribe(self, subscription_id: str) -> bool:
        """Whether there was such a subscription."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One per connection or HTTP request."""

    ports: Ports
    blocks: Blocks
    limits: Limits
    registry: Registry
    filters: FilterStore
    head_waits: HeadWaits
    connection: SubscribingConnection | None = None
    """None over HTTP."""
    charge: Callable[[int], None] | None = None
    """Told how many calls a body holds before they run; raises RateLimited. None for a client without a limit."""
