"""References, configuration and payload attributes: the nouns of the rollup, without behaviour.

`references` names blocks of the two chains, `config` is rollup.json (op-node's format) and the system config,
`payload` is what derivation and the sequencer hand to the engine, `l1` what derivation is handed.
Imports `state` only.
"""

from rollup.types.bridge import Withdrawal
from rollup.types.config import RollupConfig, RollupGenesis, SystemConfig
from rollup.types.l1 import L1Block, L1Receipt
from rollup.types.payload import PayloadAttributes
from rollup.types.references import BlockId, L1BlockNumber, L1BlockRef, L2BlockNumber, L2BlockRef

__all__ = [
    "BlockId",
    "L1Block",
    "L1BlockNumber",
    "L1BlockRef",
    "L1Receipt",
    "L2BlockNumber",
    "L2BlockRef",
    "PayloadAttributes",
    "RollupConfig",
    "RollupGenesis",
    "SystemConfig",
    "Withdrawal",
]
