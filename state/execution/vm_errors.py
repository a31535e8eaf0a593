"""py-evm's exceptions in geth's words, for both executors: `TransactionOutcome.error`.

py-evm uses one class for several of geth's errors; where only its text tells them apart, that text is matched here and
nowhere else.
"""

import re
from typing import Final

from eth.exceptions import (
    ContractCreationCollision,
    FullStack,
    InsufficientFunds,
    InsufficientStack,
    InvalidInstruction,
    InvalidJumpDestination,
    OutOfBoundsRead,
    OutOfGas,
    ReservedBytesInCode,
    Revert,
    StackDepthLimit,
    VMError,
    WriteProtection,
)

EXECUTION_REVERTED: Final = "execution reverted"

_TEXTS: Final[tuple[tuple[type[VMError], str], ...]] = (
    (Revert, EXECUTION_REVERTED),
    (OutOfGas, "out of gas"),
    (InsufficientStack, "stack underflow"),
    (FullStack, "stack limit reached 1024 (1023)"),
    (InvalidJumpDestination, "invalid jump destination"),
    (WriteProtection, "write protection"),
    (OutOfBoundsRead, "return data out of bounds"),
    (ReservedBytesInCode, "invalid code: must not begin with 0xef"),
    (ContractCreationCollision, "contract address collision"),
    (StackDepthLimit, "max call depth exceeded"),
    (InsufficientFunds, "insufficient balance for transfer"),
)
_OPCODE: Final = re.compile(r"Invalid opcode 0x([0-9a-f]+)")


def geth_text(error: VMError) -> str:
    """What geth calls the failure that py-evm raised as `error`."""
    text = str(error)
    if isinstance(error, OutOfGas) and "EIP170" in text:
        return "max code size exceeded"
    if isinstance(error, OutOfGas) and "Write contract code" in text:
        return "contract creation code storage out of gas"
    if isinstance(error, InsufficientStack) and "<=>" in text:
        return text
    if isinstance(error, InvalidInstruction):
        return _invalid_instruction(text)
    for kind, words in _TEXTS:
        if isinstance(error, kind):
            return words
    return "precompiled contract failed"


def _invalid_instruction(text: str) -> str:
    found = _OPCODE.search(text)
    if found is None:
        return "invalid jump destination"
    opcode = int(found[1], 16)
    return "invalid opcode: INVALID" if opcode == 0xFE else f"invalid opcode: opcode {opcode:#x} not defined"
