"""Options that the commands share, and how errors of web3.py become ours."""

from typing import Annotated, Any

import typer
from requests.exceptions import RequestException
from typer.core import TyperGroup
from web3.exceptions import BadFunctionCallOutput, ContractCustomError, ContractLogicError, Web3RPCError

from client.chain import explain_revert, explain_rpc_error
from client.errors import BadInput, ChainUnreachable, TransactionRefused, TransactionReverted

RpcOption = Annotated[str, typer.Option("--rpc", help="JSON-RPC URL of an L2 node.")]
L1RpcOption = Annotated[str, typer.Option("--l1-rpc", help="JSON-RPC URL of the L1.")]
KeyOption = Annotated[str, typer.Option("--key", help="Key file, or dev:0 to dev:9 for a devnet's accounts.")]

L2_URL = "http://127.0.0.1:8545"
L1_URL = "http://127.0.0.1:8645"


class ClientGroup(TyperGroup):
    """Commands whose reads fail in one line too: typed functions translate only what they send."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Raises ClientError for what nodes and contracts answer, whatever it came as."""
        try:
            return super().invoke(ctx)
        except (ContractCustomError, ContractLogicError) as error:
            raise TransactionReverted(f"the contract refused: {explain_revert(error)}") from error
        except BadFunctionCallOutput as error:
            raise BadInput("that chain lacks our contracts: is --rpc the URL of an OpenLedger L2 node?") from error
        except Web3RPCError as error:
            raise TransactionRefused(explain_rpc_error(error)) from error
        except RequestException as error:
            raise ChainUnreachable(f"the node stopped answering: {type(error).__name__}") from error


def new_app() -> typer.Typer:
    """A command group like all others."""
    return typer.Typer(cls=ClientGroup, add_completion=False, rich_markup_mode=None, no_args_is_help=True)
