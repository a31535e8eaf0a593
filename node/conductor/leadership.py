"""Who leads: one key in etcd, bound to a lease that its holder keeps alive.

    campaign ──▶ elected ── keep_alive, each third of the lease ──▶ leading while the local deadline is ahead
                    │                                                       │ past: leads no more, until etcd
                    └── the lease ended, or resign ◀────────────────────────┘ confirms that the lease went on

The deadline is counted from before a request was sent, so that it lies before the end that etcd counts to: a process
that was stopped and goes on finds it past, whatever it was about to do. The fencing token is the revision that the
key was created at: a later leader's is higher, and what a former one writes with its own is refused.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

import orjson
import structlog

from node.conductor.errors import EtcdUnavailable
from node.conductor.etcd import Compare, EtcdClient, Get, KeyValue, Put

log = structlog.get_logger("node.conductor")

MAX_TEXT: Final = 512


def boot_seconds() -> float:
    """Seconds on a clock that goes on while the process, or the whole machine, is stopped."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Who campaigns, as the others see it."""

    name: str
    node_id: str
    """Of this process, or its node's p2p identity: two with one name are told apart by it."""
    rpc: str
    """URL of its JSON-RPC, where transactions reach the leader's pool; empty where that is nobody's business."""

    def encode(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def decode(cls, data: bytes) -> "Candidate":
        """What a leader wrote; a value that nobody of us wrote has empty texts."""
        try:
            found = orjson.loads(data)
        except ValueError:
            found = None
        texts = found if isinstance(found, dict) else {}
        return cls(**{name: str(texts.get(name, ""))[:MAX_TEXT] for name in ("name", "node_id", "rpc")})


class Leadership:
    """One candidate's claim to the leader's key. One task owns it; `leading` may be asked anywhere."""

    def __init__(
        self,
        etcd: EtcdClient,
        key: bytes,
        candidate: Candidate,
        *,
        lease_seconds: float = 2.0,
        clock: Callable[[], float] = boot_seconds,
    ) -> None:
        """etcd counts leases in whole seconds, and raises them to a least one of its own (2 as it comes)."""
        self._etcd = etcd
        self._key = key
        self._candidate = candidate
        self._lease_seconds = max(1, round(lease_seconds))
        self._clock = clock
        self._lease: int | None = None
        self._deadline = 0.0
        self.token: int | None = None
        """The fencing token of the term, also while etcd's confirmation is overdue; None for who was not elected."""
        self.leader: Candidate | None = None
        """Who held the key at the last look."""

    @property
    def leading(self) -> bool:
        """Whether this process leads at this instant, as far as it can know without asking."""
        return self.token is not None and self._clock() < self._deadline

    @property
    def remaining(self) -> float:
        """Seconds until it leads no more, unless the lease is kept alive; negative: since then."""
        return self._deadline - self._clock()

    @property
    def interval(self) -> float:
        """Seconds between two calls of `keep_alive`."""
        return self._lease_seconds / 3

    async def look(self) -> Candidate | None:
        """Who holds the key now. Raises EtcdUnavailable or EtcdRefused."""
        self._note(await self._etcd.get(self._key))
        return self.leader

    async def campaign(self) -> bool:
        """Take the key if nobody has it; whether this process leads now. Raises EtcdUnavailable or EtcdRefused."""
        asked = self._clock()
        seconds = 0 if self._lease is None else await self._etcd.keep_alive(self._lease)
        if self._lease is None or seconds <= 0:
            self._lease, seconds = await self._etcd.grant_lease(self._lease_seconds)
        result = await self._etcd.transact(
            [Compare(key=self._key, create_revision=0)],
            [Put(key=self._key, value=self._candidate.encode(), lease=self._lease), Get(key=self._key)],
            [Get(key=self._key)],
        )
        found = result.found[0] if result.found else None
        self._note(found)
        if found is None or found.lease != self._lease:
            return False
        self.token, self._deadline = found.create_revision, asked + seconds
        log.info("conductor.elected", token=self.token, name=self._candidate.name, lease_seconds=seconds)
        return True

    async def keep_alive(self) -> bool:
        """Whether the term goes on; `leading` then holds for another lease. False: it is over, others may lead.

        Raises EtcdUnavailable, with nothing decided, or EtcdRefused.
        """
        lease, token = self._lease, self.token
        if lease is None or token is None:
            return False
        was_leading, asked = self.leading, self._clock()
        seconds = await self._etcd.keep_alive(lease)
        if seconds > 0 and not was_leading:
            # A lease alone is no key: an operator may have deleted that.
            self._note(found := await self._etcd.get(self._key))
            seconds = seconds if found is not None and found.create_revision == token else 0
        if seconds <= 0:
            log.warning("conductor.term_over", token=token)
            self._forget()
            return False
        self._deadline = asked + seconds
        return True

    async def resign(self) -> None:
        """Give the key back, so that another can lead at once; an etcd that is away lets the lease run out."""
        lease = self._lease
        self._forget()
        if lease is None:
            return
        try:
            await self._etcd.revoke_lease(lease)
        except EtcdUnavailable as error:
            log.warning("conductor.not_resigned", reason=str(error))

    def renounce(self) -> None:
        """Lead no more at once, without asking anybody: etcd said that the token is no longer the leader's."""
        self.token = None
        self._deadline = 0.0

    def _forget(self) -> None:
        self.renounce()
        self._lease = None

    def _note(self, found: KeyValue | None) -> None:
        self.leader = None if found is None else Candidate.decode(found.value)
