"""What the compiler driver needs of a contract that no compiler made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contracts.assembler import assemble, creation_code


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembledContract:
    """Code, ABI and storage layout of one assembled contract."""

    runtime: bytes
    """Code as it lies on the chain."""
    creation: bytes
    """Initcode without arguments."""
    declarations: Sequence[str]
    """ABI in human-readable form, see contracts.signatures."""
    layout: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Storage variable → (type, slot), in Vyper's spelling."""


def assembled(
    source: str,
    *,
    declarations: Sequence[str],
    layout: Mapping[str, tuple[str, int]] | None = None,
    argument_slots: Sequence[int] = (),
) -> AssembledContract:
    """The contract of an assembler source; constructor arguments go to `argument_slots`, one word each."""
    runtime = assemble(source)
    return AssembledContract(
        runtime=runtime,
        creation=creation_code(runtime, argument_slots),
        declarations=declarations,
        layout=layout or {},
    )
