"""`openledger deploy-l1`."""

import asyncio
import random
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from client.amounts import parse_open
from node.cli.funding import funded
from node.errors import StartupError
from node.network.deployment import Deployment, DeploymentOptions, StartTag
from node.network.files import NetworkFiles
from rollup.l1 import L1Client, RetryPolicy

app = typer.Typer(add_completion=False, rich_markup_mode=None)

DAY = 86_400


@app.command()
def deploy_l1(
    l1: Annotated[str, typer.Option("--l1", help="JSON-RPC URL of the L1.")],
    key: Annotated[Path, typer.Option(help="The deployer's private key file (hex): it pays, and owns the network.")],
    out: Annotated[Path, typer.Option(help="Directory for the network's files; carries on with what was begun there.")],
    chain_id: Annotated[int, typer.Option(min=1, max=2**53, help="L2 chain id.")] = 161_299,
    block_time: Annotated[int, typer.Option(min=1, max=60, help="Seconds between L2 blocks.")] = 2,
    gas_limit: Annotated[int, typer.Option(min=5_000_000, max=1_000_000_000, help="L2 block gas limit.")] = 20_000_000,
    seq_window_size: Annotated[int, typer.Option(min=10, max=100_000, help="Sequencing window, in L1 blocks.")] = 3_600,
    proof_maturity_delay: Annotated[
        int, typer.Option(min=1, help="Seconds between proof and finalization of a withdrawal.")
    ] = 7 * DAY,
    dispute_game_finality_delay: Annotated[
        int, typer.Option(min=1, help="Seconds between a game's resolution and its use.")
    ] = 7 * DAY // 2,
    max_clock_duration: Annotated[
        int, typer.Option(min=1, help="Seconds in which a challenger may strike an output root.")
    ] = 7 * DAY // 2,
    fund: Annotated[
        list[str] | None,
        typer.Option(help="ADDRESS=AMOUNT in OPEN on L2 at genesis, out of community's part; may be repeated."),
    ] = None,
    batcher_key: Annotated[
        Path | None, typer.Option(help="The batcher's key file; made in OUT/keys without it.")
    ] = None,
    proposer_key: Annotated[
        Path | None, typer.Option(help="The proposer's key file; made in OUT/keys if absent.")
    ] = None,
    operator_funds: Annotated[
        str, typer.Option(help="Coin of the L1 that batcher and proposer shall have at least, from the deployer.")
    ] = "0",
    escrow: Annotated[
        bool, typer.Option("--escrow", help="Put 1,000,000,000 of the L1's coin, which is OPEN, into the portal.")
    ] = False,
    custom_gas_token: Annotated[
        bool, typer.Option("--custom-gas-token", help="The L1's coin is not OPEN: native deposits are refused.")
    ] = False,
    start: Annotated[
        str, typer.Option(help="latest, safe or finalized: the L1 block that the rollup begins at.")
    ] = "finalized",
    confirmations: Annotated[int, typer.Option(min=1, max=1_000, help="L1 blocks to wait for each contract.")] = 1,
) -> None:
    """Deploy the rollup's contracts on any L1, and write rollup.json, genesis.json, l1-addresses.json and keys."""
    if escrow and custom_gas_token:
        raise StartupError("--escrow is for an L1 whose coin is OPEN, --custom-gas-token for any other: choose one")
    given = {"batcher": batcher_key, "proposer": proposer_key}
    options = DeploymentOptions(
        deployer_key=key,
        directory=out,
        settings={
            "l2_chain_id": chain_id,
            "block_time": block_time,
            "gas_limit": gas_limit,
            "seq_window_size": seq_window_size,
            "proof_maturity_delay": proof_maturity_delay,
            "dispute_game_finality_delay": dispute_game_finality_delay,
            "max_clock_duration": max_clock_duration,
            "custom_gas_token": custom_gas_token,
            "accounts": tuple(funded(text) for text in fund or []),
        },
        role_keys={role: path for role, path in given.items() if path is not None},
        start=_start_tag(start),
        confirmations=confirmations,
        escrow=escrow,
        operator_funds=parse_open(operator_funds),
    )
    asyncio.run(_deploy(l1, options, Console()))


async def _deploy(url: str, options: DeploymentOptions, console: Console) -> NetworkFiles:
    async with httpx.AsyncClient(timeout=httpx.Timeout(20.0)) as http:
        client = L1Client(url, http, retry=RetryPolicy(jitter=random.random))
        deployment = Deployment(client, options, lambda line: console.print(line, highlight=False, soft_wrap=True))
        console.print(f"Deploying on {url} from 0x{deployment.deployer.hex()}", highlight=False, soft_wrap=True)
        return await deployment.run()


def _start_tag(text: str) -> StartTag:
    for tag in ("latest", "safe", "finalized"):
        if text == tag:
            return tag
    raise StartupError(f"--start {text!r} is unknown: expected latest, safe or finalized")
