"""Coin from a devnet's faucet."""

from typing import Final

import httpx
from hexbytes import HexBytes

from client.amounts import format_open
from client.errors import BadInput, ChainUnreachable, TransactionRefused

TIMEOUT_SECONDS: Final = 30.0
_NO_SUCH_PAGE: Final = 404


def ask_faucet(rpc_url: str, address: str, wei: int | None = None) -> tuple[HexBytes, str]:
    """(transaction hash, amount of OPEN) that the faucet beside `rpc_url` pays; without `wei` its usual amount.

    Raises TransactionRefused in the faucet's words, BadInput for a node that has none, ChainUnreachable.
    """
    question = {"address": address} | ({} if wei is None else {"amount": format_open(wei)})
    try:
        response = httpx.post(f"{rpc_url.rstrip('/')}/faucet", json=question, timeout=TIMEOUT_SECONDS)
        if response.status_code == _NO_SUCH_PAGE:
            raise BadInput(f"{rpc_url} has no faucet: only devnets do")
        answer = response.json()
        if response.is_success:
            return HexBytes(answer["transaction"]), str(answer["amount"])
        refusal = str(answer["error"])
    except httpx.HTTPError as error:
        raise ChainUnreachable(f"no node answers at {rpc_url}: {type(error).__name__}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{rpc_url} has no faucet: it answered something else") from error
    raise TransactionRefused(refusal)
