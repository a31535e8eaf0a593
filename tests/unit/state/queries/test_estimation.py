"""geth's search for a gas limit, over an executor that the test invents."""

from collections.abc import Callable

import pytest

from state.execution.errors import IntrinsicGasTooLow
from state.execution.port import CallMessage, TransactionOutcome
from state.primitives.types import Address, Gas, Wei
from state.queries import GasExceedsAllowance, InsufficientTransferFunds, QueryFailed, QueryReverted
from state.queries.estimation import affordable_gas, estimate_gas

SENDER, RECIPIENT = Address(b"\x01" * 20), Address(b"\x02" * 20)


def message(cap: int = 20_000_000, *, price: int = 0, value: int = 0) -> CallMessage:
    return CallMessage(sender=SENDER, to=RECIPIENT, gas_limit=Gas(cap), gas_price=Wei(price), value=Wei(value))


def outcome(used: int, error: str | None = None, output: bytes = b"") -> TransactionOutcome:
    return TransactionOutcome(
        succeeded=error is None, gas_used=Gas(used), logs=(), output=output, error=error, created_address=None
    )


class Counting:
    """Succeeds from `needed` gas on, using `used`; counts the executions."""

    def __init__(self, needed: int, used: int, intrinsic: int = 21_000) -> None:
        self.needed, self.used, self.intrinsic, self.runs = needed, used, intrinsic, 0

    def __call__(self, asked: CallMessage) -> TransactionOutcome:
        self.runs += 1
        if asked.gas_limit < self.intrinsic:
            raise IntrinsicGasTooLow("intrinsic gas too low")
        return outcome(self.used) if asked.gas_limit >= self.needed else outcome(asked.gas_limit, "out of gas")


@pytest.mark.parametrize(
    ("needed", "used"), [(21_000, 21_000), (50_000, 50_000), (90_000, 45_000), (9_000_000, 30_000)]
)
def test_the_answer_works_and_is_at_most_one_and_a_half_percent_too_high(needed: int, used: int) -> None:
    executor = Counting(needed, used)
    answer = estimate_gas(executor, message(), 0, is_plain_transfer=False)
    assert needed <= answer <= max((used + 2_300) * 64 // 63, needed * 1_016 // 1_000 + 1)
    assert executor.runs <= 20


def test_a_plain_transfer_is_exactly_21000_after_one_execution() -> None:
    executor = Counting(21_000, 21_000)
    assert estimate_gas(executor, message(), 0, is_plain_transfer=True) == 21_000
    assert executor.runs == 1


def test_a_cap_below_what_is_needed_names_the_cap() -> None:
    with pytest.raises(GasExceedsAllowance, match=r"^gas required exceeds allowance \(40000\)$"):
        estimate_gas(Counting(50_000, 50_000), message(40_000), 0, is_plain_transfer=False)


def test_a_cap_below_the_intrinsic_gas_names_the_cap() -> None:
    with pytest.raises(GasExceedsAllowance, match=r"\(100\)"):
        estimate_gas(Counting(21_000, 21_000), message(100), 0, is_plain_transfer=True)


def test_a_revert_carries_its_data_and_rpc_code_3() -> None:
    with pytest.raises(QueryReverted, match="^execution reverted$") as caught:
        estimate_gas(
            lambda _: outcome(30_000, "execution reverted", b"\x08\xc3"), message(), 0, is_plain_transfer=False
        )
    assert (caught.value.data, caught.value.rpc_code) == (b"\x08\xc3", 3)


def test_another_failure_keeps_the_evm_s_words() -> None:
    with pytest.raises(QueryFailed, match="invalid jump destination"):
        estimate_gas(lambda _: outcome(30_000, "invalid jump destination"), message(), 0, is_plain_transfer=False)


def test_a_gas_price_caps_the_gas_by_the_balance_after_the_value() -> None:
    assert affordable_gas(message(price=10, value=100_000), 600_000) == 50_000
    assert affordable_gas(message(30_000, price=10), 600_000) == 30_000
    assert affordable_gas(message(price=0, value=5), 0) == 20_000_000
    with pytest.raises(GasExceedsAllowance, match=r"\(50000\)"):
        estimate_gas(Counting(60_000, 60_000), message(price=10), 500_000, is_plain_transfer=False)


def test_a_value_above_the_balance_is_geth_s_insufficient_funds_for_transfer() -> None:
    with pytest.raises(InsufficientTransferFunds, match="insufficient funds for transfer"):
        affordable_gas(message(price=1, value=2), 1)


def test_an_executor_that_gets_worse_with_more_gas_still_ends() -> None:
    odd: Callable[[CallMessage], TransactionOutcome] = lambda asked: outcome(  # noqa: E731 - one expression says it all
        25_000, None if asked.gas_limit % 2 == 0 else "out of gas"
    )
    assert estimate_gas(odd, message(), 0, is_plain_transfer=False) <= 20_000_000
