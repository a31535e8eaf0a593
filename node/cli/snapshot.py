"""`openledger snapshot`: export, verify, import."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from node.errors import StartupError
from node.inspection import open_stopped
from node.snapshots import (
    ClaimedOutput,
    Manifest,
    Network,
    TrustedOutput,
    export_snapshot,
    find_claim,
    import_snapshot,
    load_network,
    verify_snapshot,
)
from rollup.codec.output_root import output_root
from state.database import ChainDatabase
from state.primitives.types import Hash32

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

L1Rpc = Annotated[str | None, typer.Option("--l1-rpc", help="JSON-RPC URL of L1, where output roots are claimed.")]
L1Addresses = Annotated[Path | None, typer.Option("--l1-addresses", help="The network's l1-addresses.json.")]


@app.callback()
def _root() -> None:
    """Make a node from the state of another one, checked against an output root on L1."""


@app.command("export")
def export(
    data_dir: Annotated[Path, typer.Option(help="Data directory of a stopped node.")],
    out: Annotated[Path, typer.Option(help="The file to write; appears when it is whole.")],
    block: Annotated[
        int | None,
        typer.Option(min=1, help="L2 block; default: the newest that L1 claims, the finalized head without L1."),
    ] = None,
    rollup: Annotated[Path | None, typer.Option(help="rollup.json; default: the one above DATA_DIR.")] = None,
    genesis: Annotated[Path | None, typer.Option(help="genesis.json; default: the one above DATA_DIR.")] = None,
    l1_rpc: L1Rpc = None,
    l1_addresses: L1Addresses = None,
) -> None:
    """Write the state of a block, and what a node needs to go on from it, to one file."""
    console = Console()
    network = load_network(rollup or _beside(data_dir, "rollup.json"), genesis or _beside(data_dir, "genesis.json"))
    db = open_stopped(data_dir)
    try:
        db.initialise(network.genesis)  # AnotherChain for the wrong network's files
        number = block or _default_block(db, network, l1_rpc, l1_addresses)
        with _shown(console) as progress:
            manifest = export_snapshot(db, network, number, out, progress)
        if number > db.require_header(db.heads().finalized).number:
            _say(
                console,
                f"Block {number} is not final on L1 yet: should L1 reorganise it away, a node made from this snapshot "
                "stops and needs another one.",
            )
    finally:
        db.close()
    _say(console, f"{out}: {out.stat().st_size:,} bytes")
    _describe(console, manifest)


def _beside(data_dir: Path, name: str) -> Path:
    found = [path for path in (data_dir / name, data_dir.parent / name) if path.exists()]
    if not found:
        raise StartupError(f"no {name} beside {data_dir}: name it with --{name.removesuffix('.json')}")
    return found[0]


def _default_block(db: ChainDatabase, network: Network, l1_rpc: str | None, l1_addresses: Path | None) -> int:
    """The newest block that a game on L1 is about, a final one if there is; without L1 the finalized head."""
    finalized = db.require_header(db.heads().finalized).number
    safe = db.require_header(db.heads().safe).number
    if l1_rpc is None or l1_addresses is None:
        return finalized or safe

    def root_below(limit: int) -> Callable[[int], Hash32 | None]:
        def root(number: int) -> Hash32 | None:
            is_kept = max(1, db.states_from) <= number <= limit
            block_hash = db.canonical_hash(number) if is_kept else None
            return None if block_hash is None else output_root(db.require_header(block_hash), block_hash)

        return root

    for limit in (finalized, safe):
        claimed = find_claim(l1_rpc, l1_addresses, network.config, root_below(limit))
        if claimed is not None:
            return claimed
    raise StartupError(
        f"L1 has no game about any of this node's safe blocks with a state ({max(1, db.states_from)} to {safe}): wait "
        "for the proposer, or name a block with --block"
    )


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The snapshot.")],
    rollup: Annotated[Path, typer.Option(help="rollup.json of the network.")],
    genesis: Annotated[Path, typer.Option(help="genesis.json of the network.")],
    l1_rpc: L1Rpc = None,
    l1_addresses: L1Addresses = None,
    trust_output_root: Annotated[
        str | None, typer.Option(help="Output root, 0x…, to check against without L1.")
    ] = None,
) -> None:
    """Compute a snapshot's roots anew, and compare them with its block's header and the output root on L1."""
    console = Console()
    vouching = _vouching(l1_rpc, l1_addresses, trust_output_root)
    with _shown(console) as progress:
        checked = verify_snapshot(file, load_network(rollup, genesis), vouching, progress)
    _describe(console, checked.manifest)
    _say(console, f"State root, withdrawals root and output root are right; {checked.vouched}.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The snapshot.")],
    data_dir: Annotated[Path, typer.Option(help="Data directory of the node to be, new or empty.")],
    rollup: Annotated[Path, typer.Option(help="rollup.json of the network.")],
    genesis: Annotated[Path, typer.Option(help="genesis.json of the network.")],
    l1_rpc: L1Rpc = None,
    l1_addresses: L1Addresses = None,
    trust_output_root: Annotated[str | None, typer.Option(help="Output root, 0x…, to believe without L1.")] = None,
) -> None:
    """Check a snapshot as `verify` does, and make a data directory of it that a node starts on."""
    console = Console()
    vouching = _vouching(l1_rpc, l1_addresses, trust_output_root)
    with _shown(console) as progress:
        checked = import_snapshot(file, data_dir, load_network(rollup, genesis), vouching, progress)
    _describe(console, checked.manifest)
    _say(console, f"State root, withdrawals root and output root are right; {checked.vouched}.")
    _say(console, f"Start the node with --data-dir {data_dir}: it goes on from block {checked.manifest.number}.")


def _vouching(l1_rpc: str | None, l1_addresses: Path | None, trusted: str | None) -> ClaimedOutput | TrustedOutput:
    if trusted is not None:
        if l1_rpc is not None or l1_addresses is not None:
            raise StartupError("--trust-output-root is for when there is no L1 to ask: leave out --l1-rpc, or it")
        return TrustedOutput(root=_root_of(trusted))
    if l1_rpc is None or l1_addresses is None:
        raise StartupError(
            "a snapshot is believed because L1 claims its output root: give --l1-rpc and --l1-addresses, or say "
            "yourself which root is right with --trust-output-root 0x…"
        )
    return ClaimedOutput(l1_rpc, l1_addresses)


def _root_of(text: str) -> Hash32:
    try:
        root = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        root = b""
    if len(root) != 32:
        raise StartupError(f"--trust-output-root {text!r} is malformed: expected 0x and 64 hexadecimal digits")
    return Hash32(root)


def _describe(console: Console, manifest: Manifest) -> None:
    _say(console, f"block        {manifest.number} 0x{manifest.block_hash.hex()}")
    _say(console, f"output root  0x{manifest.output_root.hex()}")
    _say(console, f"blocks       {manifest.first_block} to {manifest.number}")


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _shown(console: Console) -> Iterator[Callable[[str, int, int | None], None]]:
    """A function that shows progress: what is being done, how far, of how many."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as display:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = display.add_task(what, total=total)
            display.update(tasks[what], completed=done, total=total)

        yield show
