"""How many calls a second each client may make: token buckets by client address.

Counted are calls, each member of a batch and each message of a WebSocket alike. A batch is charged whole, if need be on
credit; until the debt is paid off everything else of that client is refused. So a client never gets more than its rate
for long, and no batch is too long to ever be answered.
"""

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeAlias

from rpc.errors import RateLimited
from rpc.limits import RateLimit
from rpc.transport.access import header

MOST_CLIENTS: Final = 65_536
"""Clients remembered; the one that was away longest is forgotten first."""
MOST_HOPS: Final = 16
"""Addresses of an X-Forwarded-For header that are looked at, from the nearest."""

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class ClientRates:
    """The buckets of all clients of one server."""

    def __init__(self, limit: RateLimit, clock: Callable[[], float]) -> None:
        """`clock` in seconds. Raises ValueError for a network that is none."""
        self._rate: Final = limit.calls_per_second
        self._burst: Final = float(limit.burst or limit.calls_per_second)
        self._clock: Final = clock
        self._exempt: Final = tuple(ipaddress.ip_network(network) for network in limit.exempt)
        self._trusted: Final = tuple(ipaddress.ip_network(network) for network in limit.trusted_proxies)
        self._buckets: Final[dict[str, tuple[float, float]]] = {}
        """Client -> (calls left, negative in debt; when that was so). The least recently seen first."""
        self._peer: Final = lru_cache(maxsize=4_096)(self._judge)

    def meter(self, scope: Any) -> "Meter | None":
        """What counts one connection's or request's calls; None for a client without a limit."""
        if not self._rate:
            return None
        peer = scope.get("client")
        client, is_trusted, is_exempt = self._peer(peer[0] if peer else "")
        if is_trusted and (forwarded := header(scope, b"x-forwarded-for")) is not None:
            client, _, is_exempt = self._behind_proxies(client, forwarded)
        return None if is_exempt else Meter(self, client)

    def _behind_proxies(self, peer: str, forwarded: str) -> tuple[str, bool, bool]:
        """The last address that no trusted proxy vouches for: what stands before it may be made up."""
        found = self._peer(peer)
        for hop in reversed(forwarded.rsplit(",", MOST_HOPS)[-MOST_HOPS:]):
            found = self._peer(hop.strip())
            if not found[1]:
                break
        return found

    def _judge(self, text: str) -> tuple[str, bool, bool]:
        """(the client's name, whether it is a trusted proxy, whether it is exempt); of IPv6 a whole /64 is one."""
        try:
            address: IpAddress = ipaddress.ip_address(text)
        except ValueError:
            return "unknown", False, False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        name = str(address)
        if isinstance(address, ipaddress.IPv6Address):
            name = str(ipaddress.ip_network((address, 64), strict=False))
        return name, _is_in(address, self._trusted), _is_in(address, self._exempt)

    def balance(self, client: str) -> float:
        """Calls that the client has left now; 0 or less: none."""
        calls, at = self._buckets.get(client, (self._burst, 0.0))
        return min(self._burst, calls + (self._clock() - at) * self._rate)

    def charge(self, client: str, calls: int) -> float:
        """0.0 if the client may make these calls, else the seconds until it may try again; `calls` 0 only asks."""
        left = self.balance(client)
        if left < 1:
            return (1 - left) / self._rate
        if calls:
            self._buckets.pop(client, None)
            self._buckets[client] = (left - calls, self._clock())
            if len(self._buckets) > MOST_CLIENTS:
                del self._buckets[next(iter(self._buckets))]
        return 0.0


def _is_in(address: IpAddress, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


class Meter:
    """One client's calls of one request or connection."""

    __slots__ = ("_client", "_rates", "refused")

    def __init__(self, rates: ClientRates, client: str) -> None:
        self._rates = rates
        self._client = client
        self.refused: RateLimited | None = None
        """The last refusal."""

    def charge(self, calls: int) -> None:
        """Counts `calls`. Raises RateLimited."""
        wait = self._rates.charge(self._client, calls)
        if wait:
            self.refused = RateLimited(wait)
            raise self.refused
