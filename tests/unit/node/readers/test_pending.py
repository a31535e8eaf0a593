"""Pending blocks and simulations in real reader processes: what goes over the pipes comes back whole."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from node.readers import ReaderPool
from state.database import BlockRecord, UnknownBlock
from state.errors import NodeError
from state.execution.port import AccountOverride, BlockOverrides, TransactionOutcome
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Nonce, UnixSeconds, Wei
from state.queries import BlockRequest, PendingRequest, SimulationRequest
from state.transactions import CallRequest, SignedTransaction, TransactionType, sign_transaction
from tests.unit.node.readers.conftest import RICH, RULES, STORE, GrowingChain, call

StartPool = Callable[..., Awaitable[ReaderPool]]
KEY = bytes(31) + b"\x07"
SENDER, RECIPIENT = private_key_to_address(KEY), Address(b"\x77" * 20)


def request(chain: GrowingChain) -> PendingRequest:
    """A block of one transaction that costs nothing, on a head whose next base fee is zero."""
    head = chain.records[-1].header
    unsigned = SignedTransaction(
        type=TransactionType.DYNAMIC_FEE,
        chain_id=RULES.chain_id,
        nonce=Nonce(0),
        gas_limit=Gas(21_000),
        max_fee_per_gas=Wei(0),
        max_priority_fee_per_gas=Wei(0),
        to=RECIPIENT,
        value=Wei(0),
        data=b"",
        y_parity=0,
        r=0,
        s=0,
    )
    transaction = sign_transaction(unsigned, KEY)
    return PendingRequest(
        parent_hash=chain.records[-1].hash,
        timestamp=UnixSeconds(head.timestamp + 1),
        fee_recipient=head.fee_recipient,
        prev_randao=head.prev_randao,
        gas_limit=head.gas_limit,
        extra_data=b"",
        transactions=(transaction.raw,),
        senders=(transaction.sender,),
    )


async def make(pool: ReaderPool, wanted: PendingRequest) -> BlockRecord:
    record: BlockRecord
    record, seconds = await pool.query("make_pending", {"request": wanted, "seconds": 60.0})
    assert 0 < seconds < 60
    return record


async def test_a_pending_block_comes_back_whole_and_answers_for_itself(
    chain: GrowingChain, start_pool: StartPool
) -> None:
    pool = await start_pool()
    wanted = request(chain)
    record = await make(pool, wanted)
    assert record.header.hash == record.hash
    assert record.header.parent_hash == chain.records[-1].hash
    stated = {"block_hash": record.hash, "address": RICH}
    assert (await pool.query("account", stated)).balance == len(chain.records)
    assert len(record.receipts) == len(record.transactions)


async def test_a_reader_that_does_not_have_it_makes_it_when_asked(chain: GrowingChain, start_pool: StartPool) -> None:
    pool, other = await start_pool(), await start_pool(count=0)
    wanted = request(chain)
    record = await make(pool, wanted)
    question = {"block_hash": record.hash, "address": RICH}
    with pytest.raises(UnknownBlock):
        await other.query("account", question)
    whole = replace(wanted, transactions=record.transactions, senders=record.senders)
    again = {"request": whole, "method": "account", "parameters": question}
    assert (await other.query("ask_about_pending", again)).balance == len(chain.records)
    assert (await other.query("account", question)).balance == len(chain.records)


async def test_it_stays_while_the_chain_grows(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool()
    record = await make(pool, request(chain))
    chain.grow(3)
    assert (await pool.query("account", {"block_hash": record.hash, "address": RICH})).balance == 1


async def test_a_simulation_goes_there_and_back(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool()
    asked = CallRequest(
        sender=RICH,
        to=STORE,
        gas=None,
        gas_price=None,
        max_fee_per_gas=2**240,
        max_priority_fee_per_gas=None,
        value=0,
        nonce=None,
        data=(1).to_bytes(32, "big"),
        access_list=(),
        authorizations=(),
        chain_id=None,
    )
    accounts = {STORE: AccountOverride(state_diff={1: 2**255}), RICH: AccountOverride(balance=2**255)}
    block = BlockRequest(calls=(asked,), accounts=accounts, overrides=BlockOverrides(base_fee_per_gas=2**64))
    simulation = SimulationRequest(blocks=(block,), block_time=2, gas_cap=1_000_000, traces_transfers=True)
    with pytest.raises(NodeError, match=r"insufficient funds.*supplied gas") as refused:
        await pool.query("simulate", {"block_hash": chain.records[-1].hash, "request": simulation})
    assert refused.value.rpc_code == -38014
    cheap = replace(simulation, blocks=(replace(block, calls=(replace(asked, max_fee_per_gas=2**65),)),))
    (result,) = await pool.query("simulate", {"block_hash": chain.records[-1].hash, "request": cheap})
    outcome: TransactionOutcome = result.calls[0].outcome
    assert outcome.output == (2**255).to_bytes(32, "big")
    assert (result.transactions[0].max_fee_per_gas, result.header.base_fee_per_gas) == (2**65, 2**64)


async def test_an_access_list_goes_there_and_back(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool()
    question = {"block_hash": chain.records[-1].hash, "message": call(STORE, (1).to_bytes(32, "big"))}
    result = await pool.query("access_list", question)
    assert [(entry.address, entry.storage_keys) for entry in result.access_list] == [
        (STORE, ((1).to_bytes(32, "big"),))
    ]
