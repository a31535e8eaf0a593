"""What metrics of peers are made from."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class PeerCounters:
    """Since the start, of all peers together; the keys are few: names of messages, faults and farewells."""

    messages_in: Counter[str] = field(default_factory=Counter)
    """By the message's name."""
    messages_out: Counter[str] = field(default_factory=Counter)
    bytes_in: Counter[str] = field(default_factory=Counter)
    bytes_out: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    """By the error's name; `reported` are those that were found by who handles messages, `flood` and `silence` ours."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Messages above the limits, by name."""
    refused: Counter[str] = field(default_factory=Counter)
    """Connections that this node ended, by the farewell; `cut_off` without one."""
    dials: Counter[str] = field(default_factory=Counter)
    """`greeted`, `failed`."""
