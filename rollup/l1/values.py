"""Quantities and byte strings as Ethereum JSON-RPC spells them.

quantity   0x0, 0x1a      no leading zeros asked for, since endpoints differ
data       0x, 0x00ff     two digits a byte
"""

from collections.abc import Mapping
from typing import Any

from rollup.l1.errors import L1Inconsistent
from state.primitives.types import Address, Hash32

Json = Mapping[str, Any]

_MAX_QUANTITY_DIGITS = 64


def to_quantity(value: Any, what: str = "quantity") -> int:
    """A non-negative integer of at most 256 bits. Raises L1Inconsistent."""
    if isinstance(value, str) and value.startswith("0x") and 2 < len(value) <= _MAX_QUANTITY_DIGITS + 2:
        try:
            return int(value[2:], 16)
        except ValueError:
            pass
    raise L1Inconsistent(f"L1 answered a malformed {what}: got {_shown(value)}, expected a hexadecimal quantity")


def to_data(value: Any, what: str = "byte string", *, length: int | None = None) -> bytes:
    """A byte string, of exactly `length` bytes if that is given. Raises L1Inconsistent."""
    if isinstance(value, str) and value.startswith("0x"):
        try:
            data = bytes.fromhex(value[2:])
        except ValueError:
            data = None
        if data is not None and (length is None or len(data) == length):
            return data
    expected = "hexadecimal data" if length is None else f"{length} bytes in hexadecimal"
    raise L1Inconsistent(f"L1 answered a malformed {what}: got {_shown(value)}, expected {expected}")


def to_object(value: Any, what: str) -> Json:
    """A JSON object. Raises L1Inconsistent."""
    if not isinstance(value, Mapping):
        raise L1Inconsistent(f"L1 answered a malformed {what}: got {_shown(value)}, expected an object")
    return value


def to_array(value: Any, what: str) -> list[Any]:
    """A JSON array. Raises L1Inconsistent."""
    if not isinstance(value, list):
        raise L1Inconsistent(f"L1 answered a malformed {what}: got {_shown(value)}, expected an array")
    return value


def quantity(json: Json, key: str) -> int:
    """The quantity under `key`."""
    return to_quantity(json.get(key), key)


def data(json: Json, key: str, *, length: int | None = None) -> bytes:
    """The byte string under `key`."""
    return to_data(json.get(key), key, length=length)


def hash32(json: Json, key: str) -> Hash32:
    """The 32 bytes under `key`."""
    return Hash32(data(json, key, length=32))


def address(json: Json, key: str) -> Address:
    """The 20 bytes under `key`."""
    return Address(data(json, key, length=20))


def hex_quantity(value: int) -> str:
    """`value` as a JSON-RPC parameter."""
    return hex(value)


def hex_data(value: bytes) -> str:
    """`value` as a JSON-RPC parameter."""
    return "0x" + value.hex()


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
