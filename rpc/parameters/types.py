"""How an annotation on a method becomes a parser and a JSON schema.

A parameter's annotation is looked up here: one of the types that this package defines, a `list[...]` of one, one of
these `| None`, or `Annotated[T, ParameterType(...)]` for a namespace with types of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin

Parse: TypeAlias = Callable[[object], Any]

MAX_LIST: Final = 10_000
"""Items of any list parameter."""


class Malformed(ValueError):
    """A JSON value that isn't what the parameter asks for; becomes -32602 with the parameter's name."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParameterType:
    """One kind of parameter."""

    label: str
    """How the reference calls it."""
    parse: Parse
    """The typed value of decoded JSON. Raises Malformed."""
    schema: dict[str, Any]
    """JSON schema of what is accepted."""


_KNOWN: dict[object, ParameterType] = {}


def define(annotation: object, kind: ParameterType) -> None:
    """Makes `annotation` usable on methods."""
    if annotation in _KNOWN:
        raise TypeError(f"parameter type is defined twice: {annotation}")
    _KNOWN[annotation] = kind


def parameter_type(annotation: Any) -> ParameterType:
    """The parser and schema for an annotation. Raises TypeError for one that nothing is defined for."""
    if annotation in _KNOWN:
        return _KNOWN[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        kinds = [extra for extra in arguments[1:] if isinstance(extra, ParameterType)]
        return kinds[0] if kinds else parameter_type(arguments[0])
    if origin in (Union, UnionType) and NoneType in arguments:
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return parameter_type(inner)
    if origin is list:
        return _list_of(parameter_type(arguments[0]))
    raise TypeError(f"no JSON-RPC parameter type is defined for {annotation!r}")


def _list_of(item: ParameterType) -> ParameterType:
    def parse(value: object) -> list[Any]:
        return [nested(f"[{index}]", item.parse, entry) for index, entry in enumerate(expect_list(value))]

    return ParameterType(label=f"{item.label}[]", parse=parse, schema={"type": "array", "items": item.schema})


def nested(name: str, parse: Parse, value: object) -> Any:
    """`parse(value)`, with `name` put before the text of what goes wrong."""
    try:
        return parse(value)
    except Malformed as error:
        separator = "" if str(error).startswith("[") else ": "
        raise Malformed(f"{name}{separator}{error}") from error


def json_kind(value: object) -> str:
    """What JSON calls the kind of `value`; never the value itself, which may be huge."""
    kinds: dict[type, str] = {
        dict: "object",
        list: "array",
        str: "string",
        bool: "bool",
        int: "number",
        float: "number",
    }
    return kinds.get(type(value), "null")


def expect_string(value: object) -> str:
    """`value` if it is a string."""
    if not isinstance(value, str):
        raise Malformed(f"expected a string, got {json_kind(value)}")
    return value


def expect_list(value: object, limit: int = MAX_LIST) -> list[object]:
    """`value` if it is an array of at most `limit` items."""
    if not isinstance(value, list):
        raise Malformed(f"expected an array, got {json_kind(value)}")
    if len(value) > limit:
        raise Malformed(f"too many items: got {len(value)}, expected at most {limit}")
    return value


def expect_object(value: object) -> dict[str, object]:
    """`value` if it is an object."""
    if not isinstance(value, dict):
        raise Malformed(f"expected an object, got {json_kind(value)}")
    return value


def parse_bool(value: object) -> bool:
    """`value` if it is a boolean."""
    if not isinstance(value, bool):
        raise Malformed(f"expected a bool, got {json_kind(value)}")
    return value


define(bool, ParameterType(label="boolean", parse=parse_bool, schema={"type": "boolean"}))
define(str, ParameterType(label="string", parse=expect_string, schema={"type": "string"}))
