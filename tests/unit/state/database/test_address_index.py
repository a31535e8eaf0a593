"""Which transactions an address appears in, from which block on that is known, and that a reorg takes it back."""

from random import Random

import pytest

from state.blocks import Log, Receipt
from state.database import BlockRecord, ChainDatabase, Heads, MemoryStore, WriteBatch, schema
from state.database.address_index import Participants, index_addresses
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei
from state.transactions import (
    DepositTransaction,
    SignedTransaction,
    TransactionType,
    encode_transaction,
    sign_transaction,
)
from tests.unit.state.database.chain_blocks import World, address, block_record, log, record_for

SENDER, RECIPIENT, EMITTER = address(1), address(2), address(3)


def signed(kind: TransactionType, *, to: Address | None, nonce: int = 7) -> bytes:
    fields = SignedTransaction(
        type=kind, chain_id=5, nonce=Nonce(nonce), gas_limit=Gas(21_000), max_fee_per_gas=Wei(2),
        max_priority_fee_per_gas=Wei(2), to=to, value=Wei(300), data=b"\1\2", y_parity=0, r=0, s=0,
    )  # fmt: skip
    return sign_transaction(fields, b"\1" * 32).raw


def deposit(to: Address | None) -> bytes:
    return encode_transaction(
        DepositTransaction(
            source_hash=Hash32(b"\5" * 32), sender=SENDER, to=to, mint=Wei(1), value=Wei(1), gas_limit=Gas(21_000),
            is_system_transaction=False, data=b"",
        )
    )  # fmt: skip


def created(nonce: int) -> Address:
    return Address(keccak256(rlp.encode([SENDER, rlp.int_to_bytes(nonce)]))[12:])


def indexed(raw: bytes, *logs: Log, deposit_nonce: int | None = None) -> set[Address]:
    kind = TransactionType(raw[0]) if raw[0] < 0x80 else TransactionType.LEGACY
    receipt = Receipt(
        type=kind, succeeded=True, cumulative_gas_used=Gas(1), logs=logs,
        deposit_nonce=None if deposit_nonce is None else Nonce(deposit_nonce),
    )  # fmt: skip
    batch = WriteBatch()
    index_addresses(9, Participants(transactions=[raw], senders=[SENDER], receipts=[receipt]), batch)
    assert {key[-8:] for key in batch.operations} == {(9).to_bytes(8, "big")}
    assert set(batch.operations.values()) == {bytes(4)}
    return {Address(key[1:21]) for key in batch.operations}


SIGNED = [kind for kind in TransactionType if kind in (0, 1, 2)]


@pytest.mark.parametrize("kind", SIGNED)
def test_sender_recipient_and_emitters_are_found_in_every_type(kind: TransactionType) -> None:
    raw = signed(kind, to=RECIPIENT)
    assert indexed(raw, log(3), log(3)) == {SENDER, RECIPIENT, EMITTER}


@pytest.mark.parametrize("kind", SIGNED)
@pytest.mark.parametrize("nonce", [0, 7, 300])
def test_created_contract_stands_for_a_recipient(kind: TransactionType, nonce: int) -> None:
    assert indexed(signed(kind, to=None, nonce=nonce)) == {SENDER, created(nonce)}


def test_deposits_take_their_nonce_from_the_receipt() -> None:
    assert indexed(deposit(RECIPIENT), deposit_nonce=3) == {SENDER, RECIPIENT}
    assert indexed(deposit(None), deposit_nonce=3) == {SENDER, created(3)}


@pytest.mark.parametrize("raw", [b"raw", b"\x02\xc0", b"\x03\xc0", b"\xc0"])
def test_bytes_that_are_no_transaction_have_a_sender_only(raw: bytes) -> None:
    batch = WriteBatch()
    receipt = Receipt(type=TransactionType.LEGACY, succeeded=True, cumulative_gas_used=Gas(1), logs=())
    index_addresses(1, Participants(transactions=[raw], senders=[SENDER], receipts=[receipt]), batch)
    assert [Address(key[1:21]) for key in batch.operations] == [SENDER]


class Chain:
    """A chain whose blocks each have a log of EMITTER."""

    def __init__(self, *, index: bool) -> None:
        self.store = MemoryStore()
        self.db = ChainDatabase(self.store, index_addresses=index)
        self.blocks = [block_record(None)]
        self.db.initialise(self.blocks[0])

    def restart(self, *, index: bool) -> None:
        self.db = ChainDatabase(self.store, index_addresses=index)

    def heads(self, tip: BlockRecord) -> Heads:
        return Heads(unsafe=tip.hash, safe=self.blocks[0].hash, finalized=self.blocks[0].hash)

    def commit(self, count: int = 1) -> None:
        for _ in range(count):
            record = block_record(self.blocks[-1], logs_by_transaction=((), (log(3),)), salt=bytes([len(self.blocks)]))
            self.db.commit_block(record, self.heads(record))
            self.blocks.append(record)

    def rewind(self, number: int) -> None:
        del self.blocks[number + 1 :]
        self.db.rewind_to(self.blocks[-1].hash, self.heads(self.blocks[-1]))

    def rows(self, first: int = 0, last: int = 99, *, newest_first: bool = False) -> list[tuple[int, tuple[int, ...]]]:
        return list(self.db.address_transactions(EMITTER, first, last, newest_first=newest_first))


def test_rows_come_in_either_order_and_end_with_the_range() -> None:
    chain = Chain(index=True)
    chain.commit(5)
    assert chain.rows() == [(number, (1,)) for number in range(1, 6)]
    assert chain.rows(2, 3, newest_first=True) == [(3, (1,)), (2, (1,))]
    assert chain.rows(4, 3) == []
    assert chain.db.addresses_indexed_from == 0


def test_rewound_blocks_leave_no_row() -> None:
    chain = Chain(index=True)
    chain.commit(5)
    chain.rewind(2)
    assert [number for number, _ in chain.rows()] == [1, 2]
    chain.commit()
    assert [number for number, _ in chain.rows()] == [1, 2, 3]


def test_index_that_is_switched_on_later_says_where_it_begins() -> None:
    chain = Chain(index=False)
    chain.commit(3)
    assert (chain.rows(), chain.db.addresses_indexed_from) == ([], None)
    chain.restart(index=True)
    chain.commit(2)
    assert [number for number, _ in chain.rows()] == [4, 5]
    assert chain.db.addresses_indexed_from == 4
    chain.rewind(2)
    chain.commit(2)
    assert chain.db.addresses_indexed_from == 3
    assert [number for number, _ in chain.rows()] == [3, 4]


def test_index_with_a_gap_begins_after_the_gap() -> None:
    chain = Chain(index=True)
    chain.commit(2)
    chain.restart(index=False)
    assert chain.db.addresses_indexed_from == 0, "nothing is missing yet"
    chain.commit()
    assert chain.db.addresses_indexed_from is None
    chain.restart(index=True)
    chain.commit()
    assert chain.db.addresses_indexed_from == 4


def test_database_without_the_index_writes_none_of_it() -> None:
    chain = Chain(index=False)
    world = World()
    record = record_for(chain.blocks[0], world, world, chain.db.get_node, Random(1))
    chain.db.commit_block(record, chain.heads(record))
    prefix = schema.ADDRESS_TRANSACTIONS
    assert list(chain.store.iterate(start=prefix, stop=schema.prefix_end(prefix))) == []
