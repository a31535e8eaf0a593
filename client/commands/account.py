"""`openledger account`."""

import os
from pathlib import Path
from typing import Annotated

import typer
from eth_account import Account
from web3 import Web3

from client.amounts import format_open, parse_open
from client.chain import Chain
from client.commands.options import L2_URL, KeyOption, RpcOption, new_app
from client.errors import BadInput
from client.keys import address_of, load_key

app = new_app()


@app.command()
def new(file: Annotated[Path, typer.Argument(help="Where the private key goes; only you may read it.")]) -> None:
    """Make a key. It is shown nowhere and never sent anywhere: keep the file."""
    account = Account.create()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BadInput(f"{file} exists: a key is never overwritten") from error
    except OSError as error:
        raise BadInput(f"{file} can't be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as output:
        output.write("0x" + bytes(account.key).hex() + "\n")
    typer.echo(account.address)


@app.command()
def show(key: KeyOption) -> None:
    """Print the address of a key."""
    typer.echo(load_key(key).address)


@app.command()
def balance(
    who: Annotated[str, typer.Argument(help="An address, a key file, or dev:N.")], rpc: RpcOption = L2_URL
) -> None:
    """Print what an account has, in OPEN."""
    typer.echo(f"{format_open(Chain(rpc).balance(address_of(who)))} OPEN")


@app.command()
def send(
    to: Annotated[str, typer.Argument(help="The receiver: an address, a key file, or dev:N.")],
    amount: Annotated[str, typer.Argument(help="OPEN, such as 1.5, or 7wei.")],
    key: KeyOption,
    rpc: RpcOption = L2_URL,
) -> None:
    """Send OPEN and wait until it is in a block."""
    receiver, wei = Web3.to_checksum_address(address_of(to)), parse_open(amount)
    account, chain = load_key(key), Chain(rpc)
    receipt = chain.wait(chain.transfer(account, receiver, wei))
    typer.echo(
        f"sent {format_open(wei)} OPEN to {receiver} in block {receipt['blockNumber']}, "
        f"transaction {receipt['transactionHash'].to_0x_hex()}"
    )
