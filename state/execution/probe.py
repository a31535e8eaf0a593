"""What follows a traced transaction through its frames: sees every opcode, prices it as geth does, tells the hooks.

An opcode that the hooks want to hear of, or that begins a frame, is looked at before it runs and told once its cost is
known: when it is done, when it fails, or when the frame that it opens begins. What py-evm doesn't turn into a frame and
geth does (a call without funds, too deep, a collision, SELFDESTRUCT) is told as one here.
Sources: geth's interpreter loop and its tracing hooks; EIP-150, 2929, 3529, 6780, 7702.
"""

# As in fast_vm.py: py-evm types every argument by its abstract interfaces.
# mypy: disable-error-code="override,assignment,arg-type,attr-defined,misc"

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from eth.exceptions import FullStack, Halt, InsufficientStack, OutOfGas, VMError, WriteProtection
from eth.vm.message import Message

from state.execution.fast_frame import contract_address
from state.execution.fast_opcodes import COLD_SLOT_GAS, KECCAK_WORD_GAS, STACK_LIMIT, WARM_SLOT_GAS, memory_price
from state.execution.fast_vm import FastComputation, FastGasMeter
from state.execution.hooks import EmittedLog, FrameEntry, FrameExit, Step, TraceHooks
from state.execution.opcode_names import (
    CALL,
    CALLCODE,
    CALLS,
    CREATE,
    CREATIONS,
    FIXED_GAS,
    FRAME_OPCODES,
    GIVES,
    NAMES,
    SELFDESTRUCT,
    SLOAD,
    SSTORE,
    STATICCALL,
    TAKES,
)
from state.execution.vm_errors import geth_text
from state.primitives.crypto import keccak256
from state.primitives.types import Address
from state.world.journal import WorldState

OPCODES_PER_TICK: Final = 1_024
_KECCAK256: Final = 0x20
_CHECKED_FIRST: Final = InsufficientStack | FullStack | WriteProtection
"""What geth checks before it prices an opcode, and shows as the step's error; other failures are the frame's alone."""
_CALL_DEPTH: Final = 1_024
_PRICED_GAS: Final = memory_price(2**32 - 1)
"""The most that any operands cost: geth doesn't price memory beyond 2^32 words, and shows the fixed gas."""


class TracedGasMeter(FastGasMeter):
    """A meter that remembers what one watched opcode was charged, paid or not."""

    def __init__(self, start_gas: int) -> None:
        super().__init__(start_gas)
        self.charges: list[tuple[int, str]] | None = None
        self.returned = 0
        self.is_refused = False

    def consume_gas(self, amount: int, reason: str) -> None:
        """Raises OutOfGas, whose text names the reason."""
        if self.charges is not None:
            self.charges.append((amount, reason))
            self.is_refused = amount > self.gas_remaining
        super().consume_gas(amount, reason)

    def return_gas(self, amount: int) -> None:
        """Gas that a child frame didn't use."""
        self.returned = amount
        super().return_gas(amount)


@dataclass(slots=True, kw_only=True)
class _OpenFrame:
    """A frame that runs."""

    refund_before: int
    """The transaction's refunds when it began."""
    logs_before: int
    children_refund: int = 0
    step: Step | None = None
    """The watched opcode that runs."""
    is_told: bool = False
    has_entered: bool = False
    """Whether that opcode has begun a frame."""
    was_warm: bool = False
    """Whether the slot was that it reads, if it is SLOAD."""
    meter: TracedGasMeter | None = None


@dataclass(slots=True)
class Probe:
    """Follows one transaction through its frames and tells the hooks."""

    hooks: TraceHooks
    world: WorldState
    logs: int
    """In the block so far."""
    _frames: list[_OpenFrame] = field(default_factory=list)
    _watched: bytes = b""

    def __post_init__(self) -> None:
        watched = self.hooks.opcodes | self.hooks.touches | FRAME_OPCODES
        self._watched = bytes(value in watched for value in range(256))

    # --- frames ----------------------------------------------------------------------------------------------

    def enter(self, message: Message, *, is_outermost: bool) -> None:
        """A frame begins; the step that opened it is told first."""
        self.hooks.tick()
        refund = message.refund
        kind, to, value = "CREATE" if message.is_create else "CALL", message.to, message.value
        if not is_outermost:
            parent = self._frames[-1]
            step = parent.step
            assert step is not None  # noqa: S101 - only watched opcodes open frames
            self._tell(parent)
            parent.has_entered = True
            kind, refund = NAMES[step.opcode], self._refund(parent)
            if step.opcode in CALLS:
                to = _address(step.stack[-2])
            value = None if step.opcode == STATICCALL else value
        if message.is_create:
            to = message.storage_address
        self._frames.append(_OpenFrame(refund_before=refund, logs_before=self.logs))
        self.hooks.enter(
            FrameEntry(
                kind=kind,
                depth=message.depth,
                sender=Address(bytes(message.sender)) if is_outermost else self._sender(),
                to=Address(bytes(to)),
                input=bytes(message.code if message.is_create else message.data),
                gas=message.gas,
                value=value,
            )
        )

    def _sender(self) -> Address:
        """The account that makes the newest frame; for DELEGATECALL py-evm's own notion is one frame further out."""
        step = self._frames[-2].step
        assert step is not None  # noqa: S101 - only watched opcodes open frames
        return step.address

    def exit(self, computation: FastComputation) -> None:
        """The newest frame is over."""
        frame = self._frames.pop()
        error: VMError | None = computation._error
        if error is not None:
            self.logs = frame.logs_before
        elif self._frames:
            self._frames[-1].children_refund += computation._gas_meter.gas_refunded + frame.children_refund
        self.hooks.exit(
            FrameExit(
                output=bytes(computation.output),
                gas_used=computation.msg.gas - computation.get_gas_remaining(),
                error=None if error is None else geth_text(error),
            )
        )

    def log(self, address: bytes, topics: tuple[int, ...], data: bytes) -> None:
        """A log is written."""
        self.hooks.log(EmittedLog(address=Address(bytes(address)), topics=topics, data=bytes(data), index=self.logs))
        self.logs += 1

    # --- opcodes ---------------------------------------------------------------------------------------------

    def run(self, computation: FastComputation, table: tuple[Callable[..., None], ...]) -> None:
        """The frame's code from its first opcode to its last. Raises VMError."""
        code, values = computation.code, computation._stack.values
        opcodes, watched = code._raw_code_bytes, self._watched
        frame, count = self._frames[-1], 0
        frame.meter = computation._gas_meter
        try:
            while True:
                position = code.program_counter
                opcode = opcodes[position]
                code.program_counter = position + 1
                count += 1
                if not count % OPCODES_PER_TICK:
                    self.hooks.tick()
                if watched[opcode]:
                    self._watch(frame, computation, position, opcode, table[opcode])
                    continue
                if len(values) < TAKES[opcode]:
                    raise _underflow(values, opcode)
                table[opcode](computation)
        except Halt:
            pass

    def _watch(
        self, frame: _OpenFrame, computation: FastComputation, position: int, opcode: int, run: Callable[..., None]
    ) -> None:
        meter, world, address = frame.meter, self.world, Address(bytes(computation.msg.storage_address))
        assert meter is not None  # noqa: S101 - set when the frame began to run
        values = computation._stack.values
        step = frame.step = Step(
            pc=position,
            opcode=opcode,
            gas=meter.gas_remaining,
            cost=FIXED_GAS[opcode],
            depth=computation.msg.depth + 1,
            address=address,
            stack=values[:],
            memory=bytes(computation._memory._bytes) if self.hooks.wants_memory else b"",
            return_data=computation.return_data,
            refund=0,
            error=None,
        )
        frame.is_told = frame.has_entered = meter.is_refused = False
        meter.charges, meter.returned = [], 0
        balance = world.get_balance(address) if opcode == SELFDESTRUCT else 0
        if opcode == SLOAD and values:
            frame.was_warm = world.is_storage_warm(address, values[-1])
        try:
            if len(values) < TAKES[opcode]:
                raise _underflow(values, opcode)
            if len(values) + GIVES[opcode] - TAKES[opcode] > STACK_LIMIT:
                raise FullStack("Stack limit reached")
            if opcode in self.hooks.touches:
                self.hooks.touch(opcode, address, step.stack)
            run(computation)
        except Halt:
            self._tell(frame)
            if opcode == SELFDESTRUCT:
                self._selfdestructed(step, balance)
            raise
        except VMError as error:
            self._tell(frame, error)
            raise
        self._tell(frame)
        if opcode in FRAME_OPCODES and not frame.has_entered:
            self._stillborn(step, meter, computation)

    def _refund(self, frame: _OpenFrame) -> int:
        own = 0 if frame.meter is None else frame.meter.gas_refunded
        return frame.refund_before + own + frame.children_refund

    def _tell(self, frame: _OpenFrame, error: VMError | None = None) -> None:
        """The running step, once."""
        step, meter = frame.step, frame.meter
        if frame.is_told or step is None or meter is None:
            return
        frame.is_told = True
        if step.opcode in self.hooks.opcodes:
            step.refund = self._refund(frame)
            if isinstance(error, OutOfGas | _CHECKED_FIRST):
                step.error = geth_text(error)
            if not isinstance(error, _CHECKED_FIRST):
                cost = self._cost(frame, step, meter, is_unpaid=isinstance(error, OutOfGas))
                step.cost = cost if cost <= _PRICED_GAS else FIXED_GAS[step.opcode]
            self.hooks.step(step)

    def _cost(self, frame: _OpenFrame, step: Step, meter: TracedGasMeter, *, is_unpaid: bool) -> int:
        charges = meter.charges or []
        if is_unpaid and step.gas < FIXED_GAS[step.opcode]:
            return FIXED_GAS[step.opcode]
        if step.opcode in CALLS:
            return sum(amount for amount, _ in charges)
        if step.opcode in CREATIONS:
            return sum(amount for amount, _ in charges) - _handed_on(step, charges)
        paid = step.gas - meter.gas_remaining
        if not is_unpaid:
            return paid
        return paid + (self._refused(step, charges[-1][0]) if meter.is_refused else _unpaid(step, frame.was_warm))

    def _refused(self, step: Step, amount: int) -> int:
        """What an opcode asked for in vain; SSTORE would have asked for the slot's access behind it."""
        if step.opcode == SSTORE and not self.world.is_storage_warm(step.address, step.stack[-1]):
            return amount + COLD_SLOT_GAS
        return amount

    def _selfdestructed(self, step: Step, balance: int) -> None:
        self._told_whole(
            FrameEntry(
                kind=NAMES[SELFDESTRUCT],
                depth=step.depth,
                sender=step.address,
                to=_address(step.stack[-1]),
                input=b"",
                gas=0,
                value=balance,
            ),
            FrameExit(output=b"", gas_used=0, error=None),
        )

    def _stillborn(self, step: Step, meter: TracedGasMeter, computation: FastComputation) -> None:
        """A frame that could not begin: too deep, no funds, or where a contract is already."""
        stack, charges = step.stack, meter.charges or []
        if step.opcode in CREATIONS:
            used, value, start, size = _handed_on(step, charges), stack[-1], stack[-2], stack[-3]
            gas = used or meter.gas_remaining - meter.gas_remaining // 64
        else:
            has_value = step.opcode in (CALL, CALLCODE)
            value = stack[-3] if has_value else computation.msg.value
            start, size = (stack[-4], stack[-5]) if has_value else (stack[-3], stack[-4])
            used, gas = 0, meter.returned
        data = bytes(computation._memory._bytes[start : start + size])
        error = "max call depth exceeded" if step.depth > _CALL_DEPTH else "insufficient balance for transfer"
        self._told_whole(
            FrameEntry(
                kind=NAMES[step.opcode],
                depth=step.depth,
                sender=step.address,
                to=self._unborn(step, data, has_moved=bool(used)) if step.opcode in CREATIONS else _address(stack[-2]),
                input=data,
                gas=gas,
                value=None if step.opcode == STATICCALL else value,
            ),
            FrameExit(output=b"", gas_used=used, error="contract address collision" if used else error),
        )

    def _unborn(self, step: Step, init_code: bytes, *, has_moved: bool) -> Address:
        """Where a creation would have put its contract; `has_moved`: the creator's nonce has, before it failed."""
        if step.opcode == CREATE:
            return contract_address(step.address, self.world.get_nonce(step.address) - has_moved)
        salt = step.stack[-4].to_bytes(32, "big")  # EIP-1014
        return Address(keccak256(b"\xff" + step.address + salt + keccak256(init_code))[12:])

    def _told_whole(self, entry: FrameEntry, result: FrameExit) -> None:
        self.hooks.enter(entry)
        self.hooks.exit(result)


def _unpaid(step: Step, was_warm: bool) -> int:
    """What an opcode of fast_opcodes.py asked for in vain: those charge without telling the meter."""
    if step.opcode == SLOAD:
        return WARM_SLOT_GAS if was_warm else COLD_SLOT_GAS
    if step.opcode == _KECCAK256 and step.gas >= FIXED_GAS[_KECCAK256]:
        return KECCAK_WORD_GAS * ((step.stack[-2] + 31) // 32)
    return FIXED_GAS[step.opcode]


def _underflow(values: list[int], opcode: int) -> InsufficientStack:
    return InsufficientStack(f"stack underflow ({len(values)} <=> {TAKES[opcode]})")


def _address(word: int) -> Address:
    return Address((word & (1 << 160) - 1).to_bytes(20, "big"))


def _handed_on(step: Step, charges: list[tuple[int, str]]) -> int:
    """The gas that a creation gives its frame: the second charge in the opcode's own name."""
    own = [amount for amount, reason in charges if reason == NAMES[step.opcode]]
    return own[1] if len(own) > 1 else 0
