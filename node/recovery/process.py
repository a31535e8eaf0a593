"""The recovering process: `python -m node.recovery.process`, spoken to on stdin and stdout.

    ["recover", [raw, …]]  ->  ["senders", [address | "", …]]

It ends when its stdin does, so that it never outlives the node.
"""

import os
import signal
import sys

from node.readers.frames import encode_frame, read_frame
from state.errors import NodeError
from state.transactions import recover_transaction


def sender_of(raw: bytes) -> bytes:
    """Who signed `raw`; empty if it is no transaction that could be submitted."""
    try:
        return recover_transaction(raw).sender
    except NodeError:
        return b""


def main() -> None:
    """Answers until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever prints must not land between two messages.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        while (message := read_frame(sys.stdin.buffer)) is not None:
            output.write(encode_frame(("senders", [sender_of(raw) for raw in message[1]])))
            output.flush()
    except BrokenPipeError:
        os._exit(0)  # the node is gone


if __name__ == "__main__":
    main()
