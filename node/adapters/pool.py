"""PoolPort over the sequencer's own pool; a follower's way to it is in `forwarding.py`."""

from collections.abc import Sequence
from itertools import islice

import structlog

from rollup.txpool import TxPool
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32, Nonce, Wei
from state.transactions import RecoveredTransaction

log = structlog.get_logger("node.pool")


class LocalPool:
    """The pool of this process, on the event loop's thread."""

    def __init__(self, pool: TxPool) -> None:
        self._pool = pool

    async def submit(self, raw: bytes) -> Hash32:
        """Admit; raises NodeError in geth's words."""
        log.info("rpc.received", transaction=keccak256(raw).hex(), size=len(raw))
        recovered, verdict = self._pool.add(raw)
        log.info("txpool.admitted", transaction=recovered.hash.hex(), verdict=verdict.value)
        return recovered.hash

    def pending_nonce(self, address: Address) -> Nonce | None:
        return Nonce(self._pool.pending_nonce(address))

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        return self._pool.transaction(transaction_hash)

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        return list(islice(self._pool.best_transactions(Wei(0)), limit))
