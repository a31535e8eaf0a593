"""What went wrong inside the EVM, in geth's words: `TransactionOutcome.error` of both executors."""

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

_CODE_SIZE: Final = "Contract code size exceeds EIP170"

_TEXTS: Final[dict[type[VMError], str]] = {
    Revert: "execution reverted",
    OutOfGas: "out of gas",
    InvalidJumpDestination: "invalid jump destination",
    InvalidInstruction: "invalid opcode",
    InsufficientStack: "stack underflow",
    FullStack: "stack limit reached 1024 (1023)",
    WriteProtection: "write protection",
    OutOfBoundsRead: "return data out of bounds",
    ReservedBytesInCode: "invalid code: must not begin with 0xef",
    ContractCreationCollision: "contract address collision",
    InsufficientFunds: "insufficient balance for transfer",
    StackDepthLimit: "max call depth exceeded",
}


def failure_text(error: VMError) -> str:
    """geth's text for what py-evm raised. py-evm has no error of its own for code that is too large."""
    if isinstance(error, OutOfGas) and str(error).startswith(_CODE_SIZE):
        return "max code size exceeded"
    for kind in type(error).__mro__:
        if kind in _TEXTS:
            return _TEXTS[kind]
    return "precompiled contract failed"
