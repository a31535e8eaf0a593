"""`openledger faucet`."""

from typing import Annotated

import typer

from client.amounts import parse_open
from client.chain import Chain
from client.commands.options import L2_URL, RpcOption, new_app
from client.faucet import ask_faucet
from client.keys import address_of

app = new_app()


@app.command()
def faucet(
    to: Annotated[str, typer.Argument(help="The receiver: an address, a key file, or dev:N.")],
    amount: Annotated[str | None, typer.Argument(help="OPEN, such as 1.5, or 7wei; else the faucet decides.")] = None,
    rpc: RpcOption = L2_URL,
) -> None:
    """Ask a devnet's faucet for OPEN and wait until it is in a block."""
    receiver = address_of(to)
    transaction, paid = ask_faucet(rpc, receiver, None if amount is None else parse_open(amount))
    receipt = Chain(rpc).wait(transaction)
    typer.echo(
        f"the faucet sent {paid} OPEN to {receiver} in block {receipt['blockNumber']}, "
        f"transaction {transaction.to_0x_hex()}"
    )
