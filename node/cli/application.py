"""The command tree, and how errors leave it."""

import importlib
import sys
from typing import Any, Final

import typer
from typer.core import TyperGroup

from state.errors import NodeError

_COMMANDS: Final = {
    "devnet": ("node.cli.devnet", "Run L1, sequencer, follower and the demo on this machine."),
    "node": ("node.cli.node", "Run a sequencer or a follower."),
    "l1": ("node.cli.l1", "Run the simulated L1."),
    "deploy-l1": ("node.cli.deploy_l1", "Deploy the rollup's contracts on any L1 and write its network files."),
    "network": ("node.cli.network", "Make the files and keys of a network on a simulated L1."),
    "key": ("node.cli.key", "Make encrypted key files and show their addresses."),
    "health": ("node.cli.health", "Ask a node whether it is ready; for health checks."),
    "admin": ("node.cli.admin", "Start and stop parts of a running node over its admin port."),
    "inspect": ("node.cli.inspect", "Show what a data directory holds; the node must not be running."),
    "snapshot": ("node.cli.snapshot", "Make a node from the state of another one, checked against L1."),
    "prune": ("node.cli.prune", "Make an archive a pruned database; the node must not be running."),
    "demo": ("client.commands.demo", "Make Datanets and models, pay for inferences, claim rewards."),
    "account": ("client.commands.account", "Keys, balances, transfers."),
    "faucet": ("client.commands.faucet", "Ask a devnet's faucet for OPEN."),
    "datanet": ("client.commands.datanet", "Create Datanets, contribute to them, publish versions."),
    "model": ("client.commands.model", "Register, deploy and look at models."),
    "infer": ("client.commands.infer", "Pay for inferences and settle them."),
    "claim": ("client.commands.claim", "Epochs and rewards."),
    "bridge": ("client.commands.bridge", "Deposit to L2 and withdraw to L1."),
}
"""Name -> (module with an `app`, one line of help). Nothing is imported before its command is called."""


class LazyGroup(TyperGroup):
    """Imports a command's module when it is called; `--help` needs none of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        entry = _COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(entry[0])
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="OpenLedger Node: an OP-Stack-compatible rollup whose traffic is attribution and inference.",
)


@app.callback()
def _root() -> None:
    """OpenLedger Node: an OP-Stack-compatible rollup whose traffic is attribution and inference."""


def main() -> None:
    """Run a command; an expected error is one message on standard error and exit status 1."""
    try:
        app()
    except NodeError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
    except Exception as error:
        if _is_client_error(error):
            sys.stderr.write(f"error: {error}\n")
            raise SystemExit(1) from None
        raise


def _is_client_error(error: Any) -> bool:
    """The client's expected errors; known only if the client was loaded."""
    module = sys.modules.get("client.errors")
    return module is not None and isinstance(error, module.ClientError)
