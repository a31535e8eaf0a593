"""Pending blocks: the next block of what the pool has, asked about by its hash like any other."""

from collections.abc import Callable
from typing import Any

import pytest

from state.database import UnknownBlock
from state.execution.port import CallMessage, ChainRules
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Nonce, UnixSeconds, Wei
from state.queries import PendingRequest, SimulationRequest, verify_account_proof
from state.queries.pending import KEPT
from state.transactions import RecoveredTransaction, SignedTransaction, TransactionType, sign_transaction
from state.transition import BlockAttributes, BlockBuilder
from tests.compared import both_executors
from tests.unit.state.queries.conftest import (
    FUNDS,
    GWEI,
    POOR,
    VAULT,
    SmallChain,
    block,
    contract,
    request,
    small_chain,
)

KEY = bytes(31) + b"\x09"
SENDER = private_key_to_address(KEY)
COUNTER = contract(1)
CODES = {COUNTER: "5f54600101805f555f5260205ff3"}  # returns ++slot[0]


@pytest.fixture
def chain(rules: ChainRules) -> SmallChain:
    return small_chain(rules, CODES, rich=SENDER)


def signed(chain: SmallChain, nonce: int, to: Address = POOR, **fields: Any) -> RecoveredTransaction:
    known: dict[str, Any] = {
        "type": TransactionType.DYNAMIC_FEE,
        "chain_id": chain.rules.chain_id,
        "nonce": Nonce(nonce),
        "gas_limit": Gas(100_000),
        "max_fee_per_gas": Wei(2 * GWEI),
        "max_priority_fee_per_gas": Wei(1),
        "to": to,
        "value": Wei(5),
        "data": b"",
        "y_parity": 0,
        "r": 0,
        "s": 0,
    }
    return sign_transaction(SignedTransaction(**(known | fields)), KEY)


def pending(chain: SmallChain, *transactions: RecoveredTransaction) -> PendingRequest:
    return PendingRequest(
        parent_hash=chain.hash,
        timestamp=UnixSeconds(chain.header.timestamp + 2),
        fee_recipient=VAULT,
        prev_randao=chain.header.prev_randao,
        gas_limit=chain.header.gas_limit,
        extra_data=chain.header.extra_data,
        transactions=tuple(transaction.raw for transaction in transactions),
        senders=tuple(transaction.sender for transaction in transactions),
    )


def always() -> bool:
    return True


def times(count: int) -> Callable[[], bool]:
    left = [True] * count
    return lambda: bool(left and left.pop())


def test_a_pending_block_is_the_block_that_a_builder_seals(chain: SmallChain) -> None:
    transactions = [signed(chain, 0), signed(chain, 1, COUNTER)]
    record = chain.queries.make_pending(pending(chain, *transactions), always)
    attributes = BlockAttributes(
        timestamp=UnixSeconds(chain.header.timestamp + 2),
        fee_recipient=VAULT,
        prev_randao=chain.header.prev_randao,
        gas_limit=chain.header.gas_limit,
        extra_data=chain.header.extra_data,
    )
    builder = BlockBuilder(chain.db, both_executors(), chain.rules, chain.hash, attributes)
    for transaction in transactions:
        builder.apply(transaction, transaction.raw)
    sealed = builder.seal().record
    assert (record.hash, record.header, record.receipts) == (sealed.hash, sealed.header, sealed.receipts)
    assert record.delta.nodes == {}


def test_every_question_may_be_about_it(chain: SmallChain) -> None:
    record = chain.queries.make_pending(pending(chain, signed(chain, 0), signed(chain, 1, COUNTER)), always)
    queries = chain.queries
    assert queries.account(record.hash, POOR).balance == 5
    assert queries.account(record.hash, SENDER).nonce == 2
    assert queries.storage(record.hash, COUNTER, 0) == 1
    assert queries.code(record.hash, COUNTER).hex() == CODES[COUNTER]
    message = CallMessage(sender=POOR, to=COUNTER, gas_limit=Gas(100_000), value=Wei(5))
    assert queries.call(record.hash, message).output == (2).to_bytes(32, "big")
    assert queries.estimate_gas(record.hash, message) > 21_000
    (simulated,) = queries.simulate(
        record.hash,
        SimulationRequest(blocks=(block(request(COUNTER, sender=POOR)),), block_time=2, gas_cap=50_000_000),
    )
    assert simulated.header.parent_hash == record.hash
    assert simulated.calls[0].outcome.output == (2).to_bytes(32, "big")
    verify_account_proof(record.header.state_root, queries.proof(record.hash, COUNTER, [0]))


def test_what_may_not_run_or_does_not_fit_is_left_out(chain: SmallChain) -> None:
    transactions = [
        signed(chain, 0, max_fee_per_gas=Wei(1)),
        signed(chain, 0, value=Wei(FUNDS + 1)),
        signed(chain, 0, gas_limit=Gas(1_000_000)),
        signed(chain, 1, gas_limit=Gas(20_000_000)),
        signed(chain, 3),
        signed(chain, 1),
    ]
    record = chain.queries.make_pending(pending(chain, *transactions), always)
    assert record.transactions == (transactions[2].raw, transactions[5].raw)
    assert record.senders == (SENDER, SENDER)


def test_when_time_is_up_the_block_has_what_was_done(chain: SmallChain) -> None:
    transactions = [signed(chain, nonce) for nonce in range(5)]
    record = chain.queries.make_pending(pending(chain, *transactions), times(3))
    assert record.transactions == tuple(transaction.raw for transaction in transactions[:3])
    again = chain.queries.make_pending(pending(chain, *transactions[:3]), always)
    assert again.hash == record.hash


def test_only_the_last_few_may_be_asked_about(chain: SmallChain) -> None:
    records = [
        chain.queries.make_pending(pending(chain, signed(chain, 0, value=Wei(n))), always) for n in range(KEPT + 1)
    ]
    assert chain.queries.account(records[-1].hash, POOR).balance == KEPT
    assert chain.queries.account(records[1].hash, POOR).balance == 1
    with pytest.raises(UnknownBlock):
        chain.queries.account(records[0].hash, POOR)
    assert chain.queries.account(chain.hash, POOR).balance == 0
