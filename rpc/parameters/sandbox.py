"""Parameters of the sandbox's methods. Their numbers come as JSON numbers, decimal texts or hexadecimal ones, padded or
not, because the tools that send them never agreed.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from rpc.parameters.types import Malformed, ParameterType, expect_object, json_kind

JsonObject = dict[str, Any]

_HEXADECIMAL: Final = re.compile(r"0[xX][0-9a-fA-F]{1,64}", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,78}", re.ASCII)


def _parse_number(value: object) -> int:
    if isinstance(value, str) and _HEXADECIMAL.fullmatch(value):
        return int(value, 16)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed(f"expected a number of at most 256 bits, got {json_kind(value)}")
    if not 0 <= value < 2**256:
        raise Malformed("number out of range: expected 256 bits without sign")
    return value


def _number_of(bits: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        number = _parse_number(value)
        if number >> bits:
            raise Malformed(f"number > {bits} bits")
        return number

    return parse


def _parse_word(value: object) -> int:
    """A storage word: up to 32 bytes in hexadecimal, or a number."""
    return _parse_number("0x0" if value == "0x" else value)


def _parse_mine(value: object) -> JsonObject:
    """evm_mine's one parameter: a timestamp, or `{timestamp, blocks}`."""
    if not isinstance(value, dict):
        return {"timestamp": _number_of(64)(value), "blocks": 1}
    timestamp, blocks = value.get("timestamp"), value.get("blocks")
    return {
        "timestamp": None if timestamp is None else _number_of(64)(timestamp),
        "blocks": 1 if blocks is None else _number_of(64)(blocks),
    }


def _parse_interval(value: object) -> float:
    if isinstance(value, float) and 0 <= value < 2**32:
        return value
    return float(_number_of(32)(value))


_NUMBER_SCHEMA: Final = {"type": ["string", "integer"]}


def _kind(label: str, parse: Callable[[object], Any], schema: dict[str, Any] = _NUMBER_SCHEMA) -> ParameterType:
    return ParameterType(label=label, parse=parse, schema=schema)


Number = Annotated[int, _kind("number", _parse_number)]
Number64 = Annotated[int, _kind("number", _number_of(64))]
Word = Annotated[int, _kind("word", _parse_word)]
Seconds = Annotated[float, _kind("seconds", _parse_interval, {"type": ["string", "number"]})]
MineOptions = Annotated[
    JsonObject,
    _kind("timestamp or {timestamp, blocks}", _parse_mine, {"type": ["string", "integer", "object"]}),
]
ResetOptions = Annotated[dict[str, object], _kind("options", expect_object, {"type": "object"})]
