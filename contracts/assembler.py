"""A small EVM assembler for the contracts whose storage layout or gas must be exact to the byte.

One word per token, comments from `;` to the end of the line:

    name:            defines a jump target and emits JUMPDEST
    @name            pushes the target's offset, in as few bytes as it needs
    17, 0x11         pushes a number, minimal width (PUSH0 for zero)
    push4 0x11       pushes a number at a fixed width
    $transfer(address,uint256)   pushes the four-byte selector
    %Transfer(address,address,uint256)   pushes the event's topic
    sstore           any other word is an opcode of the Prague EVM
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.signatures import selector, topic

_ROWS = {
    0x00: "stop add mul sub div sdiv mod smod addmod mulmod exp signextend",
    0x10: "lt gt slt sgt eq iszero and or xor not byte shl shr sar",
    0x20: "keccak256",
    0x30: "address balance origin caller callvalue calldataload calldatasize calldatacopy codesize codecopy "
    "gasprice extcodesize extcodecopy returndatasize returndatacopy extcodehash",
    0x40: "blockhash coinbase timestamp number prevrandao gaslimit chainid selfbalance basefee blobhash blobbasefee",
    0x50: "pop mload mstore mstore8 sload sstore jump jumpi pc msize gas jumpdest tload tstore mcopy",
    0x80: " ".join(f"dup{i}" for i in range(1, 17)),
    0x90: " ".join(f"swap{i}" for i in range(1, 17)),
    0xA0: "log0 log1 log2 log3 log4",
    0xF0: "create call callcode return delegatecall create2",
}
OPCODES = {name: start + i for start, row in _ROWS.items() for i, name in enumerate(row.split())}
OPCODES |= {"staticcall": 0xFA, "revert": 0xFD, "invalid": 0xFE, "selfdestruct": 0xFF}

_PUSH0 = 0x5F
_MAX_CODE = 0x6000


@dataclass(frozen=True, slots=True)
class _Target:
    """`@name`: a push whose width is known only once all targets are placed."""

    label: str


@dataclass(frozen=True, slots=True)
class _Label:
    """`name:`."""

    name: str


_Item = bytes | _Target | _Label


def assemble(source: str) -> bytes:
    """The bytecode of `source`; ValueError names a word that it does not understand.

    Targets start one byte wide and only ever grow, so the placement reaches a fixed point.
    """
    items = _parse(source)
    widths = {item: 1 for item in items if isinstance(item, _Target)}
    while True:
        places = _place(items, widths)
        grown = {t: max(w, _width(_find(places, t.label))) for t, w in widths.items()}
        if grown == widths:
            break
        widths = grown
    code = b"".join(_emit(item, places, widths) for item in items)
    if len(code) > _MAX_CODE:
        raise ValueError(f"{len(code)} bytes of code, EIP-170 allows {_MAX_CODE}")
    return code


def push(value: int, width: int | None = None) -> bytes:
    """A PUSH of `value`, as narrow as it goes unless `width` (bytes) fixes it."""
    width = _width(value) if width is None else width
    if not 0 <= value < 1 << 8 * width and value:
        raise ValueError(f"{value:#x} does not fit {width} bytes")
    return bytes([_PUSH0 + width]) + value.to_bytes(width, "big")


def creation_code(runtime: bytes, argument_slots: Sequence[int] = ()) -> bytes:
    """Initcode that stores its one-word arguments in `argument_slots`, in order, and deploys `runtime` as it is.

    Arguments follow the initcode, ABI-encoded, as in every other contract creation.
    """
    stores = "".join(f" {32 * i} mload {slot:#x} sstore" for i, slot in enumerate(argument_slots))
    size = 32 * len(argument_slots)
    load = f"{size} dup1 codesize sub 0 codecopy{stores}" if argument_slots else ""
    # The runtime starts where this prologue ends; two-byte pushes keep its length independent of both.
    prologue = f"callvalue @fail jumpi {load} push2 {len(runtime)} dup1 push2 {{}} 0 codecopy 0 return fail: 0 0 revert"
    start = len(assemble(prologue.format(0)))
    return assemble(prologue.format(start)) + runtime


def _parse(source: str) -> list[_Item]:
    words = [w for line in source.splitlines() for w in line.split(";")[0].split()]
    items: list[_Item] = []
    stream = iter(words)
    for word in stream:
        if word.startswith("push") and word[4:].isdigit():
            items.append(push(int(next(stream), 0), int(word[4:])))
        else:
            items.append(_parse_word(word))
    return items


def _parse_word(word: str) -> _Item:
    if word.endswith(":"):
        return _Label(word[:-1])
    if word[0] == "@":
        return _Target(word[1:])
    if word[0] == "$":
        return push(int.from_bytes(selector(word[1:]), "big"), 4)
    if word[0] == "%":
        return push(int.from_bytes(topic(word[1:]), "big"), 32)
    if word[0].isdigit():
        return push(int(word, 0))
    if word not in OPCODES:
        raise ValueError(f"unknown word {word!r}")
    return bytes([OPCODES[word]])


def _width(value: int) -> int:
    return (value.bit_length() + 7) // 8


def _place(items: list[_Item], widths: dict[_Target, int]) -> dict[str, int]:
    places: dict[str, int] = {}
    offset = 0
    for item in items:
        if isinstance(item, _Label):
            if item.name in places:
                raise ValueError(f"label {item.name!r} is defined twice")
            places[item.name] = offset
            offset += 1
        elif isinstance(item, _Target):
            offset += 1 + widths[item]
        else:
            offset += len(item)
    return places


def _find(places: dict[str, int], label: str) -> int:
    if label not in places:
        raise ValueError(f"no label {label!r}")
    return places[label]


def _emit(item: _Item, places: dict[str, int], widths: dict[_Target, int]) -> bytes:
    if isinstance(item, _Label):
        return bytes([OPCODES["jumpdest"]])
    if isinstance(item, _Target):
        return push(places[item.label], widths[item])
    return item
