"""The least gas limit with which a message succeeds, by geth's rule (eth/gasestimator).

An execution with the whole cap says whether it can succeed at all and what it used. The answer lies between that and
the cap, since calls withhold 1/64 and refunds come late; a first guess just above the most that was used nearly always
fits, and a binary search closes in until the bounds are within 1.5 %.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from state.execution.errors import FloorDataGas, IntrinsicGasTooLow
from state.execution.port import CallMessage, TransactionOutcome
from state.primitives.types import Gas
from state.queries.errors import GasExceedsAllowance, InsufficientTransferFunds, QueryFailed, QueryReverted

TRANSFER_GAS: Final = 21_000
CALL_STIPEND: Final = 2_300
TOLERANCE_PER_MILLE: Final = 15
OUT_OF_GAS_TEXTS: Final = frozenset({"out of gas", "contract creation code storage out of gas"})

Execute = Callable[[CallMessage], TransactionOutcome]


def estimate_gas(execute: Execute, message: CallMessage, balance: int, *, is_plain_transfer: bool) -> Gas:
    """A gas limit at most 1.5 % above the least that works; `message.gas_limit` is the cap.

    `balance`: the sender's, in wei. `is_plain_transfer`: no data, and no code at the recipient.
    Raises QueryReverted, QueryFailed, GasExceedsAllowance, InsufficientTransferFunds, InvalidTransaction.
    """
    cap = affordable_gas(message, balance)
    if is_plain_transfer and cap >= TRANSFER_GAS and _attempt(execute, message, TRANSFER_GAS) is not None:
        return Gas(TRANSFER_GAS)
    outcome = _run(execute, message, cap)
    if outcome is None:
        raise GasExceedsAllowance(cap)
    if not outcome.succeeded:
        raise _failure(outcome, cap)
    return _search(execute, message, outcome, cap)


def affordable_gas(message: CallMessage, balance: int) -> int:
    """The cap, lowered to what `balance` can pay for where the message names a gas price."""
    if message.gas_price == 0:
        return message.gas_limit
    if message.value > balance:
        raise InsufficientTransferFunds
    return min(message.gas_limit, (balance - message.value) // message.gas_price)


def _failure(outcome: TransactionOutcome, cap: int) -> Exception:
    if outcome.error in OUT_OF_GAS_TEXTS:
        return GasExceedsAllowance(cap)
    if outcome.error == "execution reverted":
        return QueryReverted(outcome.output)
    return QueryFailed(outcome.error or "execution failed")


def _search(execute: Execute, message: CallMessage, whole: TransactionOutcome, cap: int) -> Gas:
    low, high = whole.gas_used - 1, cap
    guess = (max(whole.max_used_gas, whole.gas_used) + CALL_STIPEND) * 64 // 63
    if guess < high:
        low, high = (low, guess) if _attempt(execute, message, guess) is not None else (guess, high)
    while low + 1 < high and (high - low) * 1_000 >= TOLERANCE_PER_MILLE * high:
        # Most messages need hardly more than they used: from a far too high cap, double upwards instead of halving.
        middle = min((low + high) // 2, low * 2)
        low, high = (low, middle) if _attempt(execute, message, middle) is not None else (middle, high)
    return Gas(high)


def _attempt(execute: Execute, message: CallMessage, gas_limit: int) -> TransactionOutcome | None:
    """The outcome if the message succeeds with this gas limit."""
    outcome = _run(execute, message, gas_limit)
    return outcome if outcome is not None and outcome.succeeded else None


def _run(execute: Execute, message: CallMessage, gas_limit: int) -> TransactionOutcome | None:
    """The outcome with this gas limit, None if it doesn't even cover what comes before the first opcode."""
    try:
        return execute(replace(message, gas_limit=Gas(gas_limit)))
    except (IntrinsicGasTooLow, FloorDataGas):
        return None
