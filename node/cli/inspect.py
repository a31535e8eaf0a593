"""`openledger inspect`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from node.auditing import DIRECTORY
from node.errors import StartupError
from node.inspection import Summary, open_stopped, rules_of, summarise, verify_blocks, verify_flat_state
from state.database import ChainDatabase

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def inspect(
    directory: Annotated[Path, typer.Argument(help="Data directory of one process, such as devnet-data/sequencer.")],
    verify: Annotated[
        int, typer.Option(min=0, help="Also compare flat state with trie, and execute the last N blocks again.")
    ] = 0,
    genesis: Annotated[
        Path | None, typer.Option(help="The network's genesis.json; default: the one beside the directory.")
    ] = None,
) -> None:
    """Show what a stopped node's database holds, and check it."""
    console = Console()
    db = open_stopped(directory)
    try:
        rules = rules_of(db, directory, genesis)
        _print(console, summarise(db, rules))
        if not verify:
            return
        if rules is None:
            raise StartupError("no genesis.json gives this chain's first block: name it with --genesis")
        accounts = verify_flat_state(db)
        console.print(f"Flat state and state trie are the same: {accounts:,} accounts.", highlight=False)
        with console.status("Executing blocks again") as status:
            first, last = verify_blocks(
                db,
                rules,
                directory / DIRECTORY,
                count=verify,
                progress=lambda number: status.update(f"Executed block {number} again"),
            )
        _print_verified(console, db, first, last)
    finally:
        db.close()


def _print(console: Console, summary: Summary) -> None:
    heads = summary.heads
    numbers = summary.head_numbers
    chain = "unknown (no genesis.json beside it)" if summary.chain_id is None else str(summary.chain_id)
    facts = {
        "schema version": str(summary.schema_version),
        "chain id": chain,
        "genesis": f"0x{summary.genesis.hex()}",
        "unsafe head": f"{numbers['unsafe']} 0x{heads.unsafe.hex()}",
        "safe head": f"{numbers['safe']} 0x{heads.safe.hex()}",
        "finalized head": f"{numbers['finalized']} 0x{heads.finalized.hex()}",
        "flat head": f"{summary.flat_number} 0x{summary.flat_head.hex()}",
        "pruning": f"{'full' if summary.is_full else 'archive'}, states from block {summary.states_from} on",
        "blocks": f"from {summary.blocks_from} on" if summary.blocks_from else "all",
        "write batches": f"{summary.batches:,}",
        "batcher outbox": _outbox(summary),
    }
    for name, value in facts.items():
        console.print(f"{name:<16}{value}", highlight=False, soft_wrap=True)
    table = Table(box=None)
    table.add_column("keyspace")
    table.add_column("keys", justify="right")
    table.add_column("bytes", justify="right")
    for keyspace in summary.keyspaces:
        table.add_row(keyspace.name, f"{keyspace.keys:,}", f"{keyspace.size:,}")
    console.print(table)


def _outbox(summary: Summary) -> str:
    if not summary.outbox:
        return "empty"
    size = sum(channel[2] for channel in summary.outbox)
    first, last = summary.outbox[0][0], summary.outbox[-1][1]
    return f"{len(summary.outbox)} channels of blocks {first} to {last}, {size:,} bytes"


def _print_verified(console: Console, db: ChainDatabase, first: int, last: int) -> None:
    if last < first:
        console.print("There is no block after genesis to execute.", highlight=False)
        return
    header = db.require_header(db.flat_head())
    console.print(
        f"Blocks {first} to {last} executed again by the reference executor: equal, state root "
        f"0x{header.state_root.hex()}.",
        highlight=False,
        soft_wrap=True,
    )
