"""`openledger datanet`."""

import secrets
from pathlib import Path
from typing import Annotated, Final

import typer
from eth_utils.crypto import keccak

from client.amounts import format_open, parse_open
from client.chain import Chain
from client.commands.options import L2_URL, KeyOption, RpcOption, new_app
from client.datanets import Datanets, License, Policy
from client.datasets import content_root, load_rows
from client.errors import BadInput
from client.keys import load_key

app = new_app()

STATUS: Final = ("unknown", "pending", "accepted", "rejected", "expired", "withdrawn")
SCHEMA: Final = '{"id":"string","prompt":"string","response":"string"}'

IdArgument = Annotated[int, typer.Argument(min=1, help="The Datanet's id.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="At most 64 bytes.")],
    key: KeyOption,
    uri: Annotated[str, typer.Option(help="Where its description is.")] = "",
    bond: Annotated[str, typer.Option(help="OPEN that a contribution is backed with.")] = "0",
    revenue_share_bps: Annotated[int, typer.Option(min=0, max=10_000, help="The owner's part, basis points.")] = 500,
    commercial: Annotated[bool, typer.Option("--commercial/--no-commercial", help="May be used for profit.")] = True,
    derivatives: Annotated[bool, typer.Option("--derivatives/--no-derivatives", help="Models may be made.")] = True,
    rpc: RpcOption = L2_URL,
) -> None:
    """Create a Datanet of instruction pairs and print its id."""
    terms = License(commercial=commercial, derivatives=derivatives, revenue_share_bps=revenue_share_bps)
    policy = Policy(bond=parse_open(bond))
    made = Datanets(Chain(rpc)).create(load_key(key), name, uri, keccak(text=SCHEMA), terms, policy)
    typer.echo(f"datanet {made}")


@app.command()
def contribute(
    datanet_id: IdArgument,
    file: Annotated[Path, typer.Argument(help="JSONL, each line with id, prompt and response.")],
    key: KeyOption,
    uri: Annotated[str, typer.Option(help="Where the rows can be had.")] = "",
    rpc: RpcOption = L2_URL,
) -> None:
    """Commit to a file's rows, contribute them with the Datanet's bond, and print the contribution's id."""
    rows, account, chain = load_rows(file), load_key(key), Chain(rpc)
    datanets, root, salt = Datanets(chain), content_root(rows), secrets.token_bytes(32)
    value = datanets.price_of_contributing(datanet_id)
    committed = chain.wait(datanets.commit(account, datanet_id, root, salt))
    chain.wait_for_block_after(committed["blockNumber"])
    receipt = chain.wait(datanets.contribute(account, datanet_id, root, len(rows), uri, salt, value))
    typer.echo(f"contribution {datanets.contribution_of(receipt)}: {len(rows)} rows, root 0x{root.hex()}")


@app.command()
def accept(
    contributions: Annotated[list[int], typer.Argument(min=1, help="Ids of contributions.")],
    key: KeyOption,
    rpc: RpcOption = L2_URL,
) -> None:
    """Accept contributions, as the Datanet's owner."""
    chain, account = Chain(rpc), load_key(key)
    datanets = Datanets(chain)
    chain.wait_all([datanets.finalize(account, number) for number in contributions])
    for number in contributions:
        typer.echo(f"contribution {number}: {STATUS[datanets.contribution(number).status]}")


@app.command()
def publish(datanet_id: IdArgument, key: KeyOption, rpc: RpcOption = L2_URL) -> None:
    """Publish what is accepted as a new version and print its number."""
    typer.echo(f"version {Datanets(Chain(rpc)).publish_version(load_key(key), datanet_id)}")


@app.command("list")
def list_all(rpc: RpcOption = L2_URL) -> None:
    """List all Datanets."""
    datanets = Datanets(Chain(rpc))
    for number in range(1, datanets.count() + 1):
        name, owner, versions, accepted = datanets.describe(number)
        typer.echo(f"{number}  {name}  owner {owner}  versions {versions}  accepted {accepted}")


@app.command()
def show(datanet_id: IdArgument, rpc: RpcOption = L2_URL) -> None:
    """Show a Datanet with its contributions."""
    datanets = Datanets(Chain(rpc))
    if not 1 <= datanet_id <= datanets.count():
        raise BadInput(f"there is no Datanet {datanet_id}")
    name, owner, versions, accepted = datanets.describe(datanet_id)
    share = datanets.owner_and_share(datanet_id)[1]
    typer.echo(f"{name}\nowner {owner}, revenue share {share} bps, versions {versions}, accepted {accepted}")
    typer.echo(f"a contribution brings {format_open(datanets.price_of_contributing(datanet_id))} OPEN")
    for found in datanets.contributions_of(datanet_id):
        typer.echo(f"contribution {found.id}: {STATUS[found.status]}, {found.rows} rows by {found.contributor}")
