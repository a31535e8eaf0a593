"""Methods that only devnets have, asked of a node that is none: -32601, and where they are."""

import pytest

from rpc.namespaces.accounts import ACCOUNTS
from rpc.namespaces.sandbox import SANDBOX
from tests.unit.rpc.conftest import Client

SANDBOX_HINT = "only `openledger devnet --sandbox` has it"


@pytest.mark.parametrize("name", sorted(SANDBOX.methods))
async def test_forging_is_not_available_and_says_where_it_is(client: Client, name: str) -> None:
    error = await client.error(name)
    assert error["code"] == -32601
    assert error["message"].startswith(f"the method {name} does not exist/is not available: ")
    assert SANDBOX_HINT in error["message"]


@pytest.mark.parametrize("name", sorted(ACCOUNTS.methods))
async def test_a_node_without_keys_says_that_wallets_sign(client: Client, name: str) -> None:
    error = await client.error(name)
    assert error["code"] == -32601
    assert "this node holds no keys; sign yourself and use eth_sendRawTransaction" in error["message"]


async def test_a_node_without_keys_has_no_account(client: Client) -> None:
    assert await client.call("eth_accounts") == []


async def test_a_method_that_nobody_has_gets_no_hint(client: Client) -> None:
    error = await client.error("anvil_setRpcUrl", "http://127.0.0.1:1")
    assert error == {"code": -32601, "message": "the method anvil_setRpcUrl does not exist/is not available"}


async def test_a_node_that_is_no_devnet_has_no_faucet(client: Client) -> None:
    assert (await client.http.get(f"{client.url}faucet")).status_code == 404
    assert (await client.http.post(f"{client.url}faucet", json={"address": "0x" + "11" * 20})).status_code == 404
