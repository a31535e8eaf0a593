"""One transaction's outermost frame on the fast VM: warm sets, authorizations, message, gas after refunds and floor.

What is paid and to whom is the caller's affair (fast.py); what happens inside the frame is py-evm's (fast_vm.py).
Sources: EIP-2929, 2930, 3529, 3651, 7623, 7702; geth's state transition for the order.
"""

from dataclasses import dataclass
from typing import Final

from eth.exceptions import VMError
from eth.vm.message import Message

from contracts.addresses import SYSTEM_CALLER
from state.blocks import Log
from state.execution.fast_vm import FastComputation, FastState, outer_message
from state.execution.port import BlockEnv, ChainRules, TransactionOutcome
from state.execution.validation import DELEGATION_PREFIX, floor_gas, intrinsic_gas, is_delegation
from state.execution.vm_errors import geth_text
from state.primitives import rlp
from state.primitives.crypto import InvalidSignature, keccak256
from state.primitives.types import UINT64_MAX, ZERO_ADDRESS, Address, Gas, Hash32, Wei
from state.transactions import AccessListEntry, Authorization
from state.transactions.signing import recover_authority
from state.world.journal import WorldState

SYSTEM_CALL_GAS: Final = 30_000_000
REFUND_QUOTIENT: Final = 5
EXISTING_AUTHORITY_REFUND: Final = 12_500
NO_WEI: Final = Wei(0)
CREATION_TARGET: Final = b""
"""How py-evm's Message spells `no recipient`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A transaction's outermost message, its gas already bought and its nonce not yet moved."""

    sender: Address
    to: Address | None
    value: int
    data: bytes
    gas_limit: int
    gas_price: int
    access_list: tuple[AccessListEntry, ...] = ()
    authorizations: tuple[Authorization, ...] = ()

    @property
    def intrinsic_gas(self) -> int:
        return intrinsic_gas(
            self.data,
            is_creation=self.to is None,
            access_list=self.access_list,
            authorization_count=len(self.authorizations),
        )


class FrameRunner:
    """Runs outermost frames on one block's world."""

    def __init__(self, world: WorldState, env: BlockEnv, rules: ChainRules, vm: FastState | None = None) -> None:
        """`vm`: what the opcodes see, where it isn't the plain one."""
        self._world = world
        self._env = env
        self._rules = rules
        self._vm = FastState(world, env, rules) if vm is None else vm
        self.precompiles: frozenset[bytes] = self._vm.precompile_addresses

    def system_call(self, to: Address, data: bytes) -> None:
        """Run a contract for the protocol (EIP-4788, EIP-2935); nothing where there is no code."""
        code = self._world.get_code(to)
        if not code:
            return
        self._world.mark_address_warm(to)
        message = outer_message(gas=SYSTEM_CALL_GAS, to=to, sender=SYSTEM_CALLER, value=0, data=data, code=code)
        self._vm.run(message, origin=Address(SYSTEM_CALLER), gas_price=0)
        self._world.finish_transaction()

    def run(self, frame: Frame) -> tuple[FastComputation, int, int]:
        """(the finished frame, gas used after refunds and calldata floor, the most that was ever used).

        Moves the sender's nonce.
        """
        world = self._world
        nonce = world.get_nonce(frame.sender)
        world.increment_nonce(frame.sender)
        self._warm(frame)
        refund = self._authorize(frame.authorizations) if frame.authorizations else 0
        message = self._message(frame, nonce, refund)
        computation = self._vm.run(message, origin=frame.sender, gas_price=frame.gas_price)
        spent = frame.gas_limit - computation.get_gas_remaining()
        refunded = min(computation.get_gas_refund(), spent // REFUND_QUOTIENT)
        floor = floor_gas(frame.data)
        return computation, max(spent - refunded, floor), max(spent, floor)

    def _message(self, frame: Frame, nonce: int, refund: int) -> Message:
        gas = frame.gas_limit - frame.intrinsic_gas
        if frame.to is None:
            target = contract_address(frame.sender, nonce)
            self._world.mark_address_warm(target)
            return outer_message(
                gas=gas,
                to=CREATION_TARGET,
                sender=frame.sender,
                value=frame.value,
                data=b"",
                code=frame.data,
                create_address=target,
                refund=refund,
            )
        code = self._world.get_code(frame.to)
        delegated = is_delegation(code)
        if delegated:
            delegate = Address(code[3:])
            self._world.mark_address_warm(delegate)
            code = self._world.get_code(delegate)
        return outer_message(
            gas=gas,
            to=frame.to,
            sender=frame.sender,
            value=frame.value,
            data=frame.data,
            code=code,
            is_delegation=delegated,
            refund=refund,
        )

    def _warm(self, frame: Frame) -> None:
        """EIP-2929, 2930, 3651: sender, recipient, fee recipient and the access list."""
        warm, warm_slot = self._world.mark_address_warm, self._world.mark_storage_warm
        warm(frame.sender)
        warm(self._env.fee_recipient)
        if frame.to is not None:
            warm(frame.to)
        for entry in frame.access_list:
            warm(entry.address)
            for key in entry.storage_keys:
                warm_slot(entry.address, int.from_bytes(key, "big"))

    def _authorize(self, authorizations: tuple[Authorization, ...]) -> int:
        """Apply an EIP-7702 list, skipping void tuples; the gas refund for authorities that existed."""
        return sum(self._apply_authorization(authorization) for authorization in authorizations)

    def _apply_authorization(self, authorization: Authorization) -> int:
        world = self._world
        if authorization.chain_id not in (0, self._rules.chain_id) or authorization.nonce >= UINT64_MAX:
            return 0
        try:
            authority = recover_authority(authorization)
        except InvalidSignature:
            return 0
        world.mark_address_warm(authority)
        code = world.get_code(authority)
        if (code and not is_delegation(code)) or world.get_nonce(authority) != authorization.nonce:
            return 0
        refund = EXISTING_AUTHORITY_REFUND if world.account_exists(authority) else 0
        revoked = authorization.address == ZERO_ADDRESS
        world.set_code(authority, b"" if revoked else DELEGATION_PREFIX + authorization.address)
        world.increment_nonce(authority)
        return refund

    def finish(self, computation: FastComputation) -> None:
        """Delete what destroyed itself, and end the transaction's journal."""
        for address in computation.get_accounts_for_deletion():
            self._world.destroy(Address(address))
        self._world.finish_transaction()


def contract_address(creator: Address, nonce: int) -> Address:
    """Where CREATE puts a contract: the last 20 bytes of keccak(rlp([creator, nonce]))."""
    return Address(keccak256(rlp.wrap_list(b"\x94" + creator + rlp.encode_int(nonce)))[12:])


def outcome_of(
    computation: FastComputation,
    gas_used: int,
    max_used_gas: int,
    created: Address | None,
    *,
    deposit_nonce: int | None = None,
    l1: Wei = NO_WEI,
    operator: Wei = NO_WEI,
) -> TransactionOutcome:
    """The outcome of a finished frame; `created` counts only if it succeeded."""
    error: VMError | None = computation._error
    return TransactionOutcome(
        succeeded=error is None,
        gas_used=Gas(gas_used),
        logs=_logs(computation),
        output=bytes(computation.output),
        error=None if error is None else geth_text(error),
        created_address=created if error is None else None,
        deposit_nonce=deposit_nonce,
        l1_fee=l1,
        operator_fee=operator,
        max_used_gas=Gas(max_used_gas),
    )


def _logs(computation: FastComputation) -> tuple[Log, ...]:
    return tuple(
        Log(
            address=Address(address),
            topics=tuple(Hash32(topic.to_bytes(32, "big")) for topic in topics),
            data=bytes(data),
        )
        for address, topics, data in computation.get_log_entries()
    )
