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
from client.keys import load_key

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
    address = who if Web3.is_address(who) else load_key(who).address
    typer.echo(f"{format_open(Chain(rpc).balance(address))} OPEN")


@app.command()
def send(
    to: Annotated[str, typer.Argument(help="The receiver's address.")],
    amount: Annotated[str, typer.Argument(help="OPEN, such as 1.5, or 7wei.")],
    key: KeyOption,
    rpc: RpcOption = L2_URL,
) -> None:
    """Send OPEN and wait until it is in a block."""
    if not Web3.is_address(to):
        raise BadInput(f"{to!r} is no address")
    wei = parse_open(amount)
    account, chain = load_key(key), Chain(rpc)
    receipt = chain.wait(chain.transfer(account, Web3.to_checksum_address(to), wei))
    typer.echo(
        f"sent {format_open(wei)} OPEN to {to} in block {receipt['blockNumber']}, "
        f"transaction {receipt['transactionHash'].to_0x_hex()}"
    )
