"""eth and personal: the accounts that a devnet signs for. A node without keys has `eth_accounts` only."""

from typing import Annotated, Any, Final

import orjson

from rpc.context import Context
from rpc.devnet_ports import AccountsPort
from rpc.errors import InvalidParams, MethodNotFound
from rpc.namespaces.filling import fill_transaction
from rpc.parameters import CallRequest, Data, Malformed, ParameterType
from rpc.parameters.types import expect_object, json_kind
from rpc.registry import MethodGroup
from rpc.values import JsonObject
from rpc.views.hexadecimal import data
from rpc.views.transactions import pooled_transaction
from state.primitives.types import Address, Hash32
from state.transactions import with_known_sender

ACCOUNTS: Final = MethodGroup("Unlocked accounts (devnets only)")


def _parse_typed_data(value: object) -> dict[str, object]:
    """EIP-712's object, or its text as MetaMask sends it."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise Malformed(f"typed data is no JSON: {error.msg}") from error
    if isinstance(value, list):
        raise Malformed("expected EIP-712 typed data, got an array (its first version is not supported)")
    fields = expect_object(value)
    for name in ("types", "primaryType", "domain", "message"):
        if name not in fields:
            raise Malformed(f"typed data lacks {name!r}, got {json_kind(value)}")
    return fields


TypedData = Annotated[
    dict[str, Any],
    ParameterType(label="typed data", parse=_parse_typed_data, schema={"type": ["object", "string"]}),
]


def accounts_of(context: Context) -> AccountsPort:
    """The keys of this node. Raises MethodNotFound where it holds none."""
    if context.ports.accounts is None:
        raise MethodNotFound("this node holds no keys: sign yourself, and send with eth_sendRawTransaction")
    return context.ports.accounts


def _sender(request: CallRequest) -> Address:
    if request.sender is None:
        raise InvalidParams("missing value for required argument 0: transaction: from")
    return request.sender


@ACCOUNTS.method("eth_sendTransaction")
async def send_transaction(context: Context, transaction: CallRequest) -> str:
    """The hash of a transaction that this node fills, signs and sends for one of its accounts."""
    accounts, sender = accounts_of(context), _sender(transaction)

    async def sign_and_submit() -> Hash32:
        unsigned = await fill_transaction(context, transaction, sender)
        return await context.ports.pool.submit(accounts.sign_transaction(sender, unsigned))

    return data(await accounts.in_turn(sender, sign_and_submit))


@ACCOUNTS.method("eth_signTransaction")
async def sign_transaction(context: Context, transaction: CallRequest) -> JsonObject:
    """A filled and signed transaction that is not sent: its bytes (`raw`) and its fields (`tx`)."""
    accounts, sender = accounts_of(context), _sender(transaction)
    unsigned = await fill_transaction(context, transaction, sender)
    signed = with_known_sender(accounts.sign_transaction(sender, unsigned), sender)
    places = ("blockHash", "blockNumber", "blockTimestamp", "transactionIndex", "from")
    return {"raw": data(signed.raw), "tx": {k: v for k, v in pooled_transaction(signed).items() if k not in places}}


@ACCOUNTS.method("eth_sign")
def sign(context: Context, address: Address, message: Data) -> str:
    """One of this node's accounts' signature (r, s, v) over a message with EIP-191's prefix."""
    return data(accounts_of(context).sign_message(address, message))


@ACCOUNTS.method("personal_sign")
def personal_sign(context: Context, message: Data, address: Address, password: str | None = None) -> str:
    """What eth_sign gives, its parameters the other way round; no account has a password."""
    del password
    return data(accounts_of(context).sign_message(address, message))


def _sign_typed_data(context: Context, address: Address, typed_data: TypedData) -> str:
    """One of this node's accounts' signature (r, s, v) over typed data (EIP-712)."""
    return data(accounts_of(context).sign_typed_data(address, typed_data))


for _name in ("eth_signTypedData", "eth_signTypedData_v3", "eth_signTypedData_v4"):
    ACCOUNTS.method(_name)(_sign_typed_data)
