"""`openledger l1`."""

import typer

from node.cli.options import command_for
from node.config import L1Config
from node.processes import run_l1

app = typer.Typer(add_completion=False, rich_markup_mode=None)


def _run(config: L1Config) -> None:
    """Run the simulated L1 until Ctrl-C or SIGTERM."""
    run_l1(config)


app.command()(command_for(L1Config, "l1", _run))
