"""geth's prestateTracer: the accounts and slots that a transaction needs, as they were before it; with diffMode those
that it changed, before and after (eth/tracers/native/prestate.go)."""

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from state.execution.hooks import FrameEntry, TracedMessage
from state.execution.opcode_names import (
    BALANCE,
    CALLS,
    EXTCODECOPY,
    EXTCODEHASH,
    EXTCODESIZE,
    SELFDESTRUCT,
    SLOAD,
    SSTORE,
)
from state.execution.port import TransactionOutcome
from state.execution.validation import is_delegation
from state.primitives.crypto import InvalidSignature, keccak256
from state.primitives.types import Address
from state.tracing.budget import Budget
from state.tracing.config import TraceConfig
from state.tracing.tracer import Tracer
from state.transactions.signing import recover_authority
from state.world.journal import WorldState

ACCOUNT_BYTES: Final = 200
SLOT_BYTES: Final = 140
_LOOKED_AT: Final = frozenset((EXTCODECOPY, EXTCODEHASH, EXTCODESIZE, BALANCE, SELFDESTRUCT))


@dataclass(slots=True, kw_only=True)
class _Before:
    """An account when it was first touched, which is as it was before the transaction."""

    balance: int
    nonce: int
    code: bytes
    slots: dict[int, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.balance or self.nonce or self.code)


class PrestateTracer(Tracer):
    """Remembers what was there when it is first touched."""

    touches = _LOOKED_AT | CALLS | {SLOAD, SSTORE}

    def __init__(self, budget: Budget, config: TraceConfig) -> None:
        super().__init__(budget)
        self._config = config
        self._before: dict[Address, _Before] = {}
        self._created: set[Address] = set()
        self._deleted: set[Address] = set()

    def begin(self, message: TracedMessage, world: WorldState) -> None:
        """Sender, recipient, fee recipient, delegates and authorities."""
        self._world = world
        target = message.to or message.created_address
        if target is not None:
            self._add_account(target)
            self._add_delegate(target)
        if message.created_address is not None:
            self._created.add(message.created_address)
        self._add_account(message.sender)
        self._add_account(message.fee_recipient)
        for authorization in message.authorizations:
            try:
                self._add_account(recover_authority(authorization))
            except InvalidSignature:
                continue

    def touch(self, opcode: int, address: Address, stack: list[int]) -> None:
        """What an opcode is about to read or write."""
        if opcode in (SLOAD, SSTORE):
            self._add_slot(address, stack[-1])
        elif opcode in _LOOKED_AT:
            self._add_account(_address(stack[-1]))
            if opcode == SELFDESTRUCT and address in self._created:
                self._deleted.add(address)
        else:
            called = _address(stack[-2])
            self._add_account(called)
            self._add_delegate(called)

    def enter(self, entry: FrameEntry) -> None:
        """A creation's frame knows the contract's address."""
        if entry.kind.startswith("CREATE"):
            self._add_account(entry.to)
            self._created.add(entry.to)

    def _add_account(self, address: Address) -> None:
        if address in self._before:
            return
        world = self._world
        before = _Before(
            balance=world.get_balance(address), nonce=world.get_nonce(address), code=world.get_code(address)
        )
        self._before[address] = before
        self._budget.spend(ACCOUNT_BYTES + (0 if self._config.disable_code else 2 * len(before.code)))

    def _add_delegate(self, address: Address) -> None:
        """Where an account's code is a delegation (EIP-7702), what runs is another account's."""
        code = self._world.get_code(address)
        if is_delegation(code):
            self._add_account(Address(code[3:]))

    def _add_slot(self, address: Address, slot: int) -> None:
        account = self._before[address]
        if not self._config.disable_storage and slot not in account.slots:
            account.slots[slot] = self._world.get_storage(address, slot)
            self._budget.spend(SLOT_BYTES)

    # --- the answer ------------------------------------------------------------------------------------------

    def end(self, outcome: TransactionOutcome) -> None:
        """What was there, and in diff mode what is there now; `world` is read for the last time."""
        if self._config.diff_mode:
            self._result = self._differences()
            return
        self._result = {
            _hex(address): self._account_json(account, account.slots)
            for address, account in self._before.items()
            if self._config.include_empty or not account.is_empty
        }

    def result(self) -> bytes:
        """`{address: account}`, or `{post, pre}` in diff mode."""
        return orjson.dumps(self._result)

    def _account_json(self, account: _Before, slots: dict[int, int]) -> dict[str, Any]:
        shown: dict[str, Any] = {"balance": hex(account.balance)}
        if account.code:
            shown["codeHash"] = _hex(keccak256(account.code))
            if not self._config.disable_code:
                shown["code"] = _hex(account.code)
        if account.nonce:
            shown["nonce"] = account.nonce
        if slots:
            shown["storage"] = {_word(slot): _word(value) for slot, value in slots.items()}
        return shown

    def _differences(self) -> dict[str, Any]:
        """An account that didn't exist is only in `post`, one that destroyed itself only in `pre`."""
        pre: dict[str, Any] = {}
        post: dict[str, Any] = {}
        for address, before in self._before.items():
            slots = self._changed_slots(address, before)
            after = self._changed_fields(address, before)
            if written := {slot: value for slot, value in slots.items() if value}:
                after["storage"] = {_word(slot): _word(value) for slot, value in written.items()}
            if address in self._deleted:
                pre[_hex(address)] = self._account_json(before, before.slots)
            elif after or slots:
                post[_hex(address)] = after
                overwritten = {slot: before.slots[slot] for slot in slots if before.slots[slot]}
                pre[_hex(address)] = self._account_json(before, overwritten)
            if before.is_empty:
                pre.pop(_hex(address), None)
        return {"post": post, "pre": pre}

    def _changed_slots(self, address: Address, before: _Before) -> dict[int, int]:
        """The new values; 0 for a slot that was cleared."""
        now = {slot: self._world.get_storage(address, slot) for slot in before.slots}
        return {slot: value for slot, value in now.items() if value != before.slots[slot]}

    def _changed_fields(self, address: Address, before: _Before) -> dict[str, Any]:
        world = self._world
        balance, nonce, code = world.get_balance(address), world.get_nonce(address), world.get_code(address)
        after: dict[str, Any] = {}
        if balance != before.balance:
            after["balance"] = hex(balance)
        if nonce != before.nonce:
            after["nonce"] = nonce
        if code != before.code:
            after["codeHash"] = _hex(keccak256(code))
            if not self._config.disable_code:
                after["code"] = _hex(code)
        return after


def _address(word: int) -> Address:
    return Address((word & (1 << 160) - 1).to_bytes(20, "big"))


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _word(value: int) -> str:
    return f"0x{value:064x}"
