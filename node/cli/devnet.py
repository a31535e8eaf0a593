"""`openledger devnet`."""

from pathlib import Path
from typing import Annotated

import typer

from node.devnet.command import HOST, DevnetOptions, run_devnet
from node.devnet.sandbox import run_sandbox
from node.errors import StartupError
from node.sandbox.process import SandboxOptions

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def devnet(
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Run the demo once everything answers.")] = True,
    exit_after_demo: Annotated[
        bool, typer.Option("--exit-after-demo", help="Stop after the demo's closing table.")
    ] = False,
    chain_id: Annotated[int, typer.Option(min=1, max=2**53, help="L2 chain id of a new devnet.")] = 161_299,
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="One chain alone, without L1, whose time and state tests may forge."),
    ] = False,
    block_time: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=3600,
            help="Seconds between L2 blocks of a new devnet (1); in a sandbox each transaction gets its block at once "
            "unless this is given.",
        ),
    ] = None,
    l1_base_fee: Annotated[
        int,
        typer.Option(min=0, max=10**15, help="What a sandbox computes the L1 fee from, in wei; 0 charges none."),
    ] = 10**9,
    l1_block_time: Annotated[int, typer.Option(min=1, max=60, help="Seconds between L1 blocks.")] = 3,
    followers: Annotated[int, typer.Option(min=0, max=16, help="Followers to run.")] = 1,
    data_dir: Annotated[Path, typer.Option(help="Where the devnet lives; the next start carries on from it.")] = Path(
        "devnet-data"
    ),
    rpc_port: Annotated[
        int, typer.Option(min=1, max=65_000, help="The sequencer's port; followers take those after it.")
    ] = 8545,
    l1_port: Annotated[int, typer.Option(min=1, max=65_535, help="The L1's port.")] = 8645,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=1, max=65_000, help="The sequencer's metrics; followers take the ports after it; else none."),
    ] = None,
    admin_port: Annotated[
        int | None,
        typer.Option(min=1, max=65_000, help="The sequencer's admin_*; followers take the ports after it; else none."),
    ] = None,
    p2p_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65_000, help="The sequencer's port for peers (9222); followers take the ports after it."
        ),
    ] = None,
    gas_limit: Annotated[
        int, typer.Option(min=5_000_000, max=1_000_000_000, help="L2 block gas limit of a new devnet.")
    ] = 20_000_000,
    demo_data: Annotated[
        Path | None, typer.Option(help="Directory of JSONL files for the demo; default: the shipped dataset.")
    ] = None,
) -> None:
    """Run an L1, a sequencer, followers and the demo on this machine until Ctrl-C; or a sandbox for tests."""
    if sandbox:
        if exit_after_demo or demo_data is not None:
            raise StartupError("a sandbox runs no demo, which needs an L1: leave out --exit-after-demo and --demo-data")
        run_sandbox(
            data_dir,
            SandboxOptions(
                directory=data_dir / "sandbox",
                host=HOST,
                port=rpc_port,
                chain_id=chain_id,
                gas_limit=gas_limit,
                block_time=block_time,
                l1_base_fee=l1_base_fee,
                metrics_port=metrics_port,
            ),
        )
        return
    run_devnet(
        DevnetOptions(
            demo=demo,
            exit_after_demo=exit_after_demo,
            chain_id=chain_id,
            block_time=block_time or 1,
            l1_block_time=l1_block_time,
            followers=followers,
            data_dir=data_dir,
            rpc_port=rpc_port,
            l1_port=l1_port,
            metrics_port=metrics_port,
            admin_port=admin_port,
            p2p_port=p2p_port,
            gas_limit=gas_limit,
            demo_data=demo_data,
        )
    )
