"""What a field of a message may hold, written as its annotation: `Annotated[int, unsigned(64)]`.

Types are compared exactly: a msgpack boolean is no integer here.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, TypeAlias, get_type_hints

Check: TypeAlias = Callable[[Any], bool]


def unsigned(bits: int) -> Check:
    """An integer of so many bits."""
    return lambda value: type(value) is int and 0 <= value < 1 << bits


def sized(size: int) -> Check:
    """Exactly so many bytes."""
    return lambda value: type(value) is bytes and len(value) == size


def at_most(most: int) -> Check:
    """No more bytes than these."""
    return lambda value: type(value) is bytes and len(value) <= most


def string(most: int) -> Check:
    """No more characters than these."""
    return lambda value: type(value) is str and len(value) <= most


def member(of: type[IntEnum]) -> Check:
    """One of an enumeration's values."""
    members = frozenset(map(int, of))
    return lambda value: type(value) is int and value in members


def between(least: int, most: int) -> Check:
    """An integer, both ends included."""
    return lambda value: type(value) is int and least <= value <= most


def members(most: int, check: Check) -> Check:
    """An array of no more members than these, each of which passes `check`."""
    return lambda value: type(value) is tuple and len(value) <= most and all(map(check, value))


@dataclass(frozen=True, slots=True)
class Limited:
    """A field's name, and whether a value is inside its limits."""

    name: str
    check: Check


def limits_of(kind: type[Any]) -> tuple[Limited, ...]:
    """Of each field of a message's dataclass, in the order of the bytes."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(Limited(field.name, hints[field.name].__metadata__[0]) for field in fields(kind))
