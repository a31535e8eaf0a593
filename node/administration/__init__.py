"""What an operator may do to a running node, and the secret that says who an operator is.

    control     AdminPort over the sequencer and the batcher of this process
    secret      the file whose holder may call `admin_*`

`admin_*` has a server and a port of its own, off unless `admin_port` is set; `openledger admin` is its client. Parts
are started and stopped in place: their tasks run on and wait, so that nothing of the node's wiring changes.

Start reading at `control.py`. Must not import the wiring.
"""

from node.administration.control import AdminControl
from node.administration.secret import admin_secret

__all__ = ["AdminControl", "admin_secret"]
