"""The SSZ form of blocks, judged by another implementation of SSZ too."""

import pytest
from remerkleable.basic import uint64, uint256
from remerkleable.byte_arrays import ByteList, Bytes32, ByteVector
from remerkleable.complex import Container, List

from p2p.errors import MalformedPayload
from p2p.payload import decode_payload, encode_payload, timestamp_of
from tests.unit.p2p.conftest import NOW, block

TRANSACTIONS = (b"\x7e" + b"\x01" * 90, b"\x02", b"\xf8" + b"\x03" * 400)


class Withdrawal(Container):  # type: ignore[misc]  # remerkleable has no types
    index: uint64
    validator_index: uint64
    address: ByteVector[20]
    amount: uint64


class ExecutionPayload(Container):  # type: ignore[misc]
    """As isthmus/exec-engine.md has it."""

    parent_hash: Bytes32
    fee_recipient: ByteVector[20]
    state_root: Bytes32
    receipts_root: Bytes32
    logs_bloom: ByteVector[256]
    prev_randao: Bytes32
    block_number: uint64
    gas_limit: uint64
    gas_used: uint64
    timestamp: uint64
    extra_data: ByteList[32]
    base_fee_per_gas: uint256
    block_hash: Bytes32
    transactions: List[ByteList[2**30], 2**20]
    withdrawals: List[Withdrawal, 16]
    blob_gas_used: uint64
    excess_blob_gas: uint64
    withdrawals_root: Bytes32


@pytest.mark.parametrize("transactions", [(), TRANSACTIONS[:1], TRANSACTIONS], ids=len)
def test_is_what_another_implementation_of_ssz_writes(transactions: tuple[bytes, ...]) -> None:
    made = block(*transactions)
    header = made.header
    theirs = ExecutionPayload(
        parent_hash=header.parent_hash,
        fee_recipient=header.fee_recipient,
        state_root=header.state_root,
        receipts_root=header.receipts_root,
        logs_bloom=header.logs_bloom,
        prev_randao=header.prev_randao,
        block_number=header.number,
        gas_limit=header.gas_limit,
        gas_used=header.gas_used,
        timestamp=header.timestamp,
        extra_data=header.extra_data,
        base_fee_per_gas=header.base_fee_per_gas,
        block_hash=header.hash,
        transactions=transactions,
        withdrawals=[],
        blob_gas_used=0,
        excess_blob_gas=0,
        withdrawals_root=header.withdrawals_root,
    )
    payload = encode_payload(made, header.hash)
    assert payload == theirs.encode_bytes()
    assert decode_payload(payload, header.parent_beacon_block_root) == made
    assert timestamp_of(payload) == NOW


def test_one_changed_byte_anywhere_is_refused() -> None:
    made = block(*TRANSACTIONS)
    payload = encode_payload(made, made.header.hash)
    for place in range(len(payload)):
        damaged = payload[:place] + bytes((payload[place] ^ 1,)) + payload[place + 1 :]
        with pytest.raises(MalformedPayload):
            decode_payload(damaged, made.header.parent_beacon_block_root)


def test_another_parent_beacon_block_root_is_another_block() -> None:
    made = block()
    with pytest.raises(MalformedPayload, match="is not that of its header"):
        decode_payload(encode_payload(made, made.header.hash), made.header.state_root)


@pytest.mark.parametrize("length", [0, 1, 559, 560, 600])
def test_what_is_cut_off_is_refused(length: int) -> None:
    made = block(*TRANSACTIONS)
    payload = encode_payload(made, made.header.hash)
    with pytest.raises(MalformedPayload):
        decode_payload(payload[:length], made.header.parent_beacon_block_root)


def test_withdrawals_and_blobs_are_refused() -> None:
    made = block(*TRANSACTIONS)
    payload = encode_payload(made, made.header.hash)
    with pytest.raises(MalformedPayload, match="withdrawals must be an empty list"):
        decode_payload(payload + bytes(44), made.header.parent_beacon_block_root)
    with_blob = payload[:512] + b"\x01" + payload[513:]
    with pytest.raises(MalformedPayload, match="blob gas must be 0"):
        decode_payload(with_blob, made.header.parent_beacon_block_root)


def test_a_list_that_claims_more_than_is_there_takes_no_memory() -> None:
    made = block()
    payload = bytearray(encode_payload(made, made.header.hash))
    payload[508:512] = (len(payload) + 4).to_bytes(4, "little")
    payload += (0xFFFF_FFFC).to_bytes(4, "little")
    with pytest.raises(MalformedPayload, match="offsets of the transactions do not fit"):
        decode_payload(bytes(payload), made.header.parent_beacon_block_root)
