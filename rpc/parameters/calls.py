"""A call's message, and what eth_call may pretend about the state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NewType, TypeVar

from rpc.parameters.hexadecimal import parse_address, parse_data, parse_hash, parse_quantity, parse_uint64
from rpc.parameters.types import Malformed, ParameterType, define, expect_list, expect_object, nested
from state.execution.port import AccountOverride
from state.primitives.types import Address, Hash32, Nonce
from state.transactions import AccessListEntry, Authorization

T = TypeVar("T")

MAX_OVERRIDDEN_ACCOUNTS: Final = 1_000
MAX_OVERRIDDEN_SLOTS: Final = 10_000
"""Of one account."""

StateOverrides = NewType("StateOverrides", dict[Address, AccountOverride])
NO_OVERRIDES: Final = StateOverrides({})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """A transaction that nobody signed, as wallets write it; None where a field was left out."""

    sender: Address | None
    to: Address | None
    gas: int | None
    gas_price: int | None
    max_fee_per_gas: int | None
    max_priority_fee_per_gas: int | None
    value: int
    nonce: int | None
    data: bytes
    access_list: tuple[AccessListEntry, ...]
    authorizations: tuple[Authorization, ...]
    chain_id: int | None


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


def parse_overrides(value: object) -> StateOverrides:
    """`{address: {balance, nonce, code, state, stateDiff}}`."""
    entries = expect_object(value)
    if len(entries) > MAX_OVERRIDDEN_ACCOUNTS:
        raise Malformed(f"too many accounts: got {len(entries)}, expected at most {MAX_OVERRIDDEN_ACCOUNTS}")
    overrides = {}
    for key, entry in entries.items():
        address: Address = nested("address", parse_address, key)
        overrides[address] = nested(f"0x{address.hex()}", _override, entry)
    return StateOverrides(overrides)


def _override(value: object) -> AccountOverride:
    fields = expect_object(value)
    if fields.get("state") is not None and fields.get("stateDiff") is not None:
        raise Malformed("has both 'state' and 'stateDiff'")
    if fields.get("movePrecompileToAddress") is not None:
        raise Malformed("movePrecompileToAddress is not supported")

    def optional(name: str, parse: Callable[[object], T]) -> T | None:
        entry = fields.get(name)
        return None if entry is None else nested(name, parse, entry)

    return AccountOverride(
        nonce=optional("nonce", parse_uint64),
        balance=optional("balance", parse_quantity),
        code=optional("code", parse_data),
        state=optional("state", _slots),
        state_diff=optional("stateDiff", _slots) or {},
    )


def _slots(value: object) -> dict[int, int]:
    entries = expect_object(value)
    if len(entries) > MAX_OVERRIDDEN_SLOTS:
        raise Malformed(f"too many slots: got {len(entries)}, expected at most {MAX_OVERRIDDEN_SLOTS}")
    return {
        int.from_bytes(nested("slot", parse_hash, key), "big"): int.from_bytes(
            nested(key[:66], parse_hash, entry), "big"
        )
        for key, entry in entries.items()
    }


define(CallRequest, ParameterType(label="call", parse=parse_call, schema={"type": "object"}))
define(StateOverrides, ParameterType(label="state overrides", parse=parse_overrides, schema={"type": "object"}))
