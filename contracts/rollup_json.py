"""rollup.json in op-node's format, and the L1 contracts' addresses in our own."""

from __future__ import annotations

from typing import Any

from contracts.addresses import ZERO, checksum, to_hex
from contracts.genesis_config import GenesisConfig

_FORKS = ("regolith", "canyon", "delta", "ecotone", "fjord", "granite", "holocene", "isthmus")

MAX_SEQUENCER_DRIFT = 1_800
"""Seconds; fixed by Fjord."""
CHANNEL_TIMEOUT = 300
"""L1 blocks before Granite; since then it is 50 whatever the file says."""


def rollup_config(
    config: GenesisConfig, *, l1_hash: bytes, l1_number: int, l2_hash: bytes, l2_number: int = 0
) -> dict[str, Any]:
    """rollup.json of a network whose genesis blocks have these hashes and numbers."""
    return {
        "genesis": {
            "l1": {"hash": to_hex(l1_hash), "number": l1_number},
            "l2": {"hash": to_hex(l2_hash), "number": l2_number},
            "l2_time": config.timestamp,
            "system_config": system_config(config),
        },
        "block_time": config.block_time,
        "max_sequencer_drift": MAX_SEQUENCER_DRIFT,
        "seq_window_size": config.seq_window_size,
        "channel_timeout": CHANNEL_TIMEOUT,
        "l1_chain_id": config.l1_chain_id,
        "l2_chain_id": config.l2_chain_id,
        **{f"{fork}_time": 0 for fork in _FORKS},
        "batch_inbox_address": to_hex(config.l1_contracts["BatchInbox"]),
        "deposit_contract_address": to_hex(config.l1_contracts["OptimismPortal"]),
        "l1_system_config_address": to_hex(config.l1_contracts["SystemConfig"]),
        "protocol_versions_address": to_hex(ZERO),
        "chain_op_config": {
            "eip1559Elasticity": config.eip1559_elasticity,
            "eip1559Denominator": config.eip1559_denominator,
            "eip1559DenominatorCanyon": config.eip1559_denominator,
        },
    }


def system_config(config: GenesisConfig) -> dict[str, Any]:
    """op-node's `system_config` object."""
    eip1559 = config.extra_data[1:]
    operator = config.operator_fee_scalar.to_bytes(4, "big") + config.operator_fee_constant.to_bytes(8, "big")
    return {
        "batcherAddr": to_hex(config.batcher),
        "overhead": to_hex(bytes(32)),
        "scalar": to_hex(config.scalar),
        "gasLimit": config.gas_limit,
        "eip1559Params": to_hex(eip1559),
        "operatorFeeParams": to_hex(operator.rjust(32, b"\0")),
    }


def contract_addresses(config: GenesisConfig) -> dict[str, str]:
    """L1 contract name → checksummed address: devnet.json's `l1.contracts`."""
    return {name: checksum(where) for name, where in config.l1_contracts.items()}
