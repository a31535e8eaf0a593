"""Output roots, withdrawals, L1 attributes and references."""

import dataclasses

import pytest
from eth_abi.abi import encode as abi_encode

from rollup.codec import (
    L1Attributes,
    L1AttributesError,
    Output,
    OutputError,
    WithdrawalError,
    blob_base_fee,
    decode_l1_attributes_deposit,
    decode_message_passed,
    l1_attributes_deposit,
    l2_block_ref,
    output_of,
    output_root,
    sent_message_key,
    system_config_of,
    withdrawal_hash,
    withdrawals_in,
)
from rollup.codec.l1_attributes import CANCUN_BLOB_FRACTION
from rollup.codec.withdrawals import MESSAGE_PASSED_TOPIC, MESSAGE_PASSER_ADDRESS, versioned_nonce
from rollup.types import BlockId, RollupConfig, Withdrawal
from state.blocks import Header, Log, encode_holocene_extra_data
from state.primitives.crypto import keccak256
from state.primitives.types import Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei
from tests.unit.rollup.codec.builders import make_transaction
from tests.unit.rollup.codec.test_deposits import l1_block

WITHDRAWAL = Withdrawal(
    nonce=versioned_nonce(5),
    sender=Address(b"\x01" * 20),
    target=Address(b"\x02" * 20),
    value=Wei(10**18),
    gas_limit=Gas(100_000),
    data=b"thirty-three bytes of call data..",
)


def message_passed(withdrawal: Withdrawal) -> Log:
    values = (withdrawal.value, withdrawal.gas_limit, withdrawal.data, withdrawal_hash(withdrawal))
    return Log(
        address=MESSAGE_PASSER_ADDRESS,
        topics=(
            MESSAGE_PASSED_TOPIC,
            Hash32(withdrawal.nonce.to_bytes(32, "big")),
            Hash32(bytes(12) + withdrawal.sender),
            Hash32(bytes(12) + withdrawal.target),
        ),
        data=abi_encode(("uint256", "uint256", "bytes", "bytes32"), values),
    )


def test_withdrawal_hash_is_the_hash_of_its_abi_encoding() -> None:
    fields = dataclasses.astuple(WITHDRAWAL)
    encoded = abi_encode(("uint256", "address", "address", "uint256", "uint256", "bytes"), fields)
    assert withdrawal_hash(WITHDRAWAL) == keccak256(encoded)


def test_sent_message_key_is_solidity_mapping_in_slot_zero() -> None:
    message = withdrawal_hash(WITHDRAWAL)
    assert sent_message_key(message) == keccak256(message + bytes(32))


def test_withdrawals_come_back_from_a_blocks_logs() -> None:
    log = message_passed(WITHDRAWAL)
    foreign = dataclasses.replace(log, address=Address(b"\x09" * 20))
    assert withdrawals_in([foreign, log]) == (WITHDRAWAL,)


def test_refuses_a_message_that_contradicts_its_hash() -> None:
    log = message_passed(WITHDRAWAL)
    with pytest.raises(WithdrawalError, match="contradicts"):
        decode_message_passed(dataclasses.replace(log, data=(1).to_bytes(32, "big") + log.data[32:]))
    for bad in (log.data[:128], log.data[:128] + b"\xff" * 32, log.data[:64] + bytes(32) + log.data[96:]):
        with pytest.raises(WithdrawalError):
            decode_message_passed(dataclasses.replace(log, data=bad))


def test_output_root_is_the_hash_of_four_words() -> None:
    output = Output(
        state_root=Hash32(b"\x01" * 32),
        message_passer_storage_root=Hash32(b"\x02" * 32),
        block_hash=Hash32(b"\x03" * 32),
    )
    assert output.root == keccak256(bytes(32) + b"\x01" * 32 + b"\x02" * 32 + b"\x03" * 32)
    assert Output.decode(output.encode()) == output
    for bad in (output.encode()[:-1], b"\x01" + output.encode()[1:]):
        with pytest.raises(OutputError):
            Output.decode(bad)


def l2_header(config: RollupConfig, number: int) -> Header:
    return dataclasses.replace(
        l1_block().header,
        number=BlockNumber(number),
        timestamp=UnixSeconds(config.genesis.l2_time + number * 2),
        gas_limit=Gas(15_000_000),
        extra_data=encode_holocene_extra_data(250, 6),
    )


def test_reference_and_system_config_are_read_from_the_block_itself(config: RollupConfig) -> None:
    system = dataclasses.replace(config.genesis.system_config, operator_fee_scalar=7, operator_fee_constant=8)
    header = l2_header(config, 5)
    transactions = [l1_attributes_deposit(l1_block(), system, 3), make_transaction()]
    ref = l2_block_ref(header, header.hash, transactions, config)
    assert (ref.number, ref.hash, ref.parent_hash) == (5, header.hash, header.parent_hash)
    assert (ref.l1_origin, ref.sequence_number) == (l1_block().ref.id, 3)
    expected = dataclasses.replace(system, gas_limit=Gas(15_000_000), eip1559_denominator=250, eip1559_elasticity=6)
    assert system_config_of(header, transactions, config) == expected
    assert output_of(header, header.hash).root == output_root(header, header.hash)


def test_genesis_answers_from_rollup_json(config: RollupConfig) -> None:
    header = l2_header(config, 0)
    ref = l2_block_ref(header, config.genesis.l2.hash, (), config)
    assert ref.l1_origin == BlockId(hash=config.genesis.l1.hash, number=100)
    assert system_config_of(header, (), config) == config.genesis.system_config
    with pytest.raises(L1AttributesError, match="contradicts"):
        l2_block_ref(header, header.hash, (), config)


def test_a_block_without_l1_attributes_has_no_reference(config: RollupConfig) -> None:
    header = l2_header(config, 1)
    for transactions in ((), (make_transaction(),), (b"\x7e\xc0",)):
        with pytest.raises(L1AttributesError):
            l2_block_ref(header, header.hash, transactions, config)


def test_l1_attributes_have_one_layout(config: RollupConfig) -> None:
    raw = l1_attributes_deposit(l1_block(), config.genesis.system_config, 0)
    attributes = decode_l1_attributes_deposit(raw)
    calldata = attributes.encode()
    assert (len(calldata), calldata[:4].hex()) == (176, "098999be")
    for bad in (calldata[:-1], b"\x00" * 4 + calldata[4:], calldata[:132] + b"\x01" + calldata[133:]):
        with pytest.raises(L1AttributesError):
            L1Attributes.decode(bad)
    with pytest.raises(L1AttributesError, match="out of range"):
        dataclasses.replace(attributes, base_fee_scalar=2**32).encode()


@pytest.mark.parametrize(
    ("excess", "expected"),
    [(0, 1), (2_314_057, 1), (2_314_058, 2), (10 * 1024 * 1024, 23)],
)
def test_blob_base_fee_equals_the_published_cancun_values(excess: int, expected: int) -> None:
    assert blob_base_fee(excess, CANCUN_BLOB_FRACTION) == expected
