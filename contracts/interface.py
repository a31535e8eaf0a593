"""Calls, results and events of one contract by name, through its exported ABI: bytes in, named values out.

    datanets = interface("Datanets")
    datanets.encode_call("datanet", 7) -> calldata
    datanets.decode_result("datanet", output) -> a mapping; one value where the function returns one that is no struct
    datanets.topic("Contributed") -> the event's first topic
    datanets.decode_event("Contributed", topics, data) -> a mapping of its arguments
    embedded_bytes(calldata, needle, 0) -> byte strings in it that begin with `needle`, however deep
    bytes_argument(calldata, 2) -> the third argument, of a function that takes `bytes` there

Addresses come out as 0x-prefixed lower-case text, structs and several results as mappings by their ABI names. Pure: no
connection and no web3.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from contracts.addresses import OP_PREDEPLOYS, OPEN_PREDEPLOYS
from contracts.artifacts import ABI
from contracts.signatures import AbiEntry, canonical_signature, selector, topic

MAX_EMBEDDED: Final = 256


class InterfaceError(ValueError):
    """Bytes that are no result, event or calldata of this contract."""


class Interface:
    """One contract's ABI, by names. No name of ours is overloaded."""

    def __init__(self, name: str, entries: Sequence[AbiEntry]) -> None:
        self.name = name
        self._functions = {entry["name"]: entry for entry in entries if entry["type"] == "function"}
        self._events = {entry["name"]: entry for entry in entries if entry["type"] == "event"}

    @property
    def address(self) -> bytes:
        """Where the predeploy of this name lies; KeyError for a contract that is none."""
        return (OPEN_PREDEPLOYS | OP_PREDEPLOYS)[self.name]

    def selector(self, function: str) -> bytes:
        """The four bytes that a call of `function` begins with."""
        return selector(self._functions[function])

    def topic(self, event: str) -> bytes:
        """The first topic of `event`."""
        return topic(self._events[event])

    def encode_call(self, function: str, *arguments: Any) -> bytes:
        """Calldata; KeyError for an unknown function."""
        entry = self._functions[function]
        return selector(entry) + encode([_type(parameter) for parameter in entry["inputs"]], arguments)

    def decode_result(self, function: str, output: bytes) -> Any:
        """What a call returned: the value, or a mapping where there are several or a struct. Raises InterfaceError."""
        outputs = self._functions[function]["outputs"]
        values = _decode(self.name, function, outputs, output)
        if len(outputs) == 1:
            return _named(outputs[0], values[0])
        return [_named(parameter, value) for parameter, value in zip(outputs, values, strict=True)]

    def decode_event(self, event: str, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """An event's arguments by name. Raises InterfaceError for a log of something else."""
        inputs = self._events[event]["inputs"]
        indexed = [parameter for parameter in inputs if parameter["indexed"]]
        if len(topics) != len(indexed) + 1 or bytes(topics[0]) != self.topic(event):
            raise InterfaceError(f"log is no {self.name}.{event}")
        plain = [parameter for parameter in inputs if not parameter["indexed"]]
        found = dict(zip((p["name"] for p in plain), _decode(self.name, event, plain, data), strict=True))
        for parameter, word in zip(indexed, topics[1:], strict=True):
            found[parameter["name"]] = _decode(self.name, event, [parameter], word)[0]
        return {parameter["name"]: _named(parameter, found[parameter["name"]]) for parameter in inputs}


@cache
def interface(name: str) -> Interface:
    """The interface of an exported contract; FileNotFoundError when nothing of that name is exported."""
    return Interface(name, json.loads((ABI / f"{name}.json").read_text(encoding="utf-8")))


def bytes_argument(calldata: bytes, position: int) -> bytes:
    """The `bytes` that is argument `position` (0 is the first) of a call. Raises InterfaceError outside the calldata.

    Follows the argument's offset as the callee does, whatever stands in between: how the other arguments are encoded
    doesn't matter.
    """
    arguments = memoryview(calldata)[4:]
    offset = _word(arguments, 32 * position)
    length = _word(arguments, offset)
    start = offset + 32
    if start + length > len(arguments):
        raise InterfaceError(f"argument {position}: {length} bytes at {start}, calldata has {len(arguments)}")
    return bytes(arguments[start : start + length])


def embedded_bytes(calldata: bytes, needle: bytes, offset: int) -> Iterator[bytes]:
    """Every ABI byte string in `calldata`, at any depth of calls in calls, that has `needle` at `offset`: candidates,
    at most MAX_EMBEDDED of them, for a caller who knows the hash of the right one."""
    position = -1
    for _ in range(MAX_EMBEDDED):
        position = calldata.find(needle, position + 1)
        if position < 0:
            return
        start = position - offset
        if start < 32:
            continue
        length = int.from_bytes(calldata[start - 32 : start], "big")
        if offset + len(needle) <= length <= len(calldata) - start:
            yield calldata[start : start + length]


def _word(arguments: memoryview, at: int) -> int:
    if at + 32 > len(arguments):
        raise InterfaceError(f"word at {at} is outside of the {len(arguments)} bytes of calldata")
    return int.from_bytes(arguments[at : at + 32], "big")


def _type(parameter: AbiEntry) -> str:
    return canonical_signature({"name": "", "inputs": [parameter]})[1:-1]


def _decode(contract: str, what: str, parameters: Sequence[AbiEntry], data: bytes) -> Sequence[Any]:
    try:
        values: Sequence[Any] = decode([_type(parameter) for parameter in parameters], data)
    except DecodingError as error:
        raise InterfaceError(f"{contract}.{what}: {len(data)} bytes can't be decoded: {error}") from error
    return values


def _named(parameter: Mapping[str, Any], value: Any) -> Any:
    """Structs as mappings, at any depth."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return list(value) if isinstance(value, tuple) else value
    if kind != "tuple":
        inner = {**parameter, "type": kind[: kind.rindex("[")]}
        return [_named(inner, entry) for entry in value]
    return {part["name"]: _named(part, entry) for part, entry in zip(parameter["components"], value, strict=True)}
