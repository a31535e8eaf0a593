"""Building and replaying blocks; every block here runs under both executors."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from contracts.addresses import L1_BLOCK, L2_TO_L1_MESSAGE_PASSER
from state.blocks import EMPTY_REQUESTS_HASH, EMPTY_TRIE_ROOT, Block, encode_holocene_extra_data, next_base_fee
from state.errors import InvalidBlock
from state.execution.errors import NonceTooHigh
from state.execution.fast import FastExecutor
from state.execution.fees import ReceiptFees
from state.execution.port import ChainRules
from state.execution.reference import ReferenceExecutor
from state.primitives.crypto import keccak256
from state.primitives.types import ZERO_HASH, Address, Gas, Hash32, Wei
from state.transactions import DepositTransaction, encode_transaction
from state.transition import CheckedExecutor, SealedBlock, execute_block
from tests.unit.state.transition.network import L1, L2, SENDER, SEQUENCER_FEE_VAULT, Network

PASSER = Address(L2_TO_L1_MESSAGE_PASSER)
STORE_VALUE = "0x5f355f55"
ALLOC: dict[str, Any] = {
    PASSER.hex(): {"nonce": "0x1", "code": STORE_VALUE},
    L1_BLOCK.hex(): {
        "nonce": "0x1",
        "code": "0x00",
        "storage": {"0x1": hex(10**9), "0x3": hex(2 << 96 | 3 << 64), "0x7": hex(10**7)},
    },
}


@pytest.fixture
def checked(tmp_path: Path) -> CheckedExecutor:
    return CheckedExecutor(FastExecutor(), ReferenceExecutor(), tmp_path)


@pytest.fixture
def l2(checked: CheckedExecutor) -> Network:
    return Network(L2, checked, ALLOC)


def block_of(sealed: SealedBlock) -> Block:
    return Block(header=sealed.record.header, transactions=sealed.record.transactions)


def deposit(**changes: Any) -> DepositTransaction:
    fields: dict[str, Any] = {
        "source_hash": ZERO_HASH,
        "sender": SENDER,
        "to": PASSER,
        "mint": Wei(5),
        "value": Wei(0),
        "gas_limit": Gas(100_000),
        "is_system_transaction": False,
        "data": (9).to_bytes(32, "big"),
    }
    return DepositTransaction(**(fields | changes))


def test_sealed_block_replays_to_itself(l2: Network) -> None:
    for _ in range(3):
        sealed = l2.seal([deposit(), *(l2.sign(nonce=l2.nonce + 1) for _ in range(2))])
        l2.nonce += 1
        assert execute_block(l2.db, l2.executor, L2, block_of(sealed)) == sealed
        l2.commit(sealed)
    assert l2.db.require_header(l2.head).number == 3


def test_l2_header_has_isthmus_fields(l2: Network) -> None:
    header = l2.seal([l2.sign()]).record.header
    assert header.fee_recipient == SEQUENCER_FEE_VAULT
    assert (header.difficulty, header.nonce, header.blob_gas_used, header.excess_blob_gas) == (0, bytes(8), 0, 0)
    assert header.requests_hash == EMPTY_REQUESTS_HASH
    assert header.base_fee_per_gas == next_base_fee(l2.genesis.header, 250, 6)
    assert len(header.extra_data) == 9


def test_base_fee_follows_the_parents_extra_data(l2: Network) -> None:
    l2.commit(l2.seal([l2.sign()], extra_data=encode_holocene_extra_data(8, 2)))
    parent = l2.db.require_header(l2.head)
    assert l2.seal([]).record.header.base_fee_per_gas == next_base_fee(parent, 8, 2)


def test_withdrawals_root_moves_with_the_message_passers_storage(l2: Network) -> None:
    empty = l2.seal([]).record
    assert empty.header.withdrawals_root == EMPTY_TRIE_ROOT
    l2.commit(l2.seal([deposit()]))
    moved = l2.db.require_header(l2.head).withdrawals_root
    assert moved != EMPTY_TRIE_ROOT
    assert l2.seal([]).record.header.withdrawals_root == moved


def test_l1_block_burns_its_base_fee_and_has_no_withdrawals(checked: CheckedExecutor) -> None:
    l1 = Network(L1, checked, ALLOC)
    sealed = l1.seal([l1.sign()], extra_data=b"anything")
    assert sealed.record.header.withdrawals_root == EMPTY_TRIE_ROOT
    assert sealed.record.header.base_fee_per_gas == next_base_fee(l1.genesis.header, 8, 2)
    assert sealed.record.receipt_extras == (b"",)
    assert execute_block(l1.db, l1.executor, L1, block_of(sealed)) == sealed


def test_receipts_accumulate_gas_and_carry_fees_aside(l2: Network) -> None:
    first, second = deposit(), l2.sign(nonce=1)
    sealed = l2.seal([first, second])
    record = sealed.record
    assert [receipt.cumulative_gas_used for receipt in record.receipts] == [
        sealed.outcomes[0].gas_used,
        sealed.outcomes[0].gas_used + 21_000,
    ]
    assert record.receipts[0].deposit_nonce == 0
    assert record.transaction_hashes == (keccak256(encode_transaction(first)), second.hash)
    assert record.senders == (SENDER, SENDER)
    assert ReceiptFees.decode(record.receipt_extras[0]) is None
    fees = ReceiptFees.decode(record.receipt_extras[1])
    assert fees == ReceiptFees.of(second.raw, fees.params)
    assert fees.l1_fee == sealed.outcomes[1].l1_fee > 0


def test_refused_transaction_leaves_the_builder_as_it_was(l2: Network) -> None:
    builder = l2.builder()
    gap = l2.sign(nonce=4)
    with pytest.raises(NonceTooHigh):
        builder.apply(gap, gap.raw)
    assert (builder.gas_used, builder.gas_left) == (0, 20_000_000)
    assert builder.seal().record.hash == l2.seal([]).record.hash


def test_dropped_builder_writes_nothing(l2: Network) -> None:
    tx = l2.sign()
    l2.builder().apply(tx, tx.raw)
    assert l2.db.flat_head() == l2.genesis.hash
    assert l2.seal([tx]).outcomes[0].succeeded


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state_root", Hash32(b"\1" * 32)),
        ("receipts_root", Hash32(b"\1" * 32)),
        ("transactions_root", Hash32(b"\1" * 32)),
        ("withdrawals_root", Hash32(b"\1" * 32)),
        ("logs_bloom", b"\1" * 256),
        ("gas_used", 1),
        ("gas_limit", 2**63),
        ("number", 7),
        ("base_fee_per_gas", 1),
        ("difficulty", 1),
        ("nonce", b"\1" * 8),
        ("blob_gas_used", 1),
        ("requests_hash", ZERO_HASH),
        ("extra_data", b""),
        ("timestamp", 0),
        ("parent_hash", Hash32(b"\1" * 32)),
    ],
)
def test_replay_refuses_any_field_that_is_not_what_execution_gives(l2: Network, field: str, value: Any) -> None:
    sealed = l2.seal([l2.sign()])
    header = dataclasses.replace(sealed.record.header, **{field: value})
    with pytest.raises(InvalidBlock):
        execute_block(l2.db, l2.executor, L2, Block(header=header, transactions=sealed.record.transactions))


def test_replay_names_the_transaction_that_cannot_be(l2: Network) -> None:
    sealed = l2.seal([l2.sign()])
    twice = Block(header=sealed.record.header, transactions=sealed.record.transactions * 2)
    with pytest.raises(InvalidBlock, match="transaction 1: nonce too low"):
        execute_block(l2.db, l2.executor, L2, twice)


@pytest.mark.parametrize("rules", [L1, L2])
def test_undecodable_transaction_makes_the_block_invalid(checked: CheckedExecutor, rules: ChainRules) -> None:
    network = Network(rules, checked)
    sealed = network.seal([])
    raw = encode_transaction(deposit()) if rules is L1 else b"\x05"
    with pytest.raises(InvalidBlock, match="transaction type not supported"):
        execute_block(network.db, checked, rules, Block(header=sealed.record.header, transactions=(raw,)))


def test_blockhash_follows_the_branch_that_is_built_on(checked: CheckedExecutor) -> None:
    code = "0x6001405f5560024060015500"
    network = Network(L1, checked, {"c0" * 20: {"nonce": "0x1", "code": code}})
    first = network.seal([])
    network.commit(first)
    second = network.seal([])
    network.commit(second)
    tx = network.sign(to=Address(b"\xc0" * 20), gas_limit=100_000, value=0)
    delta = network.seal([tx]).record.delta
    stored = {slot[31]: word[1:] for (_, slot), word in delta.storage.items()}
    assert stored == {0: first.record.hash, 1: second.record.hash}
