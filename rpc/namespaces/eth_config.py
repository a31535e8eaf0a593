"""eth: what this node is configured for and which history it can serve, for tools that compare or route to nodes."""

import zlib
from typing import Final

from contracts.addresses import BEACON_ROOTS, HISTORY_STORAGE
from rpc.context import Context
from rpc.namespaces.eth_fees import BLOB_BASE_FEE_UPDATE_FRACTION
from rpc.parameters import BlockByNumber, BlockTag
from rpc.registry import MethodGroup
from rpc.values import JsonObject
from rpc.views.hexadecimal import data, quantity
from state.execution.precompiles import ETHEREUM_PRECOMPILES, OPTIMISM_PRECOMPILES, precompile_address
from state.primitives.types import Address

CONFIGURATION: Final = MethodGroup("Configuration")

_PRECOMPILES: Final = {
    precompile_address(number): name
    for number, name in {
        0x01: "ECREC",
        0x02: "SHA256",
        0x03: "RIPEMD160",
        0x04: "ID",
        0x05: "MODEXP",
        0x06: "BN254_ADD",
        0x07: "BN254_MUL",
        0x08: "BN254_PAIRING",
        0x09: "BLAKE2F",
        0x0A: "KZG_POINT_EVALUATION",
        0x0B: "BLS12_G1ADD",
        0x0C: "BLS12_G1MSM",
        0x0D: "BLS12_G2ADD",
        0x0E: "BLS12_G2MSM",
        0x0F: "BLS12_PAIRING_CHECK",
        0x10: "BLS12_MAP_FP_TO_G1",
        0x11: "BLS12_MAP_FP2_TO_G2",
        0x100: "P256VERIFY",
    }.items()
}
"""The names that the EIPs which introduced them gave, as EIP-7910 asks."""

_SYSTEM_CONTRACTS: Final = {
    "BEACON_ROOTS_ADDRESS": Address(BEACON_ROOTS),
    "HISTORY_STORAGE_ADDRESS": Address(HISTORY_STORAGE),
}
"""Of Prague's five: requests (EIP-6110, 7002, 7251) are not processed on an OP chain."""


@CONFIGURATION.method("eth_config")
async def config(context: Context) -> JsonObject:
    """The fork configuration in force (EIP-7910); `next` and `last` are null, for all forks are active at genesis."""
    return {"current": await _current(context), "next": None, "last": None}


async def _current(context: Context) -> JsonObject:
    genesis = context.blocks.select(BlockByNumber(which=BlockTag.EARLIEST)).hash
    active = ETHEREUM_PRECOMPILES if context.ports.rollup is None else OPTIMISM_PRECOMPILES
    return {
        "activationTime": 0,
        "blobSchedule": {"baseFeeUpdateFraction": BLOB_BASE_FEE_UPDATE_FRACTION, "max": 0, "target": 0},
        "chainId": quantity(context.ports.info.chain_id),
        "forkId": f"0x{zlib.crc32(genesis):08x}",
        "precompiles": {_PRECOMPILES[address]: data(address) for address in active},
        "systemContracts": {
            name: data(address)
            for name, address in _SYSTEM_CONTRACTS.items()
            if await context.ports.state.code(genesis, address)
        },
    }


@CONFIGURATION.method("eth_capabilities")
def capabilities(context: Context) -> JsonObject:
    """The oldest block whose state, transactions, logs, receipts, body and proofs can be asked for: genesis, for this
    node keeps all history."""
    head = context.blocks.head()
    everything = {"disabled": False, "oldestBlock": "0x0"}
    resources = ("state", "tx", "logs", "receipts", "blocks", "stateproofs")
    return {
        "head": {"number": quantity(head.header.number), "hash": data(head.hash)},
        **dict.fromkeys(resources, everything),
    }
