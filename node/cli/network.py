"""`openledger network`: the files of a network whose processes are started one by one."""

import asyncio
import random
import time
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from contracts.genesis_config import WEI_PER_OPEN
from node.cli.funding import funded
from node.devnet.accounts import user_accounts
from node.devnet.network import L2_ACCOUNT_OPEN
from node.devnet_clock import last_write, read_pause, write_pause
from node.errors import StartupError
from node.files import load_key, load_rollup
from node.network.files import NetworkFiles
from node.network.rotation import ROLES, Rotation, rotate
from node.network.simulated import SimulatedNetwork, create_simulated_network
from rollup.l1 import L1Client, RetryPolicy
from state.primitives.crypto import private_key_to_address

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

LONGEST_CATCH_UP: Final = 120.0
"""Seconds of pause that the chain makes up for with empty blocks; a longer one stops its clock instead."""


@app.callback()
def _group() -> None:
    """Make and resume networks on a simulated L1, and give operators' roles to other keys."""


@app.command()
def create(
    directory: Annotated[Path, typer.Option("--dir", help="Where rollup.json, genesis.json and the others go.")],
    keys: Annotated[Path | None, typer.Option(help="Where the operators' keys go; DIR/keys without it.")] = None,
    keystore_password: Annotated[
        Path | None,
        typer.Option(help="Encrypt the keys with the password in this file, which is made if it isn't there."),
    ] = None,
    chain_id: Annotated[int, typer.Option(min=1, max=2**53, help="L2 chain id.")] = 161_299,
    l1_chain_id: Annotated[int, typer.Option(min=1, max=2**53, help="Chain id of the simulated L1.")] = 900,
    block_time: Annotated[int, typer.Option(min=1, max=60, help="Seconds between L2 blocks.")] = 1,
    gas_limit: Annotated[int, typer.Option(min=5_000_000, max=1_000_000_000, help="L2 block gas limit.")] = 20_000_000,
    dev_accounts: Annotated[
        bool, typer.Option("--dev-accounts", help="Fund the ten accounts of the devnet's public mnemonic.")
    ] = False,
    fund: Annotated[
        list[str] | None, typer.Option(help="ADDRESS=AMOUNT in OPEN on both chains at genesis; may be repeated.")
    ] = None,
    chain: Annotated[
        list[Path] | None,
        typer.Option(
            help="Data directory of a process of this network; may be repeated. If all of them have stood still for "
            "more than two minutes, the network's clock is set back by that, and no empty blocks are built."
        ),
    ] = None,
) -> None:
    """Write a network's files and keys, or carry on with those that are there: nothing is ever overwritten."""
    files = NetworkFiles(directory=directory)
    if files.complete:
        _carry_on(files, chain or [])
        return
    written = [path for path in chain or [] if last_write([path]) is not None]
    if written:  # new files would make them unreadable for good
        raise StartupError(
            f"{written[0]} holds a chain, but {directory} no rollup.json: put the file back, or remove the chain"
        )
    dev = [(account.address, L2_ACCOUNT_OPEN * WEI_PER_OPEN) for account in user_accounts()] if dev_accounts else []
    network = SimulatedNetwork(
        directory=directory,
        keys=keys or directory / "keys",
        password_file=keystore_password,
        l2_chain_id=chain_id,
        l1_chain_id=l1_chain_id,
        block_time=block_time,
        gas_limit=gas_limit,
        accounts=(*dev, *(funded(text) for text in fund or [])),
    )
    create_simulated_network(network)
    typer.echo(f"Created a network in {directory} (chain {chain_id})")


def _carry_on(files: NetworkFiles, chains: list[Path]) -> None:
    rollup = load_rollup(files.rollup)
    typer.echo(f"Carrying on with the network in {files.directory} (chain {rollup.l2_chain_id})")
    stopped_at = last_write(chains)
    pause = 0.0 if stopped_at is None else time.time() - stopped_at
    if pause > LONGEST_CATCH_UP:
        write_pause(files.directory, read_pause(files.directory) + pause)
        typer.echo(f"It stood still for {pause:.0f} s: its clock is set back by that")


@app.command("rotate")
def rotate_key(
    role: Annotated[str, typer.Argument(help=f"One of {', '.join(ROLES)}.")],
    new_key: Annotated[Path, typer.Argument(help="The new key's file; only its address leaves this machine.")],
    key: Annotated[Path, typer.Option(help="The key file of the L1 contracts' owner, who pays on L1.")],
    l1: Annotated[str, typer.Option(help="URL of the L1's JSON-RPC.")],
    rollup: Annotated[Path, typer.Option(help="rollup.json of the network.")],
    keystore_password: Annotated[
        Path | None, typer.Option(help="File with the password of key files that are encrypted.")
    ] = None,
) -> None:
    """Give an operator's role to another key, by the contracts on L1: every node reads it there."""
    if role not in ROLES:
        raise StartupError(f"role {role!r} is unknown: expected one of {', '.join(ROLES)}")
    rotation = Rotation(
        role=role,
        address=private_key_to_address(load_key(new_key, keystore_password)),
        system_config=load_rollup(rollup).l1_system_config,
        owner_key=load_key(key, keystore_password),
    )
    number = asyncio.run(_rotate(l1, rotation))
    typer.echo(f"From L1 block {number} on the {role} is 0x{rotation.address.hex()}")


async def _rotate(url: str, rotation: Rotation) -> int:
    async with httpx.AsyncClient(timeout=httpx.Timeout(20.0)) as http:
        return await rotate(L1Client(url, http, retry=RetryPolicy(jitter=random.random)), rotation)
