"""`openledger prune`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from node.errors import StartupError
from node.inspection import open_stopped
from node.pruning import prune_archive

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def prune(
    data_dir: Annotated[Path, typer.Option(help="Data directory of a stopped node.")],
) -> None:
    """Make an archive a pruned database, for good: states older than the last 128 and the finalized head go.

    Blocks, receipts and logs stay. The node is started with --pruning full from then on. An interruption loses nothing
    that is to stay: begin again.
    """
    console = Console()
    db = open_stopped(data_dir)
    try:
        if db.is_full:
            raise StartupError(f"{data_dir} is pruned already: start the node with --pruning full")
        with console.status("Looking at what is kept") as status:

            def show(what: str, done: int, total: int | None) -> None:
                status.update(f"{what}: {done:,}" + ("" if total is None else f" of {total:,}"))

            gone = prune_archive(db, data_dir, progress=show)
        console.print(
            f"{gone:,} trie nodes are gone. States are kept from block {db.states_from} on; start the node with "
            "--pruning full.",
            highlight=False,
            soft_wrap=True,
        )
    finally:
        db.close()
