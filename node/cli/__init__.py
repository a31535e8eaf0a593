"""The `openledger` command.

One file a command. Commands of the node are here; the users' own (`account`, `datanet`, `model`, `infer`, `claim`,
`bridge`, `demo`) come from `client` and are imported only when one of them is called, so that a node starts without
them. Expected errors end in one line of text and exit status 1; a bug ends in a trace.
"""

from node.cli.application import app, main

__all__ = ["app", "main"]
