"""Which values of a node's network are metrics."""

from collections.abc import Mapping
from functools import partial

from node.metrics import Readings
from node.peering import Peering


def watch_peers(readings: Readings, peering: Peering) -> None:
    """Connections, traffic, catch-up, and what peers or the sequencer did wrong."""
    service, traffic = peering.service, peering.network.counters
    counts = service.sync.counts
    readings.gauges("openledger_peers", "Connections to peers", "direction", peering.directions)
    for name, text, counter in (
        ("openledger_peer_messages_in", "Messages from peers", traffic.messages_in),
        ("openledger_peer_messages_out", "Messages to peers", traffic.messages_out),
        ("openledger_peer_bytes_in", "Bytes of messages from peers", traffic.bytes_in),
        ("openledger_peer_bytes_out", "Bytes of messages to peers", traffic.bytes_out),
        ("openledger_peer_faults", "What peers did that honest ones do not", traffic.faults),
        ("openledger_peer_messages_dropped", "Messages of peers above the limits", traffic.dropped),
        ("openledger_peers_refused", "Connections that this node ended, by the reason", traffic.refused),
    ):
        readings.counters(name, text, ("kind",), partial(_labelled, counter))
    readings.counter("openledger_gossiped_blocks", "Signed blocks that were new", lambda: _accepted(peering))
    readings.counter(
        "openledger_equivocations",
        "Heights at which two blocks with the sequencer's signature were seen; open_equivocations has the evidence",
        lambda: service.equivocations.seen,
    )
    readings.counters(
        "openledger_sync_blocks",
        "Blocks from peers that were taken, refused by execution, or on another branch than ours",
        ("outcome",),
        lambda: _labelled({"inserted": counts.inserted, "invalid": counts.invalid, "fork": counts.forks}),
    )
    readings.counter("openledger_sync_stalls", "Times that no peer gave what was missing", lambda: counts.stalls)
    readings.gauge("openledger_submissions", "Transactions on their way over peers", lambda: len(service.submissions))


def _accepted(peering: Peering) -> float:
    return peering.service.announcements.accepted_blocks


def _labelled(values: Mapping[str, float]) -> dict[tuple[str, ...], float]:
    return {(name,): value for name, value in values.items()}
