"""Deposits: logs, source hashes, aliasing."""

import dataclasses

import pytest

from rollup.codec import (
    DepositError,
    alias_address,
    decode_deposit_log,
    derive_deposits,
    encode_deposit_log,
    unalias_address,
    user_deposit_source_hash,
)
from rollup.codec.deposits import TRANSACTION_DEPOSITED_TOPIC, l1_attributes_source_hash, upgrade_source_hash
from rollup.types import L1Block, L1Receipt, RollupConfig
from state.blocks import EMPTY_TRIE_ROOT, Header, Log
from state.errors import Severity
from state.primitives.crypto import keccak256
from state.primitives.types import ZERO_HASH, Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei
from state.transactions import DepositTransaction

PORTAL = Address(b"\xdd" * 20)
DEPOSIT = DepositTransaction(
    source_hash=ZERO_HASH,
    sender=Address(b"\x01" * 20),
    to=Address(b"\x02" * 20),
    mint=Wei(3),
    value=Wei(4),
    gas_limit=Gas(50_000),
    is_system_transaction=False,
    data=b"calldata",
)
L1_HASH = keccak256(b"l1")


def l1_block(*receipts: L1Receipt) -> L1Block:
    header = Header(
        parent_hash=ZERO_HASH,
        fee_recipient=Address(bytes(20)),
        state_root=ZERO_HASH,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=BlockNumber(1),
        gas_limit=Gas(30_000_000),
        gas_used=Gas(0),
        timestamp=UnixSeconds(12),
        extra_data=b"",
        prev_randao=ZERO_HASH,
        base_fee_per_gas=Wei(7),
        withdrawals_root=EMPTY_TRIE_ROOT,
    )
    return L1Block(hash=L1_HASH, header=header, blob_base_fee=1, transactions=(), receipts=receipts)


def test_source_hashes_equal_op_nodes() -> None:
    l1_hash = Hash32(bytes.fromhex("c00e5d67c2755389aded7d8b151cbd5bcdf7ed275ad5e028b664880fc7581c77"))
    expected = "0586c503340591999b8b38bc9834bb16aec7d5bc00eb5587ab139c9ddab81977"
    assert l1_attributes_source_hash(l1_hash, 4).hex() == expected
    upgrade = "18acb38c5ff1c238a7460ebc1b421fa49ec4874bdf1e0a530d234104e5e67dbc"
    assert upgrade_source_hash("Ecotone: L1 Block Proxy Update").hex() == upgrade
    assert user_deposit_source_hash(l1_hash, 4) != l1_attributes_source_hash(l1_hash, 4)


def test_topic_is_the_portals() -> None:
    assert TRANSACTION_DEPOSITED_TOPIC.hex() == "b3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32"


def test_alias_wraps_around_and_comes_back() -> None:
    assert alias_address(Address(bytes(20))).hex() == "1111000000000000000000000000000000001111"
    top = Address(b"\xff" * 20)
    assert alias_address(top).hex() == "1111000000000000000000000000000000001110"
    assert unalias_address(alias_address(top)) == top


def test_log_index_counts_every_log_of_the_l1_block() -> None:
    other = Log(address=Address(b"\x99" * 20), topics=(), data=b"")
    deposit = encode_deposit_log(DEPOSIT, PORTAL)
    foreign = dataclasses.replace(deposit, address=other.address)
    block = l1_block(
        L1Receipt(succeeded=True, logs=(other, deposit)),
        L1Receipt(succeeded=True, logs=()),
        L1Receipt(succeeded=True, logs=(foreign, other, deposit)),
    )
    first, second = derive_deposits(block, PORTAL)
    assert first == dataclasses.replace(DEPOSIT, source_hash=user_deposit_source_hash(L1_HASH, 1))
    assert second.source_hash == user_deposit_source_hash(L1_HASH, 4)


def test_failed_transactions_deposit_nothing() -> None:
    block = l1_block(L1Receipt(succeeded=False, logs=(encode_deposit_log(DEPOSIT, PORTAL),)))
    assert derive_deposits(block, PORTAL) == ()


def test_creation_has_no_recipient() -> None:
    creation = dataclasses.replace(DEPOSIT, to=None, data=b"")
    decoded = decode_deposit_log(encode_deposit_log(creation, PORTAL), L1_HASH, 0)
    assert decoded.to is None


@pytest.mark.parametrize("damage", ["topics", "version", "offset", "length", "padding", "short", "words"])
def test_malformed_deposit_stops_derivation(damage: str, config: RollupConfig) -> None:
    log = encode_deposit_log(DEPOSIT, config.deposit_contract)
    data = log.data
    damaged = {
        "topics": dataclasses.replace(log, topics=log.topics[:3]),
        "version": dataclasses.replace(log, topics=(*log.topics[:3], Hash32(b"\x01" * 32))),
        "offset": dataclasses.replace(log, data=(64).to_bytes(32, "big") + data[32:]),
        "length": dataclasses.replace(log, data=data[:32] + b"\xff" * 32 + data[64:]),
        "padding": dataclasses.replace(log, data=data + bytes(32)),
        "short": dataclasses.replace(log, data=data[:32] + (72).to_bytes(32, "big") + bytes(96)),
        "words": dataclasses.replace(log, data=data[:-1]),
    }[damage]
    with pytest.raises(DepositError) as caught:
        derive_deposits(l1_block(L1Receipt(succeeded=True, logs=(damaged,))), config.deposit_contract)
    assert caught.value.severity is Severity.CRITICAL
