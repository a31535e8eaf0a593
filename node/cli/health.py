"""`openledger health`: one question, one exit status. Imports little: health checks run every few seconds."""

import json
import urllib.error
import urllib.request
from typing import Annotated

import typer

from node.errors import NotWell

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def health(
    url: Annotated[str, typer.Argument(help="The node's JSON-RPC.")] = "http://127.0.0.1:8545",
    alive: Annotated[bool, typer.Option("--alive", help="Ask /healthz, which a node that catches up passes.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds to wait for the answer.")] = 5.0,
) -> None:
    """Print "ready" and exit with 0, or print why the node isn't and exit with 1."""
    page = "healthz" if alive else "readyz"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url.rstrip('/')}/{page}", timeout=timeout):
            typer.echo("healthy" if alive else "ready")
    except urllib.error.HTTPError as error:
        raise NotWell(f"{url} says {error.code}: {_reasons(error)}") from error
    except (OSError, ValueError) as error:
        raise NotWell(f"{url} does not answer: {error}") from error


def _reasons(error: urllib.error.HTTPError) -> str:
    """What the node says in its body."""
    try:
        return "; ".join(json.loads(error.read(65_536))["reasons"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.reason)
