"""What the chain posted to L1, measured from both chains' own JSON-RPC."""

from dataclasses import dataclass
from typing import Any

from client.chain import Chain
from client.errors import ChainUnreachable, TransactionLost

BATCH: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """L2 block numbers."""

    unsafe: int
    safe: int
    finalized: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """L2 blocks up to the safe head and the batcher's calldata that made them safe."""

    blocks: int
    transactions: int
    """Users' alone; deposits are derived, not posted."""
    raw_bytes: int
    """Their signed EIP-2718 bytes."""
    l1_bytes: int
    """Calldata of all batcher transactions."""
    l1_transactions: int

    @property
    def ratio(self) -> float:
        """Raw bytes for each byte on L1."""
        return self.raw_bytes / self.l1_bytes if self.l1_bytes else 0.0

    @property
    def bytes_per_transaction(self) -> float:
        return self.l1_bytes / self.transactions if self.transactions else 0.0


def read_heads(chain: Chain) -> Heads:
    """The three heads, as `optimism_syncStatus` says."""
    status = chain.rpc("optimism_syncStatus")
    numbers = (int(status[f"{name}_l2"]["number"]) for name in ("unsafe", "safe", "finalized"))
    unsafe, safe, finalized = numbers
    return Heads(unsafe=unsafe, safe=safe, finalized=finalized)


def wait_until_safe(chain: Chain, block: int, seconds: float) -> bool:
    """Whether L1 had `block` within `seconds`."""
    try:
        chain.wait_until(lambda: read_heads(chain).safe >= block, f"L1 posting of block {block}", seconds)
    except TransactionLost:
        return False
    return True


def measure_footprint(chain: Chain, l1: Chain, first_block: int) -> Footprint:
    """Both sides from `first_block` (an L2 number) to the safe head."""
    status = chain.rpc("optimism_syncStatus")
    safe = status["safe_l2"]
    first = chain.rpc("eth_getBlockByNumber", [hex(first_block), False])
    config = chain.rpc("optimism_rollupConfig")
    transactions, raw_bytes = _l2_side(chain, first_block, int(safe["number"]))
    l1_first = _origin_number(chain, first)
    l1_last = int(status["current_l1"]["number"])
    l1_transactions, l1_bytes = _l1_side(l1, config["batch_inbox_address"], l1_first, l1_last)
    return Footprint(
        blocks=int(safe["number"]) - first_block + 1,
        transactions=transactions,
        raw_bytes=raw_bytes,
        l1_bytes=l1_bytes,
        l1_transactions=l1_transactions,
    )


def _origin_number(chain: Chain, block: dict[str, Any]) -> int:
    """The L1 origin of a block, from its L1-attributes transaction (bytes 28 to 35 of the calldata)."""
    if not block["transactions"]:
        return 0
    attributes = chain.rpc("eth_getTransactionByHash", [block["transactions"][0]])
    return int.from_bytes(bytes.fromhex(attributes["input"][2:])[28:36], "big")


def _l2_side(chain: Chain, first: int, last: int) -> tuple[int, int]:
    count, size = 0, 0
    for number in range(first, last + 1):
        block = chain.rpc("eth_getBlockByNumber", [hex(number), True])
        for transaction in block["transactions"]:
            if transaction["type"] != "0x7e":
                raw = chain.rpc("eth_getRawTransactionByHash", [transaction["hash"]])
                count += 1
                size += (len(raw) - 2) // 2
    return count, size


def _l1_side(l1: Chain, inbox: str, first: int, last: int) -> tuple[int, int]:
    count, size = 0, 0
    for number in range(first, last + 1):
        block = l1.rpc("eth_getBlockByNumber", [hex(number), True])
        if block is None:
            raise ChainUnreachable(f"L1 has no block {number}")
        for transaction in block["transactions"]:
            if (transaction["to"] or "").lower() == inbox.lower():
                count += 1
                size += (len(transaction["input"]) - 2) // 2
    return count, size
