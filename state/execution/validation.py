"""Which transactions may be executed: our own check, before any executor sees them.

py-evm executes several that must be rejected (FINDINGS: wrong chain, tip above cap, gas below the calldata floor,
sender with code), so nothing here may be left to it. `validate_stateless` needs the transaction alone and may run
anywhere, once; `validate_against` needs its sender's account, the base fee and the gas left, and runs in the order in
which geth does, so that the same transaction fails with the same text. The pool takes the single checks.
Sources: EIP-155, 1559, 2028, 2681, 2930, 3607, 3860, 7623, 7702; PROTOCOL.md section 5.
"""

from collections.abc import Callable
from typing import Final, Protocol

from contracts.addresses import checksum
from state.execution.errors import (
    EmptyAuthorizations,
    FeeCapTooLow,
    FloorDataGas,
    GasLimitReached,
    InitCodeTooLarge,
    InsufficientFunds,
    IntrinsicGasTooLow,
    NonceMax,
    NonceTooHigh,
    NonceTooLow,
    SenderNotEOA,
    SetCodeCreation,
    TipAboveFeeCap,
    WrongChain,
)
from state.execution.port import CallMessage, ChainRules
from state.primitives.crypto import KECCAK_EMPTY
from state.primitives.types import UINT64_MAX, Gas, Hash32, Wei
from state.transactions import (
    AccessListEntry,
    DepositTransaction,
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
)
from state.world.types import EMPTY_ACCOUNT

TRANSACTION_GAS: Final = 21_000
CREATION_GAS: Final = 32_000
INITCODE_WORD_GAS: Final = 2
ACCESS_LIST_ADDRESS_GAS: Final = 2_400
ACCESS_LIST_KEY_GAS: Final = 1_900
AUTHORIZATION_GAS: Final = 25_000
FLOOR_TOKEN_GAS: Final = 10
STANDARD_TOKEN_GAS: Final = 4
MAX_INITCODE_SIZE: Final = 49_152
DELEGATION_PREFIX: Final = b"\xef\x01\x00"
DELEGATION_LENGTH: Final = 23


class Payer(Protocol):
    """What validation reads of a sender's account."""

    @property
    def nonce(self) -> int: ...

    @property
    def balance(self) -> int: ...

    @property
    def code_hash(self) -> Hash32: ...


def calldata_tokens(data: bytes) -> int:
    """EIP-7623: one token for a zero byte, four for any other."""
    return 4 * len(data) - 3 * data.count(0)


def intrinsic_gas(
    data: bytes,
    *,
    is_creation: bool,
    access_list: tuple[AccessListEntry, ...] = (),
    authorization_count: int = 0,
) -> Gas:
    """Gas that is charged before the first opcode."""
    gas = TRANSACTION_GAS
    if data:
        gas += STANDARD_TOKEN_GAS * calldata_tokens(data)
    if is_creation:
        gas += CREATION_GAS + INITCODE_WORD_GAS * ((len(data) + 31) // 32)
    for entry in access_list:
        gas += ACCESS_LIST_ADDRESS_GAS + ACCESS_LIST_KEY_GAS * len(entry.storage_keys)
    return Gas(gas + AUTHORIZATION_GAS * authorization_count)


def transaction_intrinsic_gas(tx: SignedTransaction | DepositTransaction) -> Gas:
    """`intrinsic_gas` of a whole transaction."""
    if isinstance(tx, DepositTransaction):
        return intrinsic_gas(tx.data, is_creation=tx.to is None)
    return intrinsic_gas(
        tx.data,
        is_creation=tx.to is None,
        access_list=tx.access_list,
        authorization_count=len(tx.authorizations),
    )


def floor_gas(data: bytes) -> Gas:
    """The least that a transaction with this calldata may use (EIP-7623)."""
    return Gas(TRANSACTION_GAS + FLOOR_TOKEN_GAS * calldata_tokens(data)) if data else Gas(TRANSACTION_GAS)


def is_delegation(code: bytes) -> bool:
    """Whether `code` is an EIP-7702 delegation designator: 0xef0100 ++ address."""
    return len(code) == DELEGATION_LENGTH and code.startswith(DELEGATION_PREFIX)


def validate_stateless(tx: RecoveredTransaction, rules: ChainRules) -> None:
    """Everything that the transaction alone decides. Raises InvalidTransaction."""
    signed = tx.transaction
    if signed.chain_id is not None and signed.chain_id != rules.chain_id:
        raise WrongChain(f"invalid chain id for signer: have {signed.chain_id} want {rules.chain_id}")
    if signed.max_priority_fee_per_gas > signed.max_fee_per_gas:
        raise TipAboveFeeCap(
            "max priority fee per gas higher than max fee per gas: "
            f"maxPriorityFeePerGas: {signed.max_priority_fee_per_gas}, maxFeePerGas: {signed.max_fee_per_gas}"
        )
    if signed.nonce >= UINT64_MAX:
        raise NonceMax(f"nonce has max value: got {signed.nonce}")
    if signed.to is None and len(signed.data) > MAX_INITCODE_SIZE:
        raise InitCodeTooLarge(f"max initcode size exceeded: code size {len(signed.data)} limit {MAX_INITCODE_SIZE}")
    if signed.type == TransactionType.SET_CODE:
        _validate_set_code(signed)
    validate_gas_limit(signed)


def _validate_set_code(signed: SignedTransaction) -> None:
    if signed.to is None:
        raise SetCodeCreation("EIP-7702 transaction cannot be used to create contract")
    if not signed.authorizations:
        raise EmptyAuthorizations("EIP-7702 transaction with empty auth list")


def validate_gas_limit(signed: SignedTransaction) -> None:
    """The gas limit covers intrinsic gas and calldata floor. Raises IntrinsicGasTooLow or FloorDataGas."""
    needed = transaction_intrinsic_gas(signed)
    if signed.gas_limit < needed:
        raise IntrinsicGasTooLow(f"intrinsic gas too low: have {signed.gas_limit}, want {needed}")
    if signed.data and signed.gas_limit < (floor := floor_gas(signed.data)):
        raise FloorDataGas(f"insufficient gas for floor data gas cost: have {signed.gas_limit}, want {floor}")


def validate_nonce(tx: RecoveredTransaction, nonce: int) -> None:
    """The transaction is its sender's next. Raises NonceTooLow, NonceTooHigh or NonceMax."""
    got = tx.transaction.nonce
    if got < nonce:
        raise NonceTooLow(f"nonce too low: address {checksum(tx.sender)}, tx: {got} state: {nonce}")
    if got > nonce:
        raise NonceTooHigh(f"nonce too high: address {checksum(tx.sender)}, tx: {got} state: {nonce}")
    if nonce >= UINT64_MAX:
        raise NonceMax(f"nonce has max value: address {checksum(tx.sender)}, nonce: {nonce}")


def validate_sender_code(tx: RecoveredTransaction, code: bytes) -> None:
    """The sender is an account of a key (EIP-3607), maybe with a delegation (EIP-7702). Raises SenderNotEOA."""
    if code and not is_delegation(code) and not tx.is_impersonated:
        raise SenderNotEOA(f"sender not an eoa: address {checksum(tx.sender)}, len(code): {len(code)}")


def validate_base_fee(tx: RecoveredTransaction, base_fee: int) -> None:
    """The fee cap covers the base fee. Raises FeeCapTooLow."""
    cap = tx.transaction.max_fee_per_gas
    if cap < base_fee:
        raise FeeCapTooLow(
            f"max fee per gas less than block base fee: address {checksum(tx.sender)}, "
            f"maxFeePerGas: {cap}, baseFee: {base_fee}"
        )


def maximum_cost(signed: SignedTransaction, op_fees: int = 0) -> Wei:
    """Wei that the sender must own: gasLimit·maxFee + value + `op_fees` (L1 fee + operator fee on the gas limit)."""
    return Wei(signed.gas_limit * signed.max_fee_per_gas + signed.value + op_fees)


def validate_funds(tx: RecoveredTransaction, balance: int, op_fees: int = 0) -> None:
    """The sender can pay the worst case. Raises InsufficientFunds."""
    cost = maximum_cost(tx.transaction, op_fees)
    if balance < cost:
        raise InsufficientFunds(
            f"insufficient funds for gas * price + value: address {checksum(tx.sender)} have {balance} want {cost}"
        )


def validate_gas_available(gas_limit: int, available: int) -> None:
    """The block has room for the transaction. Raises GasLimitReached."""
    if gas_limit > available:
        raise GasLimitReached(f"gas limit reached: have {available}, want {gas_limit}")


def validate_against(
    tx: RecoveredTransaction,
    account: Payer | None,
    code: Callable[[Hash32], bytes],
    *,
    base_fee: int,
    gas_available: int,
    op_fees: int = 0,
) -> None:
    """Everything that the state and the block decide, in geth's order. Raises InvalidTransaction.

    `account` is the sender's, `code` reads code by hash, `op_fees` are L1 fee + operator fee on the gas limit in wei.
    """
    sender: Payer = EMPTY_ACCOUNT if account is None else account
    validate_nonce(tx, sender.nonce)
    if sender.code_hash != KECCAK_EMPTY:
        validate_sender_code(tx, code(sender.code_hash))
    validate_base_fee(tx, base_fee)
    validate_funds(tx, sender.balance, op_fees)
    validate_gas_available(tx.transaction.gas_limit, gas_available)


def validate_message_gas(*, gas_limit: int, data: bytes, is_creation: bool, intrinsic: int) -> None:
    """What geth checks of any message: intrinsic gas, calldata floor, init code size. Raises InvalidTransaction.

    Deposits and calls pass through here as signed transactions do through `validate_stateless`.
    """
    if gas_limit < intrinsic:
        raise IntrinsicGasTooLow(f"intrinsic gas too low: have {gas_limit}, want {intrinsic}")
    if gas_limit < (least := floor_gas(data)):
        raise FloorDataGas(f"insufficient gas for floor data gas cost: have {gas_limit}, want {least}")
    if is_creation and len(data) > MAX_INITCODE_SIZE:
        raise InitCodeTooLarge(f"max initcode size exceeded: code size {len(data)} limit {MAX_INITCODE_SIZE}")


def validate_call(message: CallMessage, balance: int, base_fee: int) -> None:
    """What geth checks of an eth_call before it runs. Raises InvalidTransaction."""
    price, sender = message.gas_price, message.sender
    if price and price < base_fee:
        raise FeeCapTooLow(
            f"max fee per gas less than block base fee: address {checksum(sender)}, "
            f"maxFeePerGas: {price}, baseFee: {base_fee}"
        )
    cost = message.gas_limit * price + message.value
    if balance < cost:
        raise InsufficientFunds(
            f"insufficient funds for gas * price + value: address {checksum(sender)} have {balance} want {cost}"
        )
    validate_message_gas(
        gas_limit=message.gas_limit,
        data=message.data,
        is_creation=message.to is None,
        intrinsic=intrinsic_gas(
            message.data,
            is_creation=message.to is None,
            access_list=message.access_list,
            authorization_count=len(message.authorizations),
        ),
    )
