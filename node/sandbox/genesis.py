"""A sandbox's genesis: the devnet's, with what the L1-attributes deposit would write already in L1Block."""

from typing import Any, Final

from contracts.addresses import L1_BLOCK, to_hex
from contracts.genesis import l2_genesis
from node.devnet.network import devnet_genesis_config

L1_CHAIN_ID: Final = 900
BLOB_BASE_FEE: Final = 1
"""Wei, L1's least."""


def sandbox_genesis(*, timestamp: int, chain_id: int, gas_limit: int, l1_base_fee: int) -> dict[str, Any]:
    """genesis.json. `l1_base_fee`, in wei a gas, is what the L1 fee is computed from for ever; with 0 there is none."""
    config = devnet_genesis_config(
        timestamp=timestamp, l2_chain_id=chain_id, l1_chain_id=L1_CHAIN_ID, block_time=1, gas_limit=gas_limit
    )
    genesis = l2_genesis(config)
    slots = {
        0: timestamp << 64,
        1: l1_base_fee,
        3: config.base_fee_scalar << 96 | config.blob_base_fee_scalar << 64,
        7: BLOB_BASE_FEE if l1_base_fee else 0,
        8: config.operator_fee_scalar << 64 | config.operator_fee_constant,
    }
    genesis["alloc"][to_hex(L1_BLOCK)]["storage"] = {
        f"0x{slot:064x}": f"0x{word:064x}" for slot, word in slots.items() if word
    }
    return genesis
