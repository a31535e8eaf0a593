"""`openledger node`."""

import typer

from node.cli.options import command_for
from node.config import NodeConfig
from node.processes import run_node

app = typer.Typer(add_completion=False, rich_markup_mode=None)


def _run(config: NodeConfig) -> None:
    """Run a sequencer or a follower until Ctrl-C or SIGTERM."""
    run_node(config)


app.command()(command_for(NodeConfig, "node", _run))
