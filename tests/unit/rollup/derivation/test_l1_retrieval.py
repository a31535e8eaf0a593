"""Which L1 transactions are batcher transactions."""

import pytest

from rollup.derivation.l1_retrieval import BatcherBlobsUnsupported, L1Retrieval, batcher_calldata
from rollup.types import RollupConfig
from state.errors import Severity
from state.primitives import rlp
from state.primitives.crypto import keccak256, sign_digest
from state.primitives.types import ZERO_HASH, Address, Gas, Wei
from state.transactions import DepositTransaction, TransactionType, encode_transaction
from tests.unit.rollup.codec.builders import KEY, make_transaction
from tests.unit.rollup.derivation.model import OTHER_KEY, L1Chain, batcher_of, inbox_transaction

BATCHER = batcher_of(KEY)


def blob_transaction(config: RollupConfig, key: bytes, to: Address) -> bytes:
    fields: list[rlp.Item] = [
        b"\x03\x84",
        b"",
        b"\x01",
        b"\x01",
        b"\x52\x08",
        to,
        b"",
        b"calldata",
        [],
        b"\x01",
        [b"\x01" * 32],
    ]
    y_parity, r, s = sign_digest(key, keccak256(b"\x03" + rlp.encode(fields)))
    return b"\x03" + rlp.encode([*fields, *map(rlp.int_to_bytes, (y_parity, r, s))])


def nested_deposit(config: RollupConfig, sender: Address) -> bytes:
    return encode_transaction(
        DepositTransaction(
            source_hash=ZERO_HASH,
            sender=sender,
            to=config.batch_inbox,
            mint=Wei(0),
            value=Wei(0),
            gas_limit=Gas(1),
            is_system_transaction=False,
            data=b"nested",
        )
    )


def test_takes_calldata_of_the_batcher_to_the_inbox(config: RollupConfig) -> None:
    for kind in (TransactionType.LEGACY, TransactionType.ACCESS_LIST, TransactionType.DYNAMIC_FEE):
        raw = inbox_transaction(config, b"data", kind=kind)
        assert batcher_calldata(raw, config.batch_inbox, BATCHER) == b"data"
        assert batcher_calldata(raw, config.batch_inbox, batcher_of(OTHER_KEY)) is None
        assert batcher_calldata(raw, config.deposit_contract, BATCHER) is None


def test_set_code_transactions_are_not_batcher_transactions(config: RollupConfig) -> None:
    raw = make_transaction(TransactionType.SET_CODE, to=config.batch_inbox, data=b"data")
    assert batcher_calldata(raw, config.batch_inbox, BATCHER) is None


def test_takes_a_deposit_whose_sender_is_the_batcher(config: RollupConfig) -> None:
    assert batcher_calldata(nested_deposit(config, BATCHER), config.batch_inbox, BATCHER) == b"nested"
    assert batcher_calldata(nested_deposit(config, config.batch_inbox), config.batch_inbox, BATCHER) is None


def test_a_transaction_that_only_mentions_the_inbox_is_none(config: RollupConfig) -> None:
    raw = make_transaction(data=config.batch_inbox)
    assert batcher_calldata(raw, config.batch_inbox, BATCHER) is None
    for garbage in (config.batch_inbox, b"\x03" + config.batch_inbox, b"\x02" + config.batch_inbox):
        assert batcher_calldata(garbage, config.batch_inbox, BATCHER) is None


def test_blobs_of_the_batcher_stop_derivation_and_those_of_others_do_not(config: RollupConfig) -> None:
    inbox = config.batch_inbox
    assert batcher_calldata(blob_transaction(config, OTHER_KEY, inbox), inbox, BATCHER) is None
    elsewhere = blob_transaction(config, KEY, config.deposit_contract)
    assert batcher_calldata(elsewhere, inbox, BATCHER) is None
    with pytest.raises(BatcherBlobsUnsupported) as caught:
        batcher_calldata(blob_transaction(config, KEY, inbox), inbox, BATCHER)
    assert caught.value.severity is Severity.CRITICAL


def test_gives_a_blocks_data_in_order_and_forgets_it_on_reset(config: RollupConfig, l1: L1Chain) -> None:
    block = l1.mine(inbox_transaction(config, b"one"), make_transaction(), inbox_transaction(config, b"two"))
    retrieval = L1Retrieval(config)
    retrieval.load(block, config.genesis.system_config)
    assert [retrieval.next_data(), retrieval.next_data(), retrieval.next_data()] == [b"one", b"two", None]
    retrieval.load(block, config.genesis.system_config)
    retrieval.reset()
    assert retrieval.next_data() is None
