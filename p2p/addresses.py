"""Where peers may be found: static addresses, which are never forgotten, and those that peers told.

What peers tell is a claim by who may be a liar. It is an IP literal with a port, a few from each teller, and no address
of a network nearer than the teller's own: nobody outside sends this node into its loopback interface or its LAN. What
answered once is kept on disk.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from p2p.messages import MAX_ADDRESSES
from p2p.ports import KeyValues, NodeId
from p2p.settings import PeerSettings

MOST_LEARNED: Final = 512
MOST_OF_ONE_SOURCE: Final = 64
MOST_KEPT: Final = 128
"""On disk."""
MOST_DOUBLINGS: Final = 16
HOST_LENGTH: Final = 100
ADDRESS: Final = b"address:"


@dataclass(slots=True, kw_only=True)
class _Entry:
    source: NodeId | None
    """None for what was set, or kept from before."""
    failures: int = 0
    """In a row."""
    due: float = 0.0
    node_id: NodeId | None = None
    """Who answered there last."""


def split_address(address: str) -> tuple[str, int]:
    """Host and port of host:port, or of [host]:port for IPv6. Raises ValueError that says what is wrong."""
    host, colon, port = address.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not host or len(host) > HOST_LENGTH:
        raise ValueError(f"peer address {address!r} is not host:port")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 1 << 16):
        raise ValueError(f"peer address {address!r} has no port from 1 to 65535")
    if any(not (char.isascii() and (char.isalnum() or char in "-._:%")) for char in host):
        raise ValueError(f"peer address {address!r} has a host of strange characters")
    return host, int(port)


def join_address(host: str, port: int) -> str:
    """The one form of an address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class AddressBook:
    """Addresses, and when each may be dialled again."""

    def __init__(
        self,
        settings: PeerSettings,
        store: KeyValues,
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """`clock`: monotonic seconds; `random`: 0 to 1. Raises ValueError for a static address that is none."""
        self._settings = settings
        self._store = store
        self._clock = clock
        self._random = random
        self._static: dict[str, _Entry] = {}
        self._learned: OrderedDict[str, _Entry] = OrderedDict()
        self._kept: OrderedDict[str, None] = OrderedDict()
        for address in settings.static:
            self.add_static(address)
        self._load()

    @property
    def static(self) -> tuple[str, ...]:
        return tuple(self._static)

    @property
    def learned(self) -> tuple[str, ...]:
        return tuple(self._learned)

    def add_static(self, address: str) -> str:
        """The address in its one form; dialled at once. Raises ValueError."""
        address = join_address(*split_address(address))
        self._learned.pop(address, None)
        self._static[address] = _Entry(source=None)
        return address

    def remove_static(self, address: str) -> bool:
        """Whether it was there. Raises ValueError."""
        return self._static.pop(join_address(*split_address(address)), None) is not None

    def learn(self, addresses: Iterable[str], *, source: NodeId, teller: str) -> int:
        """How many are new, of those that the peer at the IP address `teller` told."""
        room = MOST_OF_ONE_SOURCE - sum(entry.source == source for entry in self._learned.values())
        new = 0
        for told in list(addresses)[:MAX_ADDRESSES]:
            address = acceptable(told, teller=teller)
            if new >= room or address is None or address in self._static or address in self._learned:
                continue
            self._learned[address] = _Entry(source=source)
            new += 1
        while len(self._learned) > MOST_LEARNED:
            self._forget(next(iter(self._learned)))
        return new

    def belongs(self, address: str, node_id: NodeId) -> None:
        """A node says that it is there: while it is connected, no second way to it is dialled."""
        if entry := self._entry(address):
            entry.node_id = node_id

    def succeeded(self, address: str, node_id: NodeId) -> None:
        """A greeted peer answered there, which is worth keeping."""
        self.belongs(address, node_id)
        if address in self._learned and address not in self._kept:
            self._kept[address] = None
            self._store.put(ADDRESS + address.encode(), b"")
            if len(self._kept) > MOST_KEPT:
                self._drop(next(iter(self._kept)))

    def ended(self, address: str) -> None:
        """A connection that lasted is over: a new one may follow soon."""
        if entry := self._entry(address):
            entry.failures = 0
            entry.due = self._clock() + self._settings.retry_first * self._random()

    def failed(self, address: str) -> None:
        """Nobody who is wanted answered there, or not for long."""
        if (entry := self._entry(address)) is None:
            return
        longest = self._settings.retry_static if address in self._static else self._settings.retry_learned
        pause = min(longest, self._settings.retry_first * 2 ** min(entry.failures, MOST_DOUBLINGS))
        entry.due = self._clock() + pause * (0.5 + self._random())
        entry.failures += 1
        if entry.failures > MOST_DOUBLINGS and address in self._learned:
            self._forget(address)

    def is_own(self, address: str) -> None:
        """This node itself answered there."""
        if address in self._learned:
            self._forget(address)
        elif entry := self._static.get(address):
            entry.due = self._clock() + self._settings.retry_learned

    def due(self, *, busy: Collection[str], connected: Collection[NodeId], learned: int) -> Iterator[str]:
        """What to dial now: all static addresses, and at most so many learned ones, chosen by chance.

        `busy`: addresses that are being dialled or connected; `connected`: nodes to whom no second way is needed.
        """
        now = self._clock()

        def is_due(address: str, entry: _Entry) -> bool:
            return address not in busy and entry.due <= now and entry.node_id not in connected

        yield from [address for address, entry in self._static.items() if is_due(address, entry)]
        waiting = [address for address, entry in self._learned.items() if is_due(address, entry)]
        for _ in range(min(learned, len(waiting))):
            yield waiting.pop(int(self._random() * len(waiting)) % len(waiting))

    def _entry(self, address: str) -> _Entry | None:
        return self._static.get(address) or self._learned.get(address)

    def _forget(self, address: str) -> None:
        self._learned.pop(address, None)
        if address in self._kept:
            self._drop(address)

    def _drop(self, address: str) -> None:
        self._kept.pop(address, None)
        self._store.put(ADDRESS + address.encode(), None)

    def _load(self) -> None:
        for key, _ in list(self._store.iterate(ADDRESS))[:MOST_KEPT]:
            address = key[len(ADDRESS) :].decode("ascii", "replace")
            with contextlib.suppress(ValueError):
                split_address(address)
                self._kept[address] = None
                if address not in self._static:
                    self._learned[address] = _Entry(source=None)


def acceptable(address: str, *, teller: str) -> str | None:
    """The one form of an address that a peer told; None for one that is not taken from a peer who sits there."""
    try:
        host, port = split_address(address)
        ip = ip_address(host)
        distance = _distance(ip_address(teller.partition("%")[0]))
    except ValueError:
        return None
    if ip.is_multicast or ip.is_unspecified or ip.is_link_local or _distance(ip) < distance:
        return None
    return join_address(str(ip), port)


def _distance(ip: IPv4Address | IPv6Address) -> int:
    """0 this machine, 1 a private network, 2 the internet."""
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return 0 if ip.is_loopback else 1 if ip.is_private else 2
