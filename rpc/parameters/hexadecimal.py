"""Numbers and bytes in JSON: `0x` and hexadecimal digits, in geth's strict forms.

Quantity     a number: no leading zeros, `0x0` is zero
Data         bytes: an even number of digits
"""

import re
from dataclasses import dataclass
from typing import Final, NewType

from rpc.parameters.types import Malformed, ParameterType, define, expect_string, json_kind
from state.primitives.types import Address, Hash32

Quantity = NewType("Quantity", int)
"""An unsigned integer of at most 256 bits."""
Uint64 = NewType("Uint64", int)
"""An unsigned integer of at most 64 bits."""
Data = NewType("Data", bytes)
"""Bytes of any length that the body limit lets through."""
Count = NewType("Count", int)
"""An unsigned integer, hexadecimal, decimal, or a plain JSON number."""
SubscriptionId = NewType("SubscriptionId", str)
"""What eth_subscribe or eth_newFilter answered."""

_DIGITS: Final = re.compile(r"[0-9a-fA-F]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageKey:
    """A storage slot; wallets send it as a number or padded to 32 bytes."""

    slot: int
    is_padded: bool
    """It came as 32 bytes, and a proof names it so."""


def _digits(value: object) -> str:
    text = expect_string(value)
    if not text:
        raise Malformed("empty hex string")
    if text[:2] not in ("0x", "0X"):
        raise Malformed("hex string without 0x prefix")
    if not _DIGITS.fullmatch(text, 2):
        raise Malformed("invalid hex string")
    return text[2:]


def parse_quantity(value: object, *, bits: int = 256) -> int:
    """The number that a quantity says, below 2^bits."""
    digits = _digits(value)
    if not digits:
        raise Malformed('hex string "0x"')
    if len(digits) > 1 and digits[0] == "0":
        raise Malformed("hex number with leading zero digits")
    if len(digits) > bits // 4:
        raise Malformed(f"hex number > {bits} bits")
    return int(digits, 16)


def parse_uint64(value: object) -> int:
    """A quantity below 2^64."""
    return parse_quantity(value, bits=64)


def parse_data(value: object) -> bytes:
    """The bytes that hexadecimal digits say."""
    digits = _digits(value)
    if len(digits) % 2:
        raise Malformed("hex string of odd length")
    return bytes.fromhex(digits)


def _fixed(value: object, length: int, name: str) -> bytes:
    digits = _digits(value)
    if len(digits) != 2 * length:
        raise Malformed(f"hex string has length {len(digits)}, want {2 * length} for {name}")
    return bytes.fromhex(digits)


def parse_address(value: object) -> Address:
    """20 bytes, in any letter case."""
    return Address(_fixed(value, 20, "address"))


def parse_hash(value: object) -> Hash32:
    """32 bytes."""
    return Hash32(_fixed(value, 32, "hash"))


def parse_storage_key(value: object) -> StorageKey:
    """A slot in up to 64 digits, padded or not; the prefix may be missing, as in geth."""
    text = expect_string(value)
    digits = text[2:] if text[:2] in ("0x", "0X") else text
    if len(digits) > 64:
        raise Malformed("storage key too long (want at most 32 bytes)")
    if not _DIGITS.fullmatch(digits):
        raise Malformed("invalid hex string")
    return StorageKey(slot=int(digits or "0", 16), is_padded=len(digits) == 64)


def parse_count(value: object) -> int:
    """A number below 2^64 in any of the forms that fee tools send."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Malformed(f"expected a number, got {json_kind(value)}")
    if isinstance(value, str):
        if value[:2] in ("0x", "0X"):
            return parse_uint64(value)
        if not re.fullmatch(r"[0-9]{1,20}", value, re.ASCII):
            raise Malformed("invalid number")
        value = int(value)
    if not 0 <= value < 2**64:
        raise Malformed("number out of range")
    return value


def parse_percentile(value: object) -> float:
    """A finite JSON number; the method checks its range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"expected a number, got {json_kind(value)}")
    return float(value)


def _parse_subscription_id(value: object) -> str:
    text = expect_string(value)
    if len(text) > 66:
        raise Malformed("identifier too long")
    return text


QUANTITY_SCHEMA: Final = {"type": "string", "pattern": "^0x(0|[1-9a-f][0-9a-f]*)$"}
DATA_SCHEMA: Final = {"type": "string", "pattern": "^0x([0-9a-f]{2})*$"}


def schema_of_bytes(length: int) -> dict[str, str]:
    """The JSON schema of that many bytes."""
    return {"type": "string", "pattern": f"^0x[0-9a-fA-F]{{{2 * length}}}$"}


define(Quantity, ParameterType(label="quantity", parse=parse_quantity, schema=QUANTITY_SCHEMA))
define(Uint64, ParameterType(label="quantity", parse=parse_uint64, schema=QUANTITY_SCHEMA))
define(Data, ParameterType(label="data", parse=parse_data, schema=DATA_SCHEMA))
define(Address, ParameterType(label="address", parse=parse_address, schema=schema_of_bytes(20)))
define(Hash32, ParameterType(label="hash", parse=parse_hash, schema=schema_of_bytes(32)))
define(StorageKey, ParameterType(label="storage key", parse=parse_storage_key, schema={"type": "string"}))
define(Count, ParameterType(label="count", parse=parse_count, schema={"type": ["string", "integer"]}))
define(float, ParameterType(label="number", parse=parse_percentile, schema={"type": "number"}))
define(
    SubscriptionId,
    ParameterType(label="identifier", parse=_parse_subscription_id, schema={"type": "string", "maxLength": 66}),
)
