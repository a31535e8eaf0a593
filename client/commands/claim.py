"""`openledger claim`."""

from typing import Annotated

import typer

from client.amounts import format_open
from client.attribution import Attribution
from client.chain import Chain
from client.commands.options import L2_URL, KeyOption, RpcOption, new_app
from client.errors import BadInput
from client.keys import load_key

app = new_app()


@app.command()
def propose(
    key: KeyOption,
    to_block: Annotated[int | None, typer.Option(min=1, help="The last block; the newest without it.")] = None,
    rpc: RpcOption = L2_URL,
) -> None:
    """Propose an epoch: what every settlement so far earned, rebuilt from the chain's own data."""
    chain = Chain(rpc)
    last = to_block or int(chain.web3.eth.block_number)
    chain.wait_for_block_after(last)
    number, tree = Attribution(chain).propose_epoch(load_key(key), last)
    typer.echo(f"epoch {number}: {format_open(tree.total)} OPEN up to block {last}, root 0x{tree.root.hex()}")


@app.command()
def finalize(
    key: KeyOption,
    number: Annotated[int | None, typer.Argument(min=1, help="The epoch; the next one without it.")] = None,
    rpc: RpcOption = L2_URL,
) -> None:
    """Finalize an epoch, once its challenge window is over."""
    attribution = Attribution(Chain(rpc))
    epoch = number or attribution.final_epoch() + 1
    if epoch > attribution.proposed_epoch():
        raise BadInput(f"epoch {epoch} is not proposed")
    attribution.finalize_epoch(load_key(key), epoch)
    typer.echo(f"epoch {epoch} is final")


@app.command()
def status(
    key: Annotated[str | None, typer.Option(help="Key file or dev:N: what it may claim.")] = None,
    rpc: RpcOption = L2_URL,
) -> None:
    """Say which epochs there are, and what a key may claim."""
    attribution = Attribution(Chain(rpc))
    proposed, final = attribution.proposed_epoch(), attribution.final_epoch()
    typer.echo(f"epochs: {proposed} proposed, {final} final")
    if key is not None:
        address = load_key(key).address
        found = attribution.earnings(address)
        typer.echo(
            f"{address} earned {format_open(found.earned)} OPEN and claimed {format_open(found.claimed)}, "
            f"may claim {format_open(found.claimable)}"
        )


@app.command()
def withdraw(key: KeyOption, rpc: RpcOption = L2_URL) -> None:
    """Claim what the final epoch pays a key, and withdraw it."""
    attribution, account = Attribution(Chain(rpc)), load_key(key)
    found = attribution.earnings(account.address)
    if not found.epoch:
        raise BadInput("no epoch is final yet")
    if not found.root_matches:
        raise BadInput(f"epoch {found.epoch} has a root that the chain's own data doesn't give: nobody can claim on it")
    paid = attribution.claim_earnings(account)
    typer.echo(f"{format_open(paid)} OPEN paid out" if paid else "nothing to claim")
