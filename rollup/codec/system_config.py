"""ConfigUpdate logs of SystemConfig on L1, applied to the system config.

    event ConfigUpdate(uint256 indexed version, uint8 indexed updateType, bytes data)     version 0

`data` holds one word, or two for the fee scalars. An update that can't be parsed is skipped.
Source: specs/protocol/system-config.md, holocene/system-config.md, isthmus/system-config.md.
"""

import dataclasses
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Final

from rollup.errors import CodecError
from rollup.types import L1Receipt, SystemConfig
from state.blocks import Log
from state.primitives.types import UINT64_MAX, Address, Gas, Hash32

CONFIG_UPDATE_TOPIC: Final = Hash32(bytes.fromhex("1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be"))
_SCALAR_BEDROCK: Final = 0
_SCALAR_ECOTONE: Final = 1


class ConfigUpdateError(CodecError):
    """A ConfigUpdate log that can't be parsed; derivation skips it."""


class UpdateType(IntEnum):
    """What a ConfigUpdate changes."""

    BATCHER = 0
    FEE_SCALARS = 1
    GAS_LIMIT = 2
    UNSAFE_BLOCK_SIGNER = 3
    EIP_1559_PARAMS = 4
    OPERATOR_FEE_PARAMS = 5


def apply_config_updates(
    system_config: SystemConfig, receipts: Iterable[L1Receipt], l1_system_config: Address
) -> SystemConfig:
    """The system config after an L1 block with `receipts`, of which only logs of `l1_system_config` matter."""
    for log in _config_logs(receipts, l1_system_config):
        try:
            system_config = apply_config_update(system_config, log)
        except ConfigUpdateError:
            continue
    return system_config


def apply_config_update(system_config: SystemConfig, log: Log) -> SystemConfig:
    """The system config after one ConfigUpdate log. Raises ConfigUpdateError if it can't be parsed."""
    kind, words = _parse(log)
    return _APPLY[kind](system_config, words)


def unsafe_block_signer(receipts: Iterable[L1Receipt], l1_system_config: Address) -> Address | None:
    """The signer of unsafe blocks that an L1 block with `receipts` appoints, if it does."""
    signer = None
    for log in _config_logs(receipts, l1_system_config):
        try:
            kind, words = _parse(log)
            signer = _address(words[0]) if kind == UpdateType.UNSAFE_BLOCK_SIGNER else signer
        except ConfigUpdateError:
            continue
    return signer


def encode_config_update(kind: UpdateType, words: bytes, l1_system_config: Address) -> Log:
    """The log that SystemConfig emits; `words` are the one or two 32-byte words of its data."""
    topics = (CONFIG_UPDATE_TOPIC, Hash32(bytes(32)), Hash32(int(kind).to_bytes(32, "big")))
    data = (32).to_bytes(32, "big") + len(words).to_bytes(32, "big") + words
    return Log(address=l1_system_config, topics=topics, data=data)


def _config_logs(receipts: Iterable[L1Receipt], l1_system_config: Address) -> Iterable[Log]:
    for receipt in receipts:
        if not receipt.succeeded:
            continue
        for log in receipt.logs:
            if log.address == l1_system_config and log.topics[:1] == (CONFIG_UPDATE_TOPIC,):
                yield log


def _parse(log: Log) -> tuple[UpdateType, tuple[bytes, ...]]:
    """(type, words of its data)."""
    if len(log.topics) != 3 or any(log.topics[1]):
        raise ConfigUpdateError("not a ConfigUpdate of version 0")
    try:
        kind = UpdateType(int.from_bytes(log.topics[2], "big"))
    except ValueError as error:
        raise ConfigUpdateError(f"config update of unknown type: 0x{log.topics[2].hex()}") from error
    size = 64 if kind == UpdateType.FEE_SCALARS else 32
    head = (32).to_bytes(32, "big") + size.to_bytes(32, "big")
    if len(log.data) != 64 + size or log.data[:64] != head:
        raise ConfigUpdateError(f"config update {kind.name} has malformed data: 0x{log.data.hex()}")
    return kind, tuple(log.data[at : at + 32] for at in range(64, 64 + size, 32))


def _address(word: bytes) -> Address:
    if any(word[:12]):
        raise ConfigUpdateError(f"config update holds no address: 0x{word.hex()}")
    return Address(word[12:])


def _apply_batcher(config: SystemConfig, words: tuple[bytes, ...]) -> SystemConfig:
    return dataclasses.replace(config, batcher=_address(words[0]))


def _apply_fee_scalars(config: SystemConfig, words: tuple[bytes, ...]) -> SystemConfig:
    scalar = words[1]
    padding = {_SCALAR_BEDROCK: scalar[1:28], _SCALAR_ECOTONE: scalar[1:24]}.get(scalar[0])
    if padding is None or any(padding):
        raise ConfigUpdateError(f"fee scalar is not Ecotone's: 0x{scalar.hex()}")
    return dataclasses.replace(
        config,
        base_fee_scalar=int.from_bytes(scalar[28:], "big"),
        blob_base_fee_scalar=int.from_bytes(scalar[24:28], "big"),
    )


def _apply_gas_limit(config: SystemConfig, words: tuple[bytes, ...]) -> SystemConfig:
    gas_limit = int.from_bytes(words[0], "big")
    if gas_limit > UINT64_MAX:
        raise ConfigUpdateError(f"gas limit exceeds 64 bits: got {gas_limit}")
    return dataclasses.replace(config, gas_limit=Gas(gas_limit))


def _apply_unsafe_block_signer(config: SystemConfig, words: tuple[bytes, ...]) -> SystemConfig:
    # Gossip obeys it; derivation has no use for it.
    return config


def _apply_eip_1559_params(config: SystemConfig, words: tuple[bytes, ...]) -> SystemConfig:
    return dataclasses.replace(
        config,
        eip1559_denominator=int.from_bytes(words[0][24:28], "big"),
        eip1559_elasticity=int.from_bytes(words[0][28:], "big"),
    )


def _apply_operator_fee_params(config: SystemConfig, words: tuple[bytes, ...]) -> SystemConfig:
    return dataclasses.replace(
        config,
        operator_fee_scalar=int.from_bytes(words[0][20:24], "big"),
        operator_fee_constant=int.from_bytes(words[0][24:], "big"),
    )


_APPLY: Final[dict[UpdateType, Callable[[SystemConfig, tuple[bytes, ...]], SystemConfig]]] = {
    UpdateType.BATCHER: _apply_batcher,
    UpdateType.FEE_SCALARS: _apply_fee_scalars,
    UpdateType.GAS_LIMIT: _apply_gas_limit,
    UpdateType.UNSAFE_BLOCK_SIGNER: _apply_unsafe_block_signer,
    UpdateType.EIP_1559_PARAMS: _apply_eip_1559_params,
    UpdateType.OPERATOR_FEE_PARAMS: _apply_operator_fee_params,
}
