"""PoolPort: the sequencer's own pool, or a follower's way to it."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import httpx
import structlog

from rollup.txpool import TxPool
from state.errors import Blame, NodeError, Severity
from state.primitives.types import Address, Hash32, Nonce, Wei
from state.transactions import RecoveredTransaction, recover_transaction

log = structlog.get_logger("node.pool")


class SequencerUnreachable(NodeError):
    """The sequencer that this follower forwards to did not answer; the transaction was not taken."""

    severity = Severity.TEMPORARY
    blame = Blame.UPSTREAM


class ForwardedRejection(NodeError):
    """The sequencer refused the transaction; its words are passed on."""

    blame = Blame.USER


class NoPool(NodeError):
    """This node takes no transactions: it is a follower that was given no sequencer to forward to."""

    blame = Blame.OPERATOR


class LocalPool:
    """The pool of this process, on the event loop's thread."""

    def __init__(self, pool: TxPool) -> None:
        self._pool = pool

    async def submit(self, raw: bytes) -> Hash32:
        """Admit; raises NodeError in geth's words."""
        log.info("rpc.received", size=len(raw))
        recovered, verdict = self._pool.add(raw)
        log.info("txpool.admitted", transaction=recovered.hash.hex(), verdict=verdict.value)
        return recovered.hash

    def pending_nonce(self, address: Address) -> Nonce | None:
        return Nonce(self._pool.pending_nonce(address))

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        return self._pool.transaction(transaction_hash)

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        return list(islice(self._pool.best_transactions(Wei(0)), limit))


class ForwardingPool:
    """Hands transactions to the sequencer and keeps none: an answer means that the sequencer has it."""

    def __init__(self, sequencer_rpc: str | None, client: httpx.AsyncClient) -> None:
        self._url = sequencer_rpc
        self._client = client

    async def submit(self, raw: bytes) -> Hash32:
        """Forward. Raises DecodeError for what is no transaction, SequencerUnreachable, ForwardedRejection, NoPool."""
        recovered = recover_transaction(raw)
        if self._url is None:
            raise NoPool("this follower forwards to no sequencer: start it with --sequencer-rpc, or use the sequencer")
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": ["0x" + raw.hex()]}
        try:
            answer: Any = (await self._client.post(self._url, json=request)).json()
        except (httpx.HTTPError, ValueError) as error:
            raise SequencerUnreachable(f"the sequencer did not answer: {type(error).__name__}") from error
        if isinstance(answer, dict) and "result" in answer:
            return recovered.hash
        problem = answer.get("error") if isinstance(answer, dict) else None
        raise ForwardedRejection(str((problem or {}).get("message", "refused by the sequencer")))

    def pending_nonce(self, address: Address) -> Nonce | None:
        return None

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        return None

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        return ()
