"""What peers' faults cost them: points that come back with time, and a ban where too many are gone.

Points count against the node id, which only a greeted peer has shown; before that they count against the IP address.
A banned id stays out whatever its address is. An address is banned only by faults before the greeting or by several
ids that were banned behind it, since honest nodes may share it with a liar (a NAT, a company, a cluster). Loopback
addresses are never banned: whoever is there is this machine. IPv6 addresses count by their /64 network, which one
customer has whole.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from p2p.errors import (
    BrokenPromise,
    GreetingRefused,
    MalformedMessage,
    MalformedPayload,
    OtherBranch,
    PeerFault,
    RefusedBlock,
)
from p2p.messages import Farewell
from p2p.ports import KeyValues, NodeId
from p2p.settings import PeerSettings

MOST_REMEMBERED: Final = 4_096
"""Scores of ids, and of addresses; the longest unchanged are forgotten."""
MOST_BANS: Final = 4_096
BAN: Final = b"ban:"
POINTS: Final[dict[type[PeerFault], int]] = {
    MalformedMessage: 50,
    MalformedPayload: 50,
    OtherBranch: 5,
    BrokenPromise: 50,
    RefusedBlock: 10,
    GreetingRefused: 50,
    PeerFault: 10,
}
"""What a fault costs, by the first class that fits."""
FLOOD_POINTS: Final = 1
"""A message above the limits."""
SILENCE_POINTS: Final = 10
"""A greeting that was not finished in time."""
NO_FAULT: Final = frozenset({
    Farewell.WRONG_NETWORK, Farewell.WRONG_VERSION, Farewell.ALREADY_CONNECTED, Farewell.TOO_MANY_PEERS,
    Farewell.BANNED,
})  # fmt: skip
"""Refusals of who is not wanted here, or lost, and no liar."""


def points_of(fault: PeerFault) -> int:
    """What a fault costs."""
    if isinstance(fault, GreetingRefused) and fault.farewell in NO_FAULT:
        return 0
    return next(points for kind, points in POINTS.items() if isinstance(fault, kind))


def address_group(ip: str) -> str:
    """Whose address it is: the address itself, or its /64 network for IPv6."""
    address = _parse(ip)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return ip if address is None else str(address)


def is_loopback(ip: str) -> bool:
    address = _parse(ip)
    return address is not None and address.is_loopback


def _parse(ip: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 address in an IPv6 one is the IPv4 address."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@dataclass(slots=True)
class _Account:
    lost: float
    at: float


class Scores:
    """Scores of node ids and addresses, and bans, which outlive a restart."""

    def __init__(self, settings: PeerSettings, store: KeyValues, *, clock: Callable[[], float]) -> None:
        """`clock`: Unix seconds."""
        self._settings = settings
        self._store = store
        self._clock = clock
        self._accounts: OrderedDict[str, _Account] = OrderedDict()
        self._bans: OrderedDict[str, float] = OrderedDict()
        """Name -> until when, Unix seconds."""
        self._banned_behind: OrderedDict[str, set[NodeId]] = OrderedDict()
        self.bans = 0
        """Made since the start."""
        self._load()

    def score(self, node_id: NodeId) -> float:
        """0 for a peer without fault, negative otherwise."""
        return 0.0 - self._lost(_of_id(node_id))

    def is_banned(self, node_id: NodeId) -> bool:
        return self._is_banned(_of_id(node_id))

    def is_banned_ip(self, ip: str) -> bool:
        return self._is_banned(_of_ip(ip))

    def fault(self, node_id: NodeId, ip: str, points: float) -> bool:
        """Whether the node is banned now that it lost these points."""
        if self._lose(_of_id(node_id), points):
            self.ban(node_id, ip)
        return self.is_banned(node_id)

    def fault_before_greeting(self, ip: str, points: float) -> None:
        """An address loses points for who did not say who it is."""
        if not is_loopback(ip) and self._lose(_of_ip(ip), points):
            self._ban(_of_ip(ip))

    def ban(self, node_id: NodeId, ip: str) -> None:
        """A node stays out for a time; its address too, once several nodes behind it were banned."""
        self._ban(_of_id(node_id))
        if is_loopback(ip):
            return
        behind = self._banned_behind.setdefault(_of_ip(ip), set())
        behind.add(node_id)
        if len(behind) >= self._settings.ids_until_ip_ban:
            self._banned_behind.pop(_of_ip(ip))
            self._ban(_of_ip(ip))
        _trim(self._banned_behind, MOST_REMEMBERED)

    def _lose(self, name: str, points: float) -> bool:
        """Whether too many are gone."""
        lost = self._lost(name) + max(0.0, points)
        self._accounts[name] = _Account(lost, self._clock())
        self._accounts.move_to_end(name)
        _trim(self._accounts, MOST_REMEMBERED)
        return lost >= self._settings.score_limit

    def _lost(self, name: str) -> float:
        account = self._accounts.get(name)
        if account is None:
            return 0.0
        recovered = max(0.0, self._clock() - account.at) * self._settings.score_recovery
        return max(0.0, account.lost - recovered)

    def _is_banned(self, name: str) -> bool:
        until = self._bans.get(name)
        if until is None:
            return False
        if until > self._clock():
            return True
        self._unban(name)
        return False

    def _ban(self, name: str) -> None:
        """A ban begins with a clean account, so that what follows it is judged by what follows it."""
        until = self._clock() + self._settings.ban_seconds
        self._accounts.pop(name, None)
        self._bans[name] = until
        self._bans.move_to_end(name)
        self._store.put(_key(name), int(until).to_bytes(8, "big"))
        self.bans += 1
        while len(self._bans) > MOST_BANS:
            self._unban(next(iter(self._bans)))

    def _unban(self, name: str) -> None:
        del self._bans[name]
        self._store.put(_key(name), None)

    def _load(self) -> None:
        """Bans that are not over; one longer than a ban can be was made by a clock that was wrong."""
        now = self._clock()
        stored = [(key, int.from_bytes(value, "big")) for key, value in self._store.iterate(BAN)]
        for key, until in sorted(stored, key=lambda item: item[1]):
            if now < until <= now + self._settings.ban_seconds + 1 and len(self._bans) < MOST_BANS:
                self._bans[key[len(BAN) :].decode("ascii", "replace")] = float(until)
            else:
                self._store.put(key, None)


def _of_id(node_id: NodeId) -> str:
    return node_id.hex()


def _of_ip(ip: str) -> str:
    return "ip " + address_group(ip)


def _key(name: str) -> bytes:
    return BAN + name.encode("ascii", "replace")


def _trim(cache: "OrderedDict[str, _Account] | OrderedDict[str, set[NodeId]]", most: int) -> None:
    while len(cache) > most:
        cache.popitem(last=False)
