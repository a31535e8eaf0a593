"""A call's message: a transaction that nobody signed."""

from collections.abc import Callable
from typing import TypeVar

from rpc.parameters.hexadecimal import parse_address, parse_data, parse_hash, parse_quantity, parse_uint64
from rpc.parameters.types import Malformed, ParameterType, define, expect_list, expect_object, nested
from state.primitives.types import Hash32, Nonce
from state.transactions import AccessListEntry, Authorization, CallRequest

__all__ = ["CallRequest", "parse_call"]

T = TypeVar("T")


def parse_call(value: object) -> CallRequest:
    """A call object; unknown members are ignored, as in geth."""
    fields = expect_object(value)

    def optional(name: str, parse: Callable[[object], T]) -> T | None:
        entry = fields.get(name)
        return None if entry is None else nested(name, parse, entry)

    gas_price = optional("gasPrice", parse_quantity)
    fee_cap = optional("maxFeePerGas", parse_quantity)
    tip = optional("maxPriorityFeePerGas", parse_quantity)
    if gas_price is not None and (fee_cap is not None or tip is not None):
        raise Malformed("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
    if fee_cap is not None and tip is not None and tip > fee_cap:
        raise Malformed("maxFeePerGas < maxPriorityFeePerGas")
    if fields.get("blobVersionedHashes") or fields.get("blobs"):
        raise Malformed("blob transactions are not supported")
    return CallRequest(
        sender=optional("from", parse_address),
        to=optional("to", parse_address),
        gas=optional("gas", parse_uint64),
        gas_price=gas_price,
        max_fee_per_gas=fee_cap,
        max_priority_fee_per_gas=tip,
        value=optional("value", parse_quantity) or 0,
        nonce=optional("nonce", parse_uint64),
        data=_input(optional("input", parse_data), optional("data", parse_data)),
        access_list=optional("accessList", parse_access_list) or (),
        authorizations=optional("authorizationList", parse_authorizations) or (),
        chain_id=optional("chainId", parse_quantity),
    )


def _input(first: bytes | None, second: bytes | None) -> bytes:
    if first is not None and second is not None and first != second:
        raise Malformed(
            'both "data" and "input" are set and not equal. Please use "input" to pass transaction call data'
        )
    return first or second or b""


def parse_access_list(value: object) -> tuple[AccessListEntry, ...]:
    """EIP-2930 entries."""
    return tuple(nested(f"[{index}]", _access_entry, entry) for index, entry in enumerate(expect_list(value)))


def _access_entry(value: object) -> AccessListEntry:
    fields = expect_object(value)
    keys = fields.get("storageKeys")
    return AccessListEntry(
        address=nested("address", parse_address, fields.get("address")),
        storage_keys=() if keys is None else nested("storageKeys", _hashes, keys),
    )


def _hashes(value: object) -> tuple[Hash32, ...]:
    return tuple(nested(f"[{index}]", parse_hash, entry) for index, entry in enumerate(expect_list(value)))


def parse_authorizations(value: object) -> tuple[Authorization, ...]:
    """EIP-7702 tuples."""
    return tuple(nested(f"[{index}]", _authorization, entry) for index, entry in enumerate(expect_list(value)))


def _authorization(value: object) -> Authorization:
    fields = expect_object(value)

    def number(name: str, bits: int) -> int:
        return int(nested(name, lambda entry: parse_quantity(entry, bits=bits), fields.get(name)))

    return Authorization(
        chain_id=number("chainId", 256),
        address=nested("address", parse_address, fields.get("address")),
        nonce=Nonce(number("nonce", 64)),
        y_parity=number("yParity", 8),
        r=number("r", 256),
        s=number("s", 256),
    )


define(CallRequest, ParameterType(label="call", parse=parse_call, schema={"type": "object"}))
