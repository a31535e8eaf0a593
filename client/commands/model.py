"""`openledger model`."""

import re
from pathlib import Path
from typing import Annotated

import typer
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from client.amounts import format_open, parse_open
from client.chain import Chain
from client.commands.options import L2_URL, KeyOption, RpcOption, new_app
from client.datanets import Datanets
from client.errors import BadInput
from client.keys import load_key
from client.models import ADAPTER_FREE, Models
from contracts.records import PPM

app = new_app()

IdArgument = Annotated[int, typer.Argument(min=1, help="The model's id.")]
CheckpointArgument = Annotated[int, typer.Argument(min=1, help="The checkpoint's number.")]


@app.command()
def register(
    name: Annotated[str, typer.Argument(help="At most 64 bytes.")],
    key: KeyOption,
    datanet: Annotated[list[int], typer.Option(help="A Datanet that it is made from; may be repeated.")],
    parent: Annotated[list[int] | None, typer.Option(help="A model that it comes from; may be repeated.")] = None,
    uri: Annotated[str, typer.Option(help="Where its description is.")] = "",
    base: Annotated[str, typer.Option(help="The base model's name, noted as its hash.")] = "retrieval",
    rpc: RpcOption = L2_URL,
) -> None:
    """Register a model and print its id."""
    models = Models(Chain(rpc))
    typer.echo(f"model {models.register(load_key(key), name, uri, keccak(text=base), datanet, parent or [])}")


@app.command()
def train(
    model_id: IdArgument,
    key: KeyOption,
    recipe: Annotated[str, typer.Option(help="How it was trained, noted as its hash.")] = "token evidence",
    checkpoint: Annotated[Path | None, typer.Option(help="The checkpoint's file, noted as its hash.")] = None,
    adapter_type: Annotated[int, typer.Option(min=0, max=255, help="0 for a model without an adapter.")] = ADAPTER_FREE,
    rpc: RpcOption = L2_URL,
) -> None:
    """Record a training on the newest versions of the model's Datanets, and print the checkpoint's number."""
    chain = Chain(rpc)
    models, datanets = Models(chain), Datanets(chain)
    used = models.datanets(model_id)
    versions = [datanets.versions(number) for number in used]
    content = b"".join(number.to_bytes(32, "big") for number in (*used, *versions))
    digest = keccak(_read(checkpoint)) if checkpoint else keccak(content)
    number = models.record_training(load_key(key), model_id, keccak(text=recipe), digest, adapter_type, used, versions)
    typer.echo(f"checkpoint {number}")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}") from error


@app.command()
def evaluate(
    model_id: IdArgument,
    checkpoint: CheckpointArgument,
    score: Annotated[str, typer.Argument(help="Such as 0.93; at most six decimals.")],
    key: KeyOption,
    benchmark: Annotated[str, typer.Option(help="The benchmark's name, noted as its hash.")] = "exact match",
    report: Annotated[Path | None, typer.Option(help="The report's file, noted as its hash.")] = None,
    rpc: RpcOption = L2_URL,
) -> None:
    """Record a benchmark's score."""
    millionths = parse_score(score)
    digest = keccak(_read(report)) if report else keccak(text=f"{benchmark} {score}")
    chain = Chain(rpc)
    sent = Models(chain).record_evaluation(
        load_key(key), model_id, checkpoint, keccak(text=benchmark), millionths, digest
    )
    typer.echo(f"evaluated in block {chain.wait(sent)['blockNumber']}")


def parse_score(text: str) -> int:
    """Millionths in a decimal such as 0.93 or -1.5. Raises BadInput."""
    found = re.fullmatch(r"(-?)(\d{1,12})(?:\.(\d{1,6}))?", text.strip(), re.ASCII)
    if found is None:
        raise BadInput(f"{text!r} is no score: expected a decimal such as 0.93 with at most six decimals")
    millionths = int(found[2]) * 10**6 + int((found[3] or "").ljust(6, "0"))
    return -millionths if found[1] else millionths


@app.command()
def deploy(
    model_id: IdArgument,
    checkpoint: CheckpointArgument,
    key: KeyOption,
    price_in: Annotated[str, typer.Option(help="OPEN for 1,000 tokens of questions.")],
    price_out: Annotated[str, typer.Option(help="OPEN for 1,000 tokens of answers.")],
    evidence_ppm: Annotated[int, typer.Option(min=0, max=PPM, help="How much token evidence weighs.")] = PPM,
    rpc: RpcOption = L2_URL,
) -> None:
    """Offer a checkpoint at a price."""
    chain = Chain(rpc)
    prices = parse_open(price_in), parse_open(price_out)
    chain.wait(Models(chain).deploy(load_key(key), model_id, checkpoint, *prices, evidence_ppm))
    typer.echo(f"model {model_id} offers checkpoint {checkpoint}")


@app.command()
def retire(model_id: IdArgument, key: KeyOption, rpc: RpcOption = L2_URL) -> None:
    """Take a model off the offer for good."""
    chain = Chain(rpc)
    chain.wait(Models(chain).retire(load_key(key), model_id))
    typer.echo(f"model {model_id} is retired")


@app.command("list")
def list_all(rpc: RpcOption = L2_URL) -> None:
    """List all models."""
    for found in Chain(rpc).pages("open_getModels", "models"):
        owner = to_checksum_address(found["owner"])
        typer.echo(f"{int(found['modelId'], 16)}  {found['name']}  {found['state']}  owner {owner}")


@app.command()
def show(model_id: IdArgument, rpc: RpcOption = L2_URL) -> None:
    """Show a model and its offer."""
    models = Models(Chain(rpc))
    if not 1 <= model_id <= models.count():
        raise BadInput(f"there is no model {model_id}")
    name, owner, state, deployed = models.describe(model_id)
    datanets = ", ".join(str(number) for number in models.datanets(model_id))
    typer.echo(f"{name}\n{state}, owner {owner}, Datanets {datanets}, checkpoints {models.checkpoints(model_id)}")
    if deployed:
        price_in, price_out = models.prices(model_id, deployed)
        typer.echo(
            f"checkpoint {deployed} at {format_open(price_in)} OPEN in, {format_open(price_out)} OPEN out "
            "for 1,000 tokens"
        )
