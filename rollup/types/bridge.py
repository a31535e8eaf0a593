"""What crosses the bridge towards L1."""

from dataclasses import dataclass

from state.primitives.types import Address, Gas, Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A message that left L2 through L2ToL1MessagePasser. Source: specs/protocol/withdrawals.md."""

    nonce: int
    """version << 240 | counter."""
    sender: Address
    """Who called the message passer; never aliased."""
    target: Address
    """Who is called on L1."""
    value: Wei
    gas_limit: Gas
    """For the call on L1."""
    data: bytes
