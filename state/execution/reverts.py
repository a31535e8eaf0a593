"""What a contract reverted with, in words: Solidity's `Error(string)` and `Panic(uint256)`, as geth decodes them."""

from typing import Final

_ERROR_SELECTOR: Final = bytes.fromhex("08c379a0")
_PANIC_SELECTOR: Final = bytes.fromhex("4e487b71")
_PANICS: Final = {
    0x00: "generic panic",
    0x01: "assert(false)",
    0x11: "arithmetic underflow or overflow",
    0x12: "division or modulo by zero",
    0x21: "enum overflow",
    0x22: "invalid encoded storage byte array accessed",
    0x31: "out-of-bounds array access; popping on an empty array",
    0x32: "out-of-bounds access of an array or bytesN",
    0x41: "out of memory",
    0x51: "uninitialized function",
}


def revert_reason(data: bytes) -> str | None:
    """The text of Solidity's `Error(string)` or `Panic(uint256)` in revert data; None for anything else."""
    if data[:4] == _PANIC_SELECTOR and len(data) == 36:
        code = int.from_bytes(data[4:], "big")
        return _PANICS.get(code, f"unknown panic code: {code:#x}")
    if data[:4] != _ERROR_SELECTOR or len(data) < 68 or int.from_bytes(data[4:36], "big") != 32:
        return None
    length = int.from_bytes(data[36:68], "big")
    if length > len(data) - 68:
        return None
    try:
        return data[68 : 68 + length].decode()
    except UnicodeDecodeError:
        return None
