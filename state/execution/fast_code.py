"""Contract code as the fast VM reads it: STOPs behind its end, jump targets found once and kept."""

import re
from typing import Final

from eth.vm import opcode_values
from eth.vm.code_stream import CodeStream

CODE_CACHE_BYTES: Final = 8 << 20
_PADDING: Final = bytes(34)
"""A PUSH32 in the last place reads 32 bytes on; the next opcode is then a STOP."""
_JUMPDEST_FLAGS: Final = bytes(byte == opcode_values.JUMPDEST for byte in range(256))
_PUSH: Final = re.compile(b"[\x60-\x7f]")


def find_jump_targets(code: bytes) -> bytes:
    """One byte for each byte of `code`: 1 for a JUMPDEST that isn't data of a PUSH, else 0."""
    targets = bytearray(code.translate(_JUMPDEST_FLAGS))
    size, position = len(code), 0
    while (push := _PUSH.search(code, position)) is not None:
        start = push.start() + 1
        position = start + code[start - 1] - opcode_values.PUSH1 + 1
        stop = min(position, size)
        targets[start:stop] = bytes(stop - start)
    return bytes(targets)


class _CodeCache:
    """Padded code and jump targets by code, within a bound of bytes.

    Bytes objects remember their hash, and WorldState hands out one object a code hash, so a look-up hashes nothing.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, tuple[bytes, bytes]] = {}
        self._size = 0

    def get(self, code: bytes) -> tuple[bytes, bytes]:
        """(code with STOPs behind it, its jump targets)."""
        entry = self._entries.get(code)
        if entry is None:
            self._size += len(code)
            if self._size > CODE_CACHE_BYTES:
                self._entries.clear()
                self._size = len(code)
            entry = self._entries[code] = (code + _PADDING, find_jump_targets(code))
        return entry


_CODE_CACHE: Final = _CodeCache()


class FastCode(CodeStream):
    """Code with its jump targets known."""

    __slots__ = ("jump_targets",)

    def __init__(self, code: bytes) -> None:
        self.program_counter = 0
        self._raw_code_bytes, self.jump_targets = _CODE_CACHE.get(code)
        self._length_cache = len(code)

    def is_valid_opcode(self, position: int) -> bool:
        """Whether a jump may go there."""
        return position < self._length_cache and self.jump_targets[position] == 1
