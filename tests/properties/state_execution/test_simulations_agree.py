"""What is simulated on the fast executor alone is what the reference executor makes of the same call."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.errors import InvalidTransaction
from state.execution.port import CallMessage, ChainRules, TransactionOutcome
from state.execution.reference import ReferenceExecutor
from state.execution.simulated import SimulatedBlock, TransferLogs
from state.primitives.crypto import keccak256
from state.primitives.types import Gas, Wei
from state.queries.access_lists import create_access_list
from state.transactions import (
    AccessListEntry,
    CallRequest,
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
    encode_without_signature,
    sign_transaction,
)
from tests.properties.state_execution.test_calls_agree import (
    ENV,
    KEY,
    L1,
    L2,
    NOBODY,
    SENDER,
    authorization,
    parent_state,
    payloads,
    targets,
)

FREE_ENV = type(ENV)(**{name: getattr(ENV, name) for name in ENV.__slots__} | {"base_fee_per_gas": Wei(0)})

requests = st.builds(
    CallRequest,
    sender=st.sampled_from([SENDER, NOBODY]),
    to=st.one_of(targets, st.none()),
    gas=st.sampled_from([20_000, 60_000, 300_000, 5_000_000]),
    gas_price=st.none(),
    max_fee_per_gas=st.none(),
    max_priority_fee_per_gas=st.none(),
    value=st.sampled_from([0, 0, 0, 1, 10**19]),
    nonce=st.none(),
    data=payloads,
    access_list=st.lists(
        st.builds(AccessListEntry, address=targets, storage_keys=st.just((bytes(32),))), max_size=2
    ).map(tuple),
    authorizations=st.lists(targets.map(authorization), max_size=1).map(tuple),
    chain_id=st.none(),
)


def message_of(request: CallRequest) -> CallMessage:
    assert request.sender is not None
    return CallMessage(
        sender=request.sender,
        to=request.to,
        gas_limit=Gas(request.gas or 0),
        value=Wei(request.value),
        data=request.data,
        access_list=request.access_list,
        authorizations=request.authorizations,
    )


def simulated(rules: ChainRules, request: CallRequest, *, traced: bool) -> TransactionOutcome | str:
    assert request.sender is not None
    unsigned = request.unsigned(nonce=0, gas_limit=request.gas or 0, chain_id=rules.chain_id)
    raw = encode_without_signature(unsigned)
    transaction = RecoveredTransaction(transaction=unsigned, sender=request.sender, raw=raw, hash=keccak256(raw))
    block = SimulatedBlock(parent_state(), FREE_ENV, rules, validates=False)
    try:
        return block.trace(transaction, TransferLogs()) if traced else block.apply(transaction)
    except InvalidTransaction as refused:
        return f"{type(refused).__name__}: {refused}"


def called(rules: ChainRules, request: CallRequest) -> TransactionOutcome | str:
    try:
        return ReferenceExecutor().call(parent_state(), FREE_ENV, rules, message_of(request))
    except InvalidTransaction as refused:
        return f"{type(refused).__name__}: {refused}"


@pytest.mark.parametrize("rules", [L1, L2], ids=["L1", "L2"])
@settings(max_examples=80, deadline=None)
@given(request=requests, traced=st.booleans())
def test_a_simulated_call_is_what_the_reference_makes_of_it(
    rules: ChainRules, request: CallRequest, traced: bool
) -> None:
    assert without_details(simulated(rules, request, traced=traced)) == without_details(called(rules, request))


def without_details(outcome: TransactionOutcome | str) -> TransactionOutcome | str:
    """The traced VM says how far a stack underflows, as geth does; the others don't."""
    if isinstance(outcome, str) or outcome.error is None:
        return outcome
    return replace(outcome, error=outcome.error.split(" (")[0])


@pytest.mark.parametrize("rules", [L1, L2], ids=["L1", "L2"])
@settings(max_examples=60, deadline=None)
@given(fields=st.lists(st.tuples(targets, payloads, st.integers(0, 2), st.integers(0, 2_000)), max_size=3))
def test_a_validated_block_is_what_the_reference_makes_of_the_same_transactions(
    rules: ChainRules, fields: list[tuple[Any, bytes, int, int]]
) -> None:
    transactions = [
        sign_transaction(
            SignedTransaction(
                type=TransactionType.DYNAMIC_FEE,
                chain_id=rules.chain_id,
                nonce=nonce,  # type: ignore[arg-type]
                gas_limit=Gas(400_000),
                max_fee_per_gas=Wei(fee),
                max_priority_fee_per_gas=Wei(min(fee, 7)),
                to=to,
                value=Wei(1),
                data=data,
                y_parity=0,
                r=0,
                s=0,
            ),
            KEY,
        )
        for to, data, nonce, fee in fields
    ]
    simulating = SimulatedBlock(parent_state(), ENV, rules, validates=True)
    simulating.run_system_calls()
    reference = ReferenceExecutor().begin_block(parent_state(), ENV, rules)
    for transaction in transactions:
        assert outcome(simulating, transaction) == outcome(reference, transaction)
    assert simulating.finish().accounts == reference.finish().accounts


def outcome(block: Any, transaction: RecoveredTransaction) -> Any:
    try:
        return block.apply(transaction)
    except InvalidTransaction as refused:
        return type(refused)


@pytest.mark.parametrize("rules", [L1, L2], ids=["L1", "L2"])
@settings(max_examples=60, deadline=None)
@given(request=requests)
def test_the_reference_uses_the_gas_that_an_access_list_comes_with(rules: ChainRules, request: CallRequest) -> None:
    message = message_of(request)
    try:
        result = create_access_list(parent_state(), FREE_ENV, rules, message)
    except InvalidTransaction:
        return
    listed = CallMessage(
        **{name: getattr(message, name) for name in message.__slots__} | {"access_list": result.access_list}
    )
    checked = ReferenceExecutor().call(parent_state(), FREE_ENV, rules, listed)
    assert (checked.gas_used, (checked.error or "").split(" (")[0]) == (
        result.gas_used,
        (result.error or "").split(" (")[0],
    )
