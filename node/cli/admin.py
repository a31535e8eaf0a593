"""`openledger admin`: starts and stops parts of a running node over its admin port."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from node.administration.secret import read_secret
from node.errors import AdminUnanswered
from rpc.transport.bearer import make_token

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

URL = "http://127.0.0.1:8560"
UrlOption = Annotated[str, typer.Option("--url", help="The node's admin port.")]
SecretOption = Annotated[Path, typer.Option("--secret", help="The file with the secret: admin.jwt in its data_dir.")]


def _call(url: str, secret: Path, method: str, *params: Any) -> Any:
    """The result. Raises AdminUnanswered with the node's words."""
    token = make_token(read_secret(secret), time.time())
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    try:
        response = httpx.post(url, json=body, headers={"authorization": f"Bearer {token}"}, timeout=60.0)
        answer = response.json() if response.status_code == 200 else {"error": {"message": response.text.strip()}}
    except (httpx.HTTPError, ValueError) as error:
        raise AdminUnanswered(f"no node answers at {url}: was it started with --admin-port? ({error})") from error
    if "error" in answer:
        raise AdminUnanswered(f"{method}: {answer['error']['message']}")
    return answer["result"]


@app.command()
def info(secret: SecretOption, url: UrlOption = URL) -> None:
    """Print what the node is and which parts of it run."""
    typer.echo(json.dumps(_call(url, secret, "admin_nodeInfo"), indent=2))


@app.command("stop-sequencer")
def stop_sequencer(secret: SecretOption, url: UrlOption = URL) -> None:
    """Stop building blocks, and print the hash of the last one: what start-sequencer wants to hear."""
    typer.echo(_call(url, secret, "admin_stopSequencer"))


@app.command("start-sequencer")
def start_sequencer(
    head: Annotated[str, typer.Argument(help="Hash of the unsafe head, as stop-sequencer printed it.")],
    secret: SecretOption,
    url: UrlOption = URL,
) -> None:
    """Build on from a block, which must be the node's unsafe head."""
    _call(url, secret, "admin_startSequencer", head)
    typer.echo("sequencer started")


@app.command("stop-batcher")
def stop_batcher(secret: SecretOption, url: UrlOption = URL) -> None:
    """Post no more batches; blocks stay unsafe meanwhile."""
    _call(url, secret, "admin_stopBatcher")
    typer.echo("batcher stopped")


@app.command("start-batcher")
def start_batcher(secret: SecretOption, url: UrlOption = URL) -> None:
    """Post batches again."""
    _call(url, secret, "admin_startBatcher")
    typer.echo("batcher started")


@app.command()
def peers(secret: SecretOption, url: UrlOption = URL) -> None:
    """Print the peers that the node is connected to, with their heads and scores."""
    typer.echo(json.dumps(_call(url, secret, "admin_peers"), indent=2))


@app.command("add-peer")
def add_peer(
    address: Annotated[str, typer.Argument(help="host:port that the peer listens on.")],
    secret: SecretOption,
    url: UrlOption = URL,
) -> None:
    """Connect to a peer and keep connected, until the node ends."""
    _call(url, secret, "admin_addPeer", address)
    typer.echo(f"connecting to {address}")


@app.command("remove-peer")
def remove_peer(
    node_id: Annotated[str, typer.Argument(help="The peer's id, as peers prints it.")],
    secret: SecretOption,
    url: UrlOption = URL,
) -> None:
    """Let a peer go; it may come back."""
    removed = _call(url, secret, "admin_removePeer", node_id)
    typer.echo("let go" if removed else "no such peer is connected")


@app.command("log-level")
def log_level(
    level: Annotated[str, typer.Argument(help="debug, info, warning or error.")],
    secret: SecretOption,
    url: UrlOption = URL,
) -> None:
    """Log events from a level up, until the node ends."""
    _call(url, secret, "admin_setLogLevel", level)
    typer.echo(f"log level {level}")


@app.command()
def token(secret: SecretOption) -> None:
    """Print a token for the Authorization header, good for a minute: for curl and scripts."""
    typer.echo(make_token(read_secret(secret), time.time()))
