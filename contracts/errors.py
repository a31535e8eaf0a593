"""Errors of the contract toolchain. `contracts` imports nothing of ours, so they stand outside `NodeError`.

    ContractsError
    ├── CompileFailed        a source does not compile (operator's or our fault)
    ├── ArtifactMissing      contracts/build lacks a contract: run `python -m contracts.compile`
    ├── BytecodeMismatch     a compile result differs from contracts/lock.json
    └── GenesisInconsistent  a genesis allocation does not add up

`node` turns each of them into a refusal to start: none can heal by waiting.
"""

from __future__ import annotations


class ContractsError(Exception):
    """Anything that the contract toolchain expects to go wrong; never temporary."""


class CompileFailed(ContractsError):
    """One or more sources do not compile; the message lists each with the compiler's words."""


class ArtifactMissing(ContractsError):
    """The build folder has no result for a contract, or one that cannot be read."""


class BytecodeMismatch(ContractsError):
    """A compile result differs from the hash in lock.json, so genesis would differ from everybody else's."""

    def __init__(self, *, name: str, part: str, got: str, expected: str) -> None:
        """Keep `got` and `expected` hashes of `part` ("creation" or "runtime") for the message."""
        super().__init__(f"{name}: {part} bytecode is {got}, lock.json expects {expected}")
        self.name = name
        self.part = part
        self.got = got
        self.expected = expected


class GenesisInconsistent(ContractsError):
    """A genesis allocation breaks an invariant, such as the exact total supply."""
