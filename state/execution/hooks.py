"""What a tracer is told while a transaction runs, and in which order; nothing here knows of py-evm.

    begin ▶ (enter ▶ (touch | step | log | enter … exit)* ▶ exit)? ▶ end

The outermost frame has no `enter` where nothing ran: a deposit that failed before the EVM began. A step is told once
its cost is known: when the opcode is done, or before the frame that it opens is entered; it shows everything as it was
before the opcode, as geth tells it. A touch comes before the opcode has changed anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from state.execution.port import TransactionOutcome
from state.primitives.types import Address
from state.transactions import Authorization
from state.world.journal import WorldState


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedMessage:
    """The transaction or call that begins."""

    sender: Address
    to: Address | None
    created_address: Address | None
    """Where a creation puts its contract."""
    value: int
    data: bytes
    gas_limit: int
    authorizations: tuple[Authorization, ...]
    fee_recipient: Address
    is_precompile: Callable[[bytes], bool]
    first_log_index: int
    """How many logs the block has before."""


@dataclass(slots=True, kw_only=True)
class Step:
    """One opcode, as it found things."""

    pc: int
    opcode: int
    gas: int
    cost: int
    """With the gas that a call hands on, without what a creation does: as in geth."""
    depth: int
    """1 for the outermost frame."""
    address: Address
    """Whose storage it works on."""
    stack: list[int]
    """Top last."""
    memory: bytes
    """Empty unless the hooks want it."""
    return_data: bytes
    refund: int
    """Of the whole transaction; for SSTORE its own included."""
    error: str | None
    """Only of what keeps an opcode from running: gas, the stack's size, a static frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameEntry:
    """A frame that begins: a call, a creation, or a SELFDESTRUCT, which looks like one."""

    kind: str
    """The opcode's name; CALL or CREATE for the outermost."""
    depth: int
    """0 for the outermost frame."""
    sender: Address
    to: Address
    """The code's address for CALLCODE and DELEGATECALL, the new contract's for creations."""
    input: bytes
    gas: int
    value: int | None
    """None for STATICCALL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameExit:
    """How the frame ended that began last and is still open."""

    output: bytes
    gas_used: int
    error: str | None
    """geth's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmittedLog:
    """A log when it is written; its frame may yet fail."""

    address: Address
    topics: tuple[int, ...]
    data: bytes
    index: int
    """In the block, over all its transactions."""


class TraceHooks(Protocol):
    """A tracer. What it raises ends the execution and reaches whoever started it."""

    @property
    def opcodes(self) -> frozenset[int]:
        """Those that `step` wants to hear of."""

    @property
    def wants_memory(self) -> bool:
        """Whether steps carry the memory."""

    @property
    def touches(self) -> frozenset[int]:
        """Those that `touch` wants to hear of."""

    def begin(self, message: TracedMessage, world: WorldState) -> None:
        """Before anything is bought or minted; `world` may be read until `end` returns."""

    def touch(self, opcode: int, address: Address, stack: list[int]) -> None:
        """An opcode of `touches` is about to run for `address`, with what it needs on the stack, top last."""

    def step(self, step: Step) -> None:
        """An opcode of `opcodes`."""

    def enter(self, entry: FrameEntry) -> None:
        """A frame begins."""

    def exit(self, result: FrameExit) -> None:
        """It ends."""

    def log(self, log: EmittedLog) -> None:
        """A log is written."""

    def end(self, outcome: TransactionOutcome) -> None:
        """After fees and refunds."""

    def tick(self) -> None:
        """Every thousand opcodes and each frame: the time to raise, should it be up."""
