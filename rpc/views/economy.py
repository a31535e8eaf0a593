"""Answers about the economy in the wallets' JSON: integers as quantities, bytes as data, structs as objects."""

from collections.abc import Mapping
from typing import Any

from rpc.views.hexadecimal import data, quantity


def economy_json(value: Any) -> Any:
    """`value` and all in it; a negative integer is `-0x1`, as geth writes big ones, text and booleans stay."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return quantity(value) if value >= 0 else "-" + quantity(-value)
        case bytes():
            return data(value)
        case Mapping():
            return {name: economy_json(entry) for name, entry in value.items()}
        case _:
            return [economy_json(entry) for entry in value]
