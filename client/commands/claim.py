"""`openledger claim`."""

from typing import Annotated

import typer

from client.amounts import format_open
from client.attribution import Attribution
from client.chain import Chain
from client.commands.options import L2_URL, KeyOption, RpcOption, new_app
from client.errors import BadInput
from client.keys import load_key
from contracts.rewards import RewardTree

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
    if key is not None and final:
        address = load_key(key).address
        earned, claimed = final_tree(attribution).amount(address), attribution.claimed(address)
        typer.echo(f"{address} earned {format_open(earned)} OPEN and claimed {format_open(claimed)}")


@app.command()
def withdraw(key: KeyOption, rpc: RpcOption = L2_URL) -> None:
    """Claim what the final epoch pays a key, and withdraw it."""
    attribution = Attribution(Chain(rpc))
    paid = attribution.claim(load_key(key), final_tree(attribution))
    typer.echo(f"{format_open(paid)} OPEN paid out" if paid else "nothing to claim")


def final_tree(attribution: Attribution) -> RewardTree:
    """The final epoch's tree, rebuilt from the chain. Raises BadInput where its root is another."""
    number = attribution.final_epoch()
    if number == 0:
        raise BadInput("no epoch is final yet")
    epoch = attribution.epoch(number)
    tree = RewardTree.build(attribution.cumulative_rewards(epoch.to_block))
    if tree.root != epoch.root:
        raise BadInput(f"epoch {number} has root 0x{epoch.root.hex()}, the chain's data gives 0x{tree.root.hex()}")
    return tree
