"""The opcodes that programs spend their time in, on a stack of integers; all others stay py-evm's own functions.

py-evm keeps whatever was pushed, integer or bytes, converts and checks at every step, and goes through four calls an
opcode. Here the stack holds integers only and an opcode is one function. Prices, results, the order of checks (gas
first, then stack) and the errors are py-evm's: tests/properties run random programs under both executors.
Source of prices and results: yellow paper appendix H, EIP-145, EIP-2929, EIP-3855.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from eth.exceptions import FullStack, InsufficientStack, InvalidJumpDestination, OutOfGas
from eth.vm.memory import Memory
from eth.vm.stack import Stack

from state.primitives.crypto import keccak256

Frame: TypeAlias = Any
"""A FastComputation. Untyped, because py-evm declares its parts by interfaces that hide what is read here."""
Opcode: TypeAlias = Callable[[Frame], None]

STACK_LIMIT: Final = 1_024
BASE, VERY_LOW, LOW, MID, HIGH = 2, 3, 5, 8, 10
JUMPDEST_GAS: Final = 1
WARM_SLOT_GAS: Final = 100
COLD_SLOT_GAS: Final = 2_100
KECCAK_GAS: Final = 30
KECCAK_WORD_GAS: Final = 6
_MASK: Final = 2**256 - 1
_from_bytes: Final = int.from_bytes


class IntegerStack(Stack):
    """py-evm's stack, holding integers only: bytes are converted when pushed, and back when asked for as bytes."""

    __slots__ = ()
    values: list[int]  # type: ignore[assignment] # py-evm's may hold bytes, too

    def push_int(self, value: int) -> None:
        """Raises FullStack."""
        if len(self.values) >= STACK_LIMIT:
            raise FullStack("Stack limit reached")
        self.values.append(value)

    def push_bytes(self, value: bytes) -> None:
        """At most 32 bytes, big-endian. Raises FullStack."""
        self.push_int(_from_bytes(value, "big"))

    def pop1_int(self) -> int:
        """Raises InsufficientStack."""
        try:
            return self.values.pop()
        except IndexError:
            raise InsufficientStack("stack is empty") from None

    def pop1_bytes(self) -> bytes:
        """Big-endian without leading zeros, as py-evm's own conversion; zero is one zero byte."""
        value = self.pop1_int()
        return value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")

    def pop_ints(self, num_items: int) -> tuple[int, ...]:
        """The topmost items, top first. Raises InsufficientStack."""
        values = self.values
        if num_items > len(values):
            raise InsufficientStack(f"wanted {num_items} stack items, only had {len(values)}")
        items = tuple(values[: -num_items - 1 : -1])
        del values[-num_items:]
        return items


class FastMemory(Memory):
    """py-evm's memory without its checks of what `extend_memory` has already paid for."""

    __slots__ = ()

    def write(self, start_position: int, size: int, value: bytes) -> None:
        """Nothing for size zero, wherever that starts."""
        if size:
            self._bytes[start_position : start_position + size] = value


def memory_price(words: int) -> int:
    """Gas of a memory of this many words."""
    return 3 * words + words * words // 512


def _charge(computation: Frame, gas: int, reason: str) -> list[int]:
    """The stack's list, `gas` consumed. Raises OutOfGas."""
    meter = computation._gas_meter
    remaining = meter.gas_remaining - gas
    if remaining < 0:
        raise OutOfGas(reason)
    meter.gas_remaining = remaining
    values: list[int] = computation._stack.values
    return values


def _unary(name: str, gas: int, compute: Callable[[int], int]) -> Opcode:
    def run(computation: Frame) -> None:
        values = _charge(computation, gas, name)
        try:
            values[-1] = compute(values[-1])
        except IndexError:
            raise InsufficientStack(name) from None

    return run


def _binary(name: str, gas: int, compute: Callable[[int, int], int]) -> Opcode:
    def run(computation: Frame) -> None:
        meter = computation._gas_meter
        remaining = meter.gas_remaining - gas
        if remaining < 0:
            raise OutOfGas(name)
        meter.gas_remaining = remaining
        values = computation._stack.values
        try:
            top = values.pop()
            values[-1] = compute(top, values[-1])
        except IndexError:
            raise InsufficientStack(name) from None

    return run


def _read(name: str, value: Callable[[Frame], int]) -> Opcode:
    def run(computation: Frame) -> None:
        values = _charge(computation, BASE, name)
        if len(values) >= STACK_LIMIT:
            raise FullStack(name)
        values.append(value(computation))

    return run


def _push(size: int) -> Opcode:
    gas = VERY_LOW if size else BASE

    def run(computation: Frame) -> None:
        meter = computation._gas_meter
        remaining = meter.gas_remaining - gas
        if remaining < 0:
            raise OutOfGas("PUSH")
        meter.gas_remaining = remaining
        code = computation.code
        start = code.program_counter
        code.program_counter = end = start + size
        values = computation._stack.values
        if len(values) >= STACK_LIMIT:
            raise FullStack("PUSH")
        values.append(_from_bytes(code._raw_code_bytes[start:end], "big"))

    return run


def _dup(position: int) -> Opcode:
    def run(computation: Frame) -> None:
        values = _charge(computation, VERY_LOW, "DUP")
        if len(values) >= STACK_LIMIT:
            raise FullStack("DUP")
        try:
            values.append(values[-position])
        except IndexError:
            raise InsufficientStack("DUP") from None

    return run


def _swap(position: int) -> Opcode:
    index = -position - 1

    def run(computation: Frame) -> None:
        values = _charge(computation, VERY_LOW, "SWAP")
        try:
            values[-1], values[index] = values[index], values[-1]
        except IndexError:
            raise InsufficientStack("SWAP") from None

    return run


def _pop(computation: Frame) -> None:
    values = _charge(computation, BASE, "POP")
    if not values:
        raise InsufficientStack("POP")
    values.pop()


def _jumpdest(computation: Frame) -> None:
    _charge(computation, JUMPDEST_GAS, "JUMPDEST")


def _go(computation: Frame, target: int) -> None:
    code = computation.code
    if target >= code._length_cache or not code.jump_targets[target]:
        raise InvalidJumpDestination("Invalid Jump Destination")
    code.program_counter = target


def _jump(computation: Frame) -> None:
    values = _charge(computation, MID, "JUMP")
    if not values:
        raise InsufficientStack("JUMP")
    _go(computation, values.pop())


def _jumpi(computation: Frame) -> None:
    values = _charge(computation, HIGH, "JUMPI")
    if len(values) < 2:
        raise InsufficientStack("JUMPI")
    target = values.pop()
    if values.pop():
        _go(computation, target)


def _mload(computation: Frame) -> None:
    values = _charge(computation, VERY_LOW, "MLOAD")
    if not values:
        raise InsufficientStack("MLOAD")
    start = values[-1]
    computation.extend_memory(start, 32)
    values[-1] = _from_bytes(computation._memory._bytes[start : start + 32], "big")


def _mstore(computation: Frame) -> None:
    values = _charge(computation, VERY_LOW, "MSTORE")
    if len(values) < 2:
        raise InsufficientStack("MSTORE")
    start, value = values.pop(), values.pop()
    computation.extend_memory(start, 32)
    computation._memory._bytes[start : start + 32] = value.to_bytes(32, "big")


def _calldataload(computation: Frame) -> None:
    values = _charge(computation, VERY_LOW, "CALLDATALOAD")
    if not values:
        raise InsufficientStack("CALLDATALOAD")
    start = values[-1]
    values[-1] = _from_bytes(bytes(computation.msg.data[start : start + 32]).ljust(32, b"\0"), "big")


def _sload(computation: Frame) -> None:
    values = computation._stack.values
    if not values:
        raise InsufficientStack("SLOAD")
    world, address, slot = computation.state.world, computation.msg.storage_address, values[-1]
    is_warm = world.is_storage_warm(address, slot)
    if not is_warm:
        world.mark_storage_warm(address, slot)
    _charge(computation, WARM_SLOT_GAS if is_warm else COLD_SLOT_GAS, "SLOAD")
    values[-1] = world.get_storage(address, slot)


def _keccak(computation: Frame) -> None:
    _charge(computation, KECCAK_GAS, "KECCAK256")
    start, size = computation.stack_pop_ints(2)
    computation.extend_memory(start, size)
    values = _charge(computation, KECCAK_WORD_GAS * ((size + 31) // 32), "KECCAK256")
    data = bytes(computation._memory._bytes[start : start + size])
    values.append(_from_bytes(keccak256(data), "big"))


def _byte(position: int, value: int) -> int:
    return value >> (248 - 8 * position) & 0xFF if position < 32 else 0


_TABLE: Final[dict[int, Opcode]] = {
    0x01: _binary("ADD", VERY_LOW, lambda a, b: (a + b) & _MASK),
    0x02: _binary("MUL", LOW, lambda a, b: a * b & _MASK),
    0x03: _binary("SUB", VERY_LOW, lambda a, b: (a - b) & _MASK),
    0x04: _binary("DIV", LOW, lambda a, b: a // b if b else 0),
    0x06: _binary("MOD", LOW, lambda a, b: a % b if b else 0),
    0x10: _binary("LT", VERY_LOW, lambda a, b: 1 if a < b else 0),
    0x11: _binary("GT", VERY_LOW, lambda a, b: 1 if a > b else 0),
    0x14: _binary("EQ", VERY_LOW, lambda a, b: 1 if a == b else 0),
    0x15: _unary("ISZERO", VERY_LOW, lambda a: 0 if a else 1),
    0x16: _binary("AND", VERY_LOW, lambda a, b: a & b),
    0x17: _binary("OR", VERY_LOW, lambda a, b: a | b),
    0x18: _binary("XOR", VERY_LOW, lambda a, b: a ^ b),
    0x19: _unary("NOT", VERY_LOW, lambda a: a ^ _MASK),
    0x1A: _binary("BYTE", VERY_LOW, _byte),
    0x1B: _binary("SHL", VERY_LOW, lambda a, b: b << a & _MASK if a < 256 else 0),
    0x1C: _binary("SHR", VERY_LOW, lambda a, b: b >> a if a < 256 else 0),
    0x20: _keccak,
    0x33: _read("CALLER", lambda c: _from_bytes(c.msg.sender, "big")),
    0x34: _read("CALLVALUE", lambda c: c.msg.value),
    0x35: _calldataload,
    0x36: _read("CALLDATASIZE", lambda c: len(c.msg.data)),
    0x3D: _read("RETURNDATASIZE", lambda c: len(c.return_data)),
    0x50: _pop,
    0x51: _mload,
    0x52: _mstore,
    0x54: _sload,
    0x56: _jump,
    0x57: _jumpi,
    0x5A: _read("GAS", lambda c: c._gas_meter.gas_remaining),
    0x5B: _jumpdest,
    **{0x5F + size: _push(size) for size in range(33)},
    **{0x7F + position: _dup(position) for position in range(1, 17)},
    **{0x8F + position: _swap(position) for position in range(1, 17)},
}


def fast_opcodes() -> dict[int, Any]:
    """The functions by opcode."""
    return dict(_TABLE)
