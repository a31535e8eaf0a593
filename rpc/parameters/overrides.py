"""What a call may pretend: accounts otherwise than they are, and a block otherwise than it was."""

from collections.abc import Callable
from typing import Any, Final, NewType, TypeVar

from rpc.parameters.hexadecimal import parse_address, parse_data, parse_hash, parse_quantity, parse_uint64
from rpc.parameters.types import Malformed, ParameterType, define, expect_object, nested
from state.execution.port import AccountOverride, BlockOverrides
from state.primitives.types import Address

__all__ = ["NO_OVERRIDES", "BlockOverrides", "StateOverrides"]

T = TypeVar("T")

MAX_OVERRIDDEN_ACCOUNTS: Final = 1_000
MAX_OVERRIDDEN_SLOTS: Final = 10_000
"""Of one account."""

StateOverrides = NewType("StateOverrides", dict[Address, AccountOverride])
NO_OVERRIDES: Final = StateOverrides({})

_BLOCK_FIELDS: Final[dict[str, tuple[str, Callable[[object], Any]]]] = {
    "number": ("number", parse_uint64),
    "time": ("timestamp", parse_uint64),
    "gasLimit": ("gas_limit", parse_uint64),
    "feeRecipient": ("fee_recipient", parse_address),
    "coinbase": ("fee_recipient", parse_address),
    "prevRandao": ("prev_randao", parse_hash),
    "random": ("prev_randao", parse_hash),
    "baseFeePerGas": ("base_fee_per_gas", parse_quantity),
    "baseFee": ("base_fee_per_gas", parse_quantity),
    "blobBaseFee": ("blob_base_fee", parse_quantity),
    "beaconRoot": ("parent_beacon_block_root", parse_hash),
}
"""JSON member -> field. `coinbase`, `random` and `baseFee` are what geth called them before eth_simulateV1."""


def parse_overrides(value: object) -> StateOverrides:
    """`{address: {balance, nonce, code, state, stateDiff, movePrecompileToAddress}}`."""
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

    def optional(name: str, parse: Callable[[object], T]) -> T | None:
        entry = fields.get(name)
        return None if entry is None else nested(name, parse, entry)

    return AccountOverride(
        nonce=optional("nonce", parse_uint64),
        balance=optional("balance", parse_quantity),
        code=optional("code", parse_data),
        state=optional("state", _slots),
        state_diff=optional("stateDiff", _slots) or {},
        move_precompile_to=optional("movePrecompileToAddress", parse_address),
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


def parse_block_overrides(value: object) -> BlockOverrides:
    """`{number, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas, blobBaseFee}`; unknown members are ignored."""
    given = expect_object(value)
    if given.get("withdrawals"):
        raise Malformed('block override "withdrawals" is not supported for this RPC method')
    fields: dict[str, Any] = {}
    for name, (field, parse) in _BLOCK_FIELDS.items():
        if given.get(name) is not None:
            fields[field] = nested(name, parse, given[name])
    return BlockOverrides(**fields)


define(StateOverrides, ParameterType(label="state overrides", parse=parse_overrides, schema={"type": "object"}))
define(BlockOverrides, ParameterType(label="block overrides", parse=parse_block_overrides, schema={"type": "object"}))
