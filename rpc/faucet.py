"""`/faucet` on a devnet: a tiny page with a form, and the POST that it makes.

    POST /faucet {"address": "0x…", "amount": "2.5"}      amount in OPEN, may be left out
    200 {"transaction": "0x…", "amount": "2.5"}           paid: the transaction is in the pool
    400, 403, 413, 415, 429 {"error": "…"}                malformed, another site's page, refused by the faucet

Only JSON is taken, and only from pages of listed origins: a page from elsewhere can't spend the faucet's coin.
"""

from decimal import Decimal
from typing import Final

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from rpc.devnet_ports import FaucetPort
from rpc.parameters.hexadecimal import parse_address
from rpc.parameters.types import Malformed, expect_object, json_kind, nested
from rpc.transport.access import AccessControl, is_json
from rpc.views.hexadecimal import data
from state.errors import NodeError
from state.primitives.types import Address, Wei

MOST_BODY_BYTES: Final = 4_096
WEI_PER_OPEN: Final = 10**18


def faucet_pages(faucet: FaucetPort, access: AccessControl) -> APIRouter:
    """The routes of `/faucet`."""
    router = APIRouter()

    @router.get("/faucet")
    async def form(request: Request) -> Response:
        """The page."""
        if not access.allows_host(request.scope):
            return _error(403, "host not allowed")
        return HTMLResponse(_page(faucet))

    @router.post("/faucet")
    async def pay(request: Request) -> Response:
        """Coin for the account that the body names."""
        if not access.allows_host(request.scope) or not access.allows_origin(request.scope):
            return _error(403, "host or origin not allowed")
        if not is_json(request.scope, ("application/json",)):
            return _error(415, "expected content type application/json")
        body = await _read(request)
        if body is None:
            return _error(413, f"expected at most {MOST_BODY_BYTES} bytes")
        try:
            to, amount = _parse(body, faucet)
        except Malformed as error:
            return _error(400, str(error))
        try:
            paid = await faucet.pay(to, amount)
        except NodeError as error:
            return _error(429, str(error))
        return JSONResponse({"transaction": data(paid), "amount": in_open(amount)})

    return router


async def _read(request: Request) -> bytes | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            return None
    return body


def _parse(body: bytes, faucet: FaucetPort) -> tuple[Address, Wei]:
    try:
        fields = expect_object(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise Malformed(f"no JSON: {error.msg}") from error
    to = nested("address", parse_address, fields.get("address"))
    amount = fields.get("amount")
    return to, faucet.usual if amount is None else nested("amount", _wei, amount)


def _wei(value: object) -> Wei:
    """OPEN, as a decimal text or a JSON number, in wei."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Malformed(f"expected an amount of OPEN, got {json_kind(value)}")
    text = str(value)
    try:
        wei = Decimal(text if len(text) <= 64 else "NaN").scaleb(18)
    except ArithmeticError:
        wei = Decimal("NaN")
    if not wei.is_finite() or wei != wei.to_integral_value() or not 0 < wei < 2**256:
        raise Malformed("expected a positive amount of OPEN with at most 18 decimals")
    return Wei(int(wei))


def in_open(wei: int) -> str:
    """A decimal text without trailing zeros."""
    whole, rest = divmod(wei, WEI_PER_OPEN)
    return f"{whole}.{rest:018d}".rstrip("0").rstrip(".")


def _error(status: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, status_code=status)


def _page(faucet: FaucetPort) -> str:
    limits = f"At most {in_open(faucet.most)} OPEN at a time, every {faucet.cooldown:g} seconds for an account."
    return _PAGE.replace("{usual}", in_open(faucet.usual)).replace("{limits}", limits)


_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>OpenLedger devnet faucet</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem }
label { display: block; margin: 1rem 0 }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .4rem }
button { font: inherit; padding: .4rem 1rem }
output { display: block; margin-top: 1rem; overflow-wrap: anywhere }
</style>
<h1>Devnet faucet</h1>
<p>OPEN of this devnet, worth nothing elsewhere. {limits}</p>
<form>
<label>Account <input name="address" required pattern="0x[0-9a-fA-F]{40}" placeholder="0x…" autocomplete="off"></label>
<label>OPEN <input name="amount" required value="{usual}" inputmode="decimal"></label>
<button>Send</button>
<output></output>
</form>
<script>
const form = document.querySelector("form"), output = document.querySelector("output")
form.addEventListener("submit", async (event) => {
  event.preventDefault()
  output.textContent = "…"
  try {
    const body = JSON.stringify(Object.fromEntries(new FormData(form)))
    const answer = await fetch("/faucet", { method: "POST", headers: { "content-type": "application/json" }, body })
    const { transaction, amount, error } = await answer.json()
    output.textContent = error ?? `Sent ${amount} OPEN: ${transaction}`
  } catch (failure) {
    output.textContent = String(failure)
  }
})
</script>
"""
