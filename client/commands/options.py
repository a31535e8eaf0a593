"""Options that the commands share."""

from typing import Annotated

import typer

RpcOption = Annotated[str, typer.Option("--rpc", help="JSON-RPC URL of an L2 node.")]
L1RpcOption = Annotated[str, typer.Option("--l1-rpc", help="JSON-RPC URL of the L1.")]
KeyOption = Annotated[str, typer.Option("--key", help="Key file, or dev:0 to dev:9 for a devnet's accounts.")]

L2_URL = "http://127.0.0.1:8545"
L1_URL = "http://127.0.0.1:8645"


def new_app() -> typer.Typer:
    """A command group like all others."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
