"""`openledger key`: keystores for operators. Private keys and passwords are files, never words of a command."""

from pathlib import Path
from typing import Annotated

import typer
from eth_account import Account

from node.files import load_key
from node.keystores import encrypt, read_password, write_secret

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

PasswordOption = Annotated[Path | None, typer.Option(help="File with the keystore's password; asked for without it.")]


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="Where the keystore goes; only you may read it.")],
    keystore_password: PasswordOption = None,
) -> None:
    """Make a key in an encrypted file, and print its address."""
    account = Account.create()
    write_secret(file, encrypt(bytes(account.key), _new_password(keystore_password)))
    typer.echo(account.address)


@app.command("encrypt")
def encrypt_file(
    source: Annotated[Path, typer.Argument(help="A file with a private key of 64 hexadecimal digits.")],
    file: Annotated[Path, typer.Argument(help="Where the keystore goes; only you may read it.")],
    keystore_password: PasswordOption = None,
) -> None:
    """Write a key that is not encrypted into a keystore, and print its address; the source stays."""
    key = load_key(source)
    write_secret(file, encrypt(key, _new_password(keystore_password)))
    typer.echo(Account.from_key(key).address)


@app.command()
def address(
    file: Annotated[Path, typer.Argument(help="A keystore, or a file with 64 hexadecimal digits.")],
    keystore_password: Annotated[Path | None, typer.Option(help="File with the keystore's password.")] = None,
) -> None:
    """Print the address of a key."""
    typer.echo(Account.from_key(load_key(file, keystore_password)).address)


def _new_password(file: Path | None) -> str:
    if file is not None:
        return read_password(file)
    password: str = typer.prompt("Password of the new keystore", hide_input=True, confirmation_prompt=True)
    return password
