"""`openledger demo`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from client.commands.progress import RichProgress
from client.demo import DemoOptions, run_demo
from client.demo.report import print_report

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def demo(
    rpc: Annotated[str, typer.Option(help="JSON-RPC URL of a devnet's node.")] = "http://127.0.0.1:8545",
    l1_rpc: Annotated[str, typer.Option(help="JSON-RPC URL of its L1; empty says nothing of L1.")] = (
        "http://127.0.0.1:8645"
    ),
    data: Annotated[
        Path | None, typer.Option(help="Directory of JSONL files, one Datanet each; default: the shipped dataset.")
    ] = None,
    inferences: Annotated[int, typer.Option(min=1, max=100_000, help="Paid inferences.")] = 1_000,
) -> None:
    """Make Datanets and models, pay for inferences, propose an epoch, claim rewards, and print who earned what."""
    console = Console()
    options = DemoOptions(rpc_url=rpc, l1_rpc_url=l1_rpc or None, data=data, inferences=inferences)
    with RichProgress(console) as progress:
        result = run_demo(options, progress)
    print_report(result, console)
