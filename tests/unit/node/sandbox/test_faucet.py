"""`/faucet` over HTTP, as its page, scripts and `openledger faucet` ask it."""

import secrets
from typing import Any

import pytest
from typer.testing import CliRunner

from client.commands.faucet import app
from client.errors import BadInput, ChainUnreachable, TransactionRefused
from client.faucet import ask_faucet
from tests.unit.node.sandbox.conftest import Client

JSON = {"content-type": "application/json"}


def stranger() -> str:
    return "0x" + secrets.token_hex(20)


def post(sandbox: Client, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else None
    return sandbox.http.post(
        f"{sandbox.url}/faucet", content=content, json=None if content else body, headers=JSON | headers
    )


def test_pays_whoever_asks_out_of_the_last_account(sandbox: Client) -> None:
    who = stranger()
    answer = post(sandbox, {"address": who, "amount": "2.5"})
    assert (answer.status_code, answer.json()["amount"]) == (200, "2.5")
    assert sandbox.balance(who) == 25 * 10**17
    receipt = sandbox.call("eth_getTransactionReceipt", answer.json()["transaction"])
    assert receipt["from"] == sandbox.call("eth_accounts")[9]


def test_pays_its_usual_amount_where_none_is_named(sandbox: Client) -> None:
    who = stranger()
    assert post(sandbox, {"address": who}).json()["amount"] == "10"
    assert sandbox.balance(who) == 10**19


def test_refuses_in_words_what_is_too_much_or_too_soon(sandbox: Client) -> None:
    who = stranger()
    refused = post(sandbox, {"address": who, "amount": 101})
    assert (refused.status_code, "to 100 OPEN" in refused.json()["error"]) == (429, True)
    assert post(sandbox, {"address": who, "amount": 0.5}).status_code == 200
    again = post(sandbox, {"address": who})
    assert (again.status_code, "a moment ago" in again.json()["error"]) == (429, True)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"address": "0x12"}, 400, "address"),
        ({}, 400, "address"),
        ([], 400, "expected an object"),
        (b"{", 400, "no JSON"),
        ({"address": "0x" + "11" * 20, "amount": "-1"}, 400, "amount"),
        ({"address": "0x" + "11" * 20, "amount": "1e999999999"}, 400, "amount"),
        ({"address": "0x" + "11" * 20, "amount": "0.0000000000000000001"}, 400, "amount"),
        ({"address": "0x" + "11" * 20, "amount": True}, 400, "amount"),
        (b" " * 5_000, 413, "bytes"),
    ],
    ids=["address", "nothing", "array", "no json", "negative", "huge", "too fine", "bool", "long"],
)
def test_malformed_requests_are_told_what_is_wrong(sandbox: Client, body: Any, status: int, text: str) -> None:
    answer = post(sandbox, body)
    assert (answer.status_code, text in answer.json()["error"]) == (status, True)


def test_other_sites_pages_and_names_are_refused(sandbox: Client) -> None:
    asked = {"address": stranger()}
    assert post(sandbox, asked, origin="https://elsewhere.example").status_code == 403
    assert post(sandbox, asked, host="elsewhere.example").status_code == 403
    form = sandbox.http.post(f"{sandbox.url}/faucet", data=asked)
    assert form.status_code == 415  # what a foreign page can send without asking first


def test_its_page_has_a_form_and_says_what_it_gives(sandbox: Client) -> None:
    page = sandbox.http.get(f"{sandbox.url}/faucet")
    assert page.headers["content-type"].startswith("text/html")
    assert "<form>" in page.text
    assert "At most 100 OPEN" in page.text
    assert sandbox.http.get(f"{sandbox.url}/faucet", headers={"host": "elsewhere.example"}).status_code == 403


def test_the_command_asks_and_waits_for_the_block(sandbox: Client) -> None:
    who = stranger()
    done = CliRunner().invoke(app, [who, "1.5", "--rpc", sandbox.url])
    assert done.exit_code == 0, done.output
    assert "sent 1.5 OPEN" in done.output
    assert sandbox.balance(who) == 15 * 10**17


def test_clients_hear_the_faucets_own_words(sandbox: Client) -> None:
    with pytest.raises(TransactionRefused, match="the faucet gives"):
        ask_faucet(sandbox.url, stranger(), 10**30)
    with pytest.raises(BadInput, match="has no faucet"):
        ask_faucet(f"{sandbox.url}/elsewhere", stranger())
    with pytest.raises(ChainUnreachable):
        ask_faucet("http://127.0.0.1:1", stranger())
