"""The JSON schema of what a method answers, read off its handler's return annotation.

A plain annotation says the kind of JSON (`str`, `list[str]`, `JsonObject | None`); the aliases here say more about a
string. Schemas are for the OpenRPC document only: answers are not checked against them at run time.
"""

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin

from rpc.parameters.hexadecimal import DATA_SCHEMA, QUANTITY_SCHEMA, schema_of_bytes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResultSchema:
    """More than the annotated type says, for `Annotated[T, ResultSchema(...)]`."""

    schema: dict[str, Any]


QuantityText: TypeAlias = Annotated[str, ResultSchema(schema=QUANTITY_SCHEMA)]
"""A number as shortest hexadecimal."""
DataText: TypeAlias = Annotated[str, ResultSchema(schema=DATA_SCHEMA)]
"""Bytes as hexadecimal."""
HashText: TypeAlias = Annotated[str, ResultSchema(schema=schema_of_bytes(32))]
"""32 bytes as hexadecimal."""
AddressText: TypeAlias = Annotated[str, ResultSchema(schema=schema_of_bytes(20))]
"""20 bytes as hexadecimal."""

_KINDS: Final[dict[object, dict[str, Any]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    dict: {"type": "object"},
    list: {"type": "array"},
    NoneType: {"type": "null"},
    None: {"type": "null"},
}


def result_schema(annotation: Any) -> dict[str, Any]:
    """The JSON schema of a return annotation; for `Any`, and what is no JSON by name, one that allows all."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(arguments)
    if origin in (Union, UnionType):
        return {"anyOf": [result_schema(argument) for argument in arguments]}
    if origin is list:
        return {"type": "array", "items": result_schema(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": result_schema(arguments[1])}
    return _KINDS.get(annotation, {})


def _annotated(arguments: tuple[Any, ...]) -> dict[str, Any]:
    for extra in arguments[1:]:
        if isinstance(extra, ResultSchema):
            return extra.schema
    return result_schema(arguments[0])
