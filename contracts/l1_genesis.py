"""The simulated L1's genesis.json: a plain Ethereum chain at Prague with every L1 contract in place."""

from __future__ import annotations

from typing import Any

from contracts.addresses import ZERO
from contracts.allocation import Allocation
from contracts.artifacts import artifact
from contracts.genesis import chain_config, genesis_header, place_preinstalls
from contracts.genesis_config import TOTAL_SUPPLY, GenesisConfig
from contracts.l1_contracts import l1_contracts

_BLOB_SCHEDULE = {
    "cancun": {"target": 3, "max": 6, "baseFeeUpdateFraction": 3_338_477},
    "prague": {"target": 6, "max": 9, "baseFeeUpdateFraction": 5_007_716},
}


def l1_genesis(config: GenesisConfig) -> dict[str, Any]:
    """genesis.json of the simulated L1. The portal holds the OPEN that exists on L2."""
    header = genesis_header(
        timestamp=config.timestamp,
        gas_limit=config.l1_gas_limit,
        base_fee=config.base_fee_per_gas,
        extra_data=b"",
        coinbase=ZERO,
    )
    chain = chain_config(config.l1_chain_id) | {"blobSchedule": _BLOB_SCHEDULE}
    return {"config": chain, **header, "alloc": l1_allocation(config).to_json()}


def l1_allocation(config: GenesisConfig) -> Allocation:
    """All accounts of the simulated L1's genesis."""
    allocation = Allocation()
    place_preinstalls(allocation)
    for contract in l1_contracts(config):
        if contract.name != "Multicall3":  # one of the preinstalls
            where = config.l1_contracts[contract.name]
            allocation.place(where, artifact(contract.name).runtime, contract.storage)
    allocation.fund(config.l1_accounts)
    allocation.fund([(config.l1_contracts["OptimismPortal"], TOTAL_SUPPLY)])
    return allocation
