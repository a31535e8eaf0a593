"""What a node gives its peers and takes from them at most. Every bound that a peer can push against is one of these."""

from dataclasses import dataclass
from typing import Final

from p2p.messages import MAX_FRAME

MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings:
    """Bounds and addresses of one node's connections to peers."""

    host: str = "127.0.0.1"
    """Where peers connect to."""
    port: int | None = 9222
    """0 takes a free one; None listens nowhere, so that only this node dials."""
    advertise: str = ""
    """host:port that peers are told; they take the port and believe only their own eyes about the host."""
    static: tuple[str, ...] = ()
    """host:port of peers that are always dialled; names are resolved at each attempt."""
    discover: bool = True
    """Whether peers are asked for other peers."""

    wanted_outbound: int = 8
    """Connections that this node dials itself, static ones included, before it looks no further."""
    max_peers: int = 32
    max_inbound: int = 24
    """Of those that others dialled; the rest is left for those that this node chose."""
    max_per_ip: int = 16
    """Connections that others dialled from one IP address, greeted or not (of one /64 network for IPv6)."""
    max_half_open: int = 32
    """Connections that others dialled and have not greeted; more are cut off without a word."""

    greeting_seconds: float = 10.0
    """From a connection's first byte to the end of the greeting."""
    dial_seconds: float = 5.0
    """For TCP and the WebSocket handshake; the greeting comes after."""
    dial_every: float = 0.5
    """How often it is looked whether somebody is to be dialled."""
    discover_every: float = 30.0
    """How often one peer is asked for addresses."""
    retry_first: float = 0.5
    """Pause after a first failed dial; each further one doubles it."""
    retry_static: float = 3.0
    """The longest pause for static peers, short because a healed network must meet within seconds."""
    retry_learned: float = 600.0
    """The longest pause for learned addresses."""

    ping_interval: float = 5.0
    ping_timeout: float = 10.0
    """Without a pong for so long a peer counts as dead."""
    send_seconds: float = 15.0
    """For a peer to take one message, and `slowest_bytes_per_second` of it beyond that."""
    slowest_bytes_per_second: int = 128 * 1024
    pings_per_second: float = 5.0
    """Of a peer; who sends more is cut off, since each is answered."""
    pings_burst: float = 100.0
    close_seconds: float = 1.0
    """For a Goodbye to leave, and again for the other side to close."""

    queue_messages: int = 256
    """Messages that wait to be sent to one peer; a peer for which more would wait is let go."""
    queue_bytes: int = 3 * MAX_FRAME
    inbox_messages: int = 32
    """Messages of one peer that wait to be handled; while more would wait, nothing is read from it."""
    inbox_bytes: int = MAX_FRAME

    max_requests: int = 64
    """Questions to one peer that are under way."""
    late_seconds: float = 60.0
    """How long an answer may come too late before it counts as one that nobody asked for."""
    requests_per_second: float = 256.0
    """Questions of one peer; above that they are declined as BUSY. This node asks at most half as often."""
    requests_burst: float = 512.0
    messages_per_second: float = 320.0
    """Messages of one peer that nobody asked for, questions included; above that they are dropped."""
    messages_burst: float = 1_024.0
    bytes_per_second: float = 8.0 * MEBIBYTE
    """Of the same."""
    bytes_burst: float = 4.0 * MAX_FRAME

    score_limit: float = 90.0
    """Points that a peer may lose before it is banned: two lies of 50 are too many, some seconds apart too."""
    score_recovery: float = 0.2
    """Points that come back each second."""
    ban_seconds: float = 3_600.0
    ids_until_ip_ban: int = 3
    """Banned node ids from one IP address before the address itself is banned."""
