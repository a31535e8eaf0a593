"""The L2's genesis.json, in op-geth's format: predeploys with their storage, and 1,000,000,000 OPEN."""

from __future__ import annotations

from typing import Any

from contracts import addresses
from contracts.addresses import FEE_VAULTS, OP_PREDEPLOYS, OPEN_IMPLEMENTATIONS, OPEN_PREDEPLOYS, to_hex
from contracts.allocation import Allocation
from contracts.artifacts import artifact
from contracts.assembled.proxy import ADMIN_SLOT, IMPLEMENTATION_SLOT
from contracts.errors import GenesisInconsistent
from contracts.genesis_config import TOTAL_SUPPLY, UPFRONT, GenesisConfig
from contracts.l1_contracts import l2_counterparts
from contracts.open_genesis import open_balances, open_storage
from contracts.storage import Storage, storage_words, word

_FORK_BLOCKS = (
    "homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul",
    "muirGlacier", "berlin", "london", "arrowGlacier", "grayGlacier", "mergeNetsplit",
)  # fmt: skip
_OP_FORKS = ("regolith", "canyon", "ecotone", "fjord", "granite", "holocene", "isthmus")

VAULT_PAYS_ON_L2 = 1


def l2_genesis(config: GenesisConfig) -> dict[str, Any]:
    """genesis.json of the L2. Raises GenesisInconsistent unless the supply is exact to the wei."""
    chain: dict[str, Any] = {
        **chain_config(config.l2_chain_id),
        "bedrockBlock": 0,
        **{f"{fork}Time": 0 for fork in _OP_FORKS},
        "optimism": {
            "eip1559Elasticity": config.eip1559_elasticity,
            "eip1559Denominator": config.eip1559_denominator,
            "eip1559DenominatorCanyon": config.eip1559_denominator,
        },
    }
    header = genesis_header(
        timestamp=config.timestamp,
        gas_limit=config.gas_limit,
        base_fee=config.base_fee_per_gas,
        extra_data=config.extra_data,
        coinbase=addresses.SEQUENCER_FEE_VAULT,
    )
    return {"config": chain, **header, "alloc": l2_allocation(config).to_json()}


def l2_allocation(config: GenesisConfig) -> Allocation:
    """All accounts of the L2's genesis."""
    allocation = Allocation()
    place_preinstalls(allocation)
    allocation.place(addresses.PERMIT2, artifact("Permit2").runtime)
    allocation.place(addresses.PERMIT2_LOGIC, artifact("Permit2Logic").runtime)
    _place_op_predeploys(allocation, config)
    _place_open_predeploys(allocation, config)
    _fund(allocation, config)
    if allocation.total() != TOTAL_SUPPLY:
        raise GenesisInconsistent(f"genesis holds {allocation.total()} wei, expected {TOTAL_SUPPLY}")
    return allocation


def place_preinstalls(allocation: Allocation) -> None:
    """System contracts and tools that L1 and L2 have in common."""
    for name, where in (
        ("BeaconRoots", addresses.BEACON_ROOTS),
        ("HistoryStorage", addresses.HISTORY_STORAGE),
        ("Create2Deployer", addresses.CREATE2_DEPLOYER),
        ("Multicall3", addresses.MULTICALL3),
    ):
        allocation.place(where, artifact(name).runtime)


def chain_config(chain_id: int) -> dict[str, Any]:
    """geth's chain configuration with every Ethereum fork up to Prague at genesis."""
    return {
        "chainId": chain_id,
        **{f"{fork}Block": 0 for fork in _FORK_BLOCKS},
        "shanghaiTime": 0,
        "cancunTime": 0,
        "pragueTime": 0,
        "terminalTotalDifficulty": 0,
        "terminalTotalDifficultyPassed": True,
    }


def genesis_header(
    *, timestamp: int, gas_limit: int, base_fee: int, extra_data: bytes, coinbase: bytes
) -> dict[str, Any]:
    """Header fields of a genesis.json at Prague."""
    return {
        "nonce": "0x0",
        "timestamp": hex(timestamp),
        "extraData": to_hex(extra_data),
        "gasLimit": hex(gas_limit),
        "difficulty": "0x0",
        "mixHash": to_hex(bytes(32)),
        "coinbase": to_hex(coinbase),
        "number": "0x0",
        "gasUsed": "0x0",
        "parentHash": to_hex(bytes(32)),
        "baseFeePerGas": hex(base_fee),
        "excessBlobGas": "0x0",
        "blobGasUsed": "0x0",
    }


def _place_op_predeploys(allocation: Allocation, config: GenesisConfig) -> None:
    for name, where in OP_PREDEPLOYS.items():
        source = artifact("FeeVault" if name in FEE_VAULTS else name)
        allocation.place(where, source.runtime, storage_words(source, _op_values(name, config)))


def _op_values(name: str, config: GenesisConfig) -> dict[str, Any]:
    if name in FEE_VAULTS:
        return {
            "recipient": config.fee_recipient,
            "minWithdrawalAmount": config.min_vault_withdrawal,
            "withdrawalNetwork": VAULT_PAYS_ON_L2,
        }
    return l2_counterparts(config).get(name, {})


def _place_open_predeploys(allocation: Allocation, config: GenesisConfig) -> None:
    """A proxy with the contract's storage at each address, its implementation beside."""
    storage = open_storage(config)
    for name, where in OPEN_PREDEPLOYS.items():
        implementation = OPEN_IMPLEMENTATIONS[name]
        allocation.place(implementation, artifact(name).runtime)
        proxy: Storage = {ADMIN_SLOT: word(config.timelock), IMPLEMENTATION_SLOT: word(implementation)}
        allocation.place(where, artifact("Proxy").runtime, storage.get(name, {}) | proxy)


def _fund(allocation: Allocation, config: GenesisConfig) -> None:
    """Upfront parts to their beneficiaries, named accounts out of community's, the rest where OPEN keeps it."""
    allocation.fund(config.accounts)
    named = sum(amount for _, amount in config.accounts)
    for tranche, amount in UPFRONT.items():
        allocation.fund([(config.beneficiaries[tranche], amount - (named if tranche == "community" else 0))])
    allocation.fund((OPEN_PREDEPLOYS[name], amount) for name, amount in open_balances(config).items())
