"""eth_createAccessList: what a message reads of other accounts, as an EIP-2930 list that it could carry.

An access list changes what the message pays and may change where it goes, so it runs again with each list until one
gives itself. The list only grows, from the one that the client sent. Source: EIP-2930; geth's AccessList.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from state.execution.fast_frame import contract_address
from state.execution.hooks import EmittedLog, FrameEntry, FrameExit, Step, TracedMessage
from state.execution.port import BlockEnv, CallMessage, ChainRules, TransactionOutcome
from state.execution.precompiles import ETHEREUM_PRECOMPILES, OPTIMISM_PRECOMPILES
from state.execution.traced import TraceableBlock
from state.primitives.crypto import InvalidSignature
from state.primitives.types import UINT64_MAX, Address, Gas, Hash32, Wei
from state.transactions import AccessListEntry
from state.transactions.signing import recover_authority
from state.world.journal import WorldState
from state.world.types import StateReader

_SLOTS: Final = frozenset({0x54, 0x55})
"""SLOAD, SSTORE: the slot is on top."""
_ACCOUNTS: Final = frozenset({0x31, 0x3B, 0x3C, 0x3F, 0xFF})
"""BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH, SELFDESTRUCT: the address is on top."""
_CALLS: Final = frozenset({0xF1, 0xF2, 0xF4, 0xFA})
"""CALL, CALLCODE, DELEGATECALL, STATICCALL: the address is second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessListResult:
    """The list and what the message did with it."""

    access_list: tuple[AccessListEntry, ...]
    gas_used: Gas
    error: str | None
    """geth's words, where the message failed; the list is then what it had touched until then."""


def create_access_list(state: StateReader, env: BlockEnv, rules: ChainRules, message: CallMessage) -> AccessListResult:
    """The list that `message` needs. Sender, recipient, precompiles and authorities are in it only for their slots.

    Raises InvalidTransaction where the message can't even start.
    """
    if not message.gas_price:
        env = replace(env, base_fee_per_gas=Wei(0))
    touched = _Touched(_excluded(state, env, rules, message), message.access_list)
    while True:
        entries = touched.entries()
        attempt = replace(message, access_list=entries)
        outcome = TraceableBlock(state, env, rules).trace_call(attempt, touched)
        if touched.entries() == entries:
            return AccessListResult(access_list=entries, gas_used=outcome.gas_used, error=outcome.error)


def _excluded(state: StateReader, env: BlockEnv, rules: ChainRules, message: CallMessage) -> frozenset[bytes]:
    """Accounts that are warm anyway, as geth has it: the fee recipient is not among them."""
    sender = state.account(message.sender)
    to = message.to or contract_address(message.sender, 0 if sender is None else sender.nonce)
    precompiles = OPTIMISM_PRECOMPILES if rules.is_optimism else ETHEREUM_PRECOMPILES
    return frozenset({message.sender, to, *precompiles, *env.precompile_moves, *_authorities(message, rules)})


def _authorities(message: CallMessage, rules: ChainRules) -> Iterator[Address]:
    for authorization in message.authorizations:
        if authorization.chain_id in (0, rules.chain_id) and authorization.nonce < UINT64_MAX:
            with suppress(InvalidSignature):
                yield recover_authority(authorization)


class _Touched:
    """TraceHooks: the accounts and slots that opcodes name, over all runs."""

    opcodes: frozenset[int] = frozenset()
    touches: frozenset[int] = _SLOTS | _ACCOUNTS | _CALLS
    wants_memory = False

    def __init__(self, excluded: frozenset[bytes], given: Iterable[AccessListEntry]) -> None:
        self._excluded = excluded
        self._slots: dict[Address, set[Hash32]] = {}
        for entry in given:
            if entry.address not in excluded:
                self._slots.setdefault(entry.address, set()).update(entry.storage_keys)

    def entries(self) -> tuple[AccessListEntry, ...]:
        """The list so far, in the order of addresses and slots."""
        return tuple(
            AccessListEntry(address=address, storage_keys=tuple(sorted(slots)))
            for address, slots in sorted(self._slots.items())
        )

    def touch(self, opcode: int, address: Address, stack: list[int]) -> None:
        if opcode in _SLOTS:
            self._slots.setdefault(address, set()).add(Hash32(stack[-1].to_bytes(32, "big")))
            return
        word = stack[-2 if opcode in _CALLS else -1]
        named = Address((word & (1 << 160) - 1).to_bytes(20, "big"))
        if named not in self._excluded:
            self._slots.setdefault(named, set())

    def begin(self, message: TracedMessage, world: WorldState) -> None: ...

    def step(self, step: Step) -> None: ...

    def enter(self, entry: FrameEntry) -> None: ...

    def exit(self, result: FrameExit) -> None: ...

    def log(self, log: EmittedLog) -> None: ...

    def end(self, outcome: TransactionOutcome) -> None: ...

    def tick(self) -> None: ...
