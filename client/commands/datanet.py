"""`openledger datanet`."""

import secrets
from pathlib import Path
from typing import Annotated, Final

import typer
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from client.amounts import format_open, parse_open
from client.chain import Chain
from client.commands.options import L2_URL, KeyOption, RpcOption, new_app
from client.datanets import Datanets, License, Policy
from client.datasets import content_root, load_rows
from client.errors import BadInput
from client.keys import address_of, load_key

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
    for found in Chain(rpc).pages("open_getDatanets", "datanets"):
        versions, accepted = int(found["versionCount"], 16), int(found["acceptedContributions"], 16)
        typer.echo(
            f"{int(found['datanetId'], 16)}  {found['name']}  owner {to_checksum_address(found['owner'])}  "
            f"versions {versions}  accepted {accepted}"
        )


@app.command()
def show(datanet_id: IdArgument, rpc: RpcOption = L2_URL) -> None:
    """Show a Datanet with its contributions."""
    chain = Chain(rpc)
    found = chain.rpc("open_getDatanet", [hex(datanet_id)])["datanet"]
    if found is None:
        raise BadInput(f"there is no Datanet {datanet_id}")
    share, policy = int(found["license"]["revenueShareBps"], 16), found["policy"]
    versions, accepted = int(found["versionCount"], 16), int(found["acceptedContributions"], 16)
    owner = to_checksum_address(found["owner"])
    typer.echo(f"{found['name']}\nowner {owner}, revenue share {share} bps, versions {versions}, accepted {accepted}")
    typer.echo(f"a contribution brings {format_open(int(policy['bond'], 16) + int(policy['reviewFee'], 16))} OPEN")
    for made in chain.pages("open_getContributions", "contributions", hex(datanet_id)):
        typer.echo(
            f"contribution {int(made['contributionId'], 16)}: {made['status']}, {int(made['rows'], 16)} rows "
            f"by {to_checksum_address(made['contributor'])}"
        )


@app.command()
def fired(
    contributor: Annotated[str, typer.Argument(help="The contributor: an address, a key file, or dev:N.")],
    from_block: Annotated[int, typer.Option(min=0, help="The first block to look at.")] = 0,
    rpc: RpcOption = L2_URL,
) -> None:
    """Did my data fire? List the paid answers that an account's contributions are credited for."""
    criteria = {"contributor": address_of(contributor), "fromBlock": hex(from_block)}
    for record in Chain(rpc).pages("open_getInferences", "inferences", criteria):
        shares = ", ".join(
            f"{int(s['ppm'], 16) / 10_000:.2f} % to {int(s['contributionId'], 16)}" for s in record["shares"]
        )
        typer.echo(
            f"block {int(record['blockNumber'], 16)}  model {int(record['modelId'], 16)}  "
            f"{format_open(int(record['fee'], 16))} OPEN  {shares}"
        )
