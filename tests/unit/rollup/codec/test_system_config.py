"""ConfigUpdate logs: each kind, and what is skipped."""

import dataclasses

import pytest

from rollup.codec import (
    CONFIG_UPDATE_TOPIC,
    UpdateType,
    apply_config_updates,
    encode_config_update,
    unsafe_block_signer,
)
from rollup.codec.system_config import ConfigUpdateError, apply_config_update
from rollup.types import L1Receipt, RollupConfig, SystemConfig
from state.blocks import Log
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Hash32

NEW = Address(b"\x77" * 20)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def apply(config: RollupConfig, *logs: Log, succeeded: bool = True) -> SystemConfig:
    receipts = [L1Receipt(succeeded=succeeded, logs=logs)]
    return apply_config_updates(config.genesis.system_config, receipts, config.l1_system_config)


def update(config: RollupConfig, kind: UpdateType, words: bytes) -> Log:
    return encode_config_update(kind, words, config.l1_system_config)


def test_topic_is_the_events() -> None:
    assert keccak256(b"ConfigUpdate(uint256,uint8,bytes)") == CONFIG_UPDATE_TOPIC


@pytest.mark.parametrize(
    ("kind", "words", "changes"),
    [
        (UpdateType.BATCHER, bytes(12) + NEW, {"batcher": NEW}),
        (UpdateType.GAS_LIMIT, word(7_000_000), {"gas_limit": Gas(7_000_000)}),
        (UpdateType.EIP_1559_PARAMS, word(50 << 32 | 6), {"eip1559_denominator": 50, "eip1559_elasticity": 6}),
        (
            UpdateType.OPERATOR_FEE_PARAMS,
            word(9 << 64 | 11),
            {"operator_fee_scalar": 9, "operator_fee_constant": 11},
        ),
        (
            UpdateType.FEE_SCALARS,
            word(1) + b"\x01" + bytes(23) + (5).to_bytes(4, "big") + (6).to_bytes(4, "big"),
            {"blob_base_fee_scalar": 5, "base_fee_scalar": 6},
        ),
        (UpdateType.FEE_SCALARS, word(0) + word(8), {"blob_base_fee_scalar": 0, "base_fee_scalar": 8}),
        (UpdateType.UNSAFE_BLOCK_SIGNER, bytes(12) + NEW, {}),
    ],
)
def test_applies_each_kind(kind: UpdateType, words: bytes, changes: dict[str, int], config: RollupConfig) -> None:
    expected = dataclasses.replace(config.genesis.system_config, **changes)  # type: ignore[arg-type]
    assert apply(config, update(config, kind, words)) == expected


def test_later_updates_win_and_unparsable_ones_are_skipped(config: RollupConfig) -> None:
    first = update(config, UpdateType.GAS_LIMIT, word(1_000_000))
    bad = dataclasses.replace(first, data=first.data + bytes(32))
    last = update(config, UpdateType.GAS_LIMIT, word(2_000_000))
    assert apply(config, first, last, bad).gas_limit == 2_000_000


def test_other_contracts_and_failed_transactions_change_nothing(config: RollupConfig) -> None:
    log = update(config, UpdateType.GAS_LIMIT, word(1))
    assert apply(config, dataclasses.replace(log, address=NEW)) == config.genesis.system_config
    assert apply(config, log, succeeded=False) == config.genesis.system_config


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (UpdateType.BATCHER, b"\x01" + bytes(11) + NEW),
        (UpdateType.GAS_LIMIT, word(2**64)),
        (UpdateType.GAS_LIMIT, word(1) + word(2)),
        (UpdateType.FEE_SCALARS, word(1)),
        (UpdateType.FEE_SCALARS, word(0) + b"\x02" + bytes(31)),
        (UpdateType.FEE_SCALARS, word(0) + b"\x01\x01" + bytes(30)),
    ],
)
def test_refuses_malformed_data(kind: UpdateType, words: bytes, config: RollupConfig) -> None:
    with pytest.raises(ConfigUpdateError):
        apply_config_update(config.genesis.system_config, update(config, kind, words))


def test_refuses_unknown_versions_and_types(config: RollupConfig) -> None:
    log = update(config, UpdateType.GAS_LIMIT, word(1))
    version = (log.topics[0], Hash32(word(1)), log.topics[2])
    kind = (log.topics[0], log.topics[1], Hash32(word(6)))
    for topics in (version, kind, log.topics[:2]):
        with pytest.raises(ConfigUpdateError):
            apply_config_update(config.genesis.system_config, dataclasses.replace(log, topics=topics))


def test_finds_the_new_signer_of_unsafe_blocks(config: RollupConfig) -> None:
    receipt = L1Receipt(succeeded=True, logs=(update(config, UpdateType.UNSAFE_BLOCK_SIGNER, bytes(12) + NEW),))
    assert unsafe_block_signer([receipt], config.l1_system_config) == NEW
    assert unsafe_block_signer([], config.l1_system_config) is None
