"""Contracts that are assembled or given as bytes, because others depend on their exact layout or bytecode.

`MessagePasser` puts `sentMessages` where withdrawal proofs look; `Proxy` must not own a storage slot that an
implementation could use; `BatchInbox` and `Multicall3` take calldata of any length at the lowest gas; the CREATE2
deployer and the two system contracts are the canonical bytes that tools and EIPs name. Nothing here imports Vyper.
"""

from __future__ import annotations

from contracts.assembled.batch_inbox import BATCH_INBOX
from contracts.assembled.canonical import BEACON_ROOTS, CREATE2_DEPLOYER, HISTORY_STORAGE
from contracts.assembled.contract import AssembledContract
from contracts.assembled.message_passer import MESSAGE_PASSER
from contracts.assembled.multicall3 import MULTICALL3
from contracts.assembled.permit2 import PERMIT2
from contracts.assembled.proxy import PROXY

ASSEMBLED: dict[str, AssembledContract] = {
    "BatchInbox": BATCH_INBOX,
    "BeaconRoots": BEACON_ROOTS,
    "Create2Deployer": CREATE2_DEPLOYER,
    "HistoryStorage": HISTORY_STORAGE,
    "L2ToL1MessagePasser": MESSAGE_PASSER,
    "Multicall3": MULTICALL3,
    "Permit2": PERMIT2,
    "Proxy": PROXY,
}
