"""Senders of many transactions, recovered in a process of their own.

Recovering a sender is half of what admitting a transfer costs, and all of it is arithmetic that holds up the event
loop. A JSON-RPC batch of raw transactions is therefore sent ahead to a second process, on another core, before its
calls are answered one by one; what it brings back is only who signed. A single transaction is recovered where it is:
asking would take longer.

    senders.py   SenderRecovery: what the node asks; starts the process with the first batch, does without when it dies
    process.py   `python -m node.recovery.process`: bytes in, addresses out, until its stdin ends

What flows in: raw transactions of one batch. What flows out: an address for each, none for what is no transaction; the
pool then finds out why. Messages are those of `node.readers.frames`. Start reading at `senders.py`. Imports `state` and
`node.readers.frames`; never rollup or rpc.
"""

from node.recovery.senders import FEWEST, SenderRecovery

__all__ = ["FEWEST", "SenderRecovery"]
