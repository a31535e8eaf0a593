"""Transactions that wait for a block, by geth's rules and in geth's words.

                  admit                    promote                     best_transactions
    raw bytes ───────────▶  queued  ───────────────▶  executable  ───────────────▶  sequencer
                 │        (nonce gap)   gap filled   (next nonces)                      │
                 ▼                                                     on_new_block ◀───┘
              NodeError with geth's text                  included: gone    dropped by a reorg: back in

A transaction is *executable* when its sender's nonces from the account's own up to it are all here, else *queued*.
A second one for the same nonce replaces the first if both its fees are at least 10 % higher. An account holds at most
64 queued; the pool as a whole a fixed number of both. When it is full, the cheapest queued one makes place first;
an executable one is evicted only for a dearer executable one, and only the last nonce of an account that holds more
than its guaranteed 16 slots, so that nothing executable is ever dropped for something that is not.

What is admitted is written to a journal, so that a restart brings it back. The pool has no clock and no thread of
its own: it lives on the event loop's thread, and what it must know of the state comes through `HeadState`.

Start reading at `pool.py`; `account.py` is one sender's transactions, `limits.py` the numbers, `errors.py` the texts.
Imports `state` and `rollup.errors`; never the engine.
"""

from rollup.txpool.account import PooledTransaction
from rollup.txpool.errors import (
    AccountLimitExceeded,
    AlreadyKnown,
    OversizedData,
    PoolFull,
    PoolRejection,
    ReplacementUnderpriced,
    TransactionUnderpriced,
)
from rollup.txpool.journal import Journal
from rollup.txpool.limits import PoolLimits
from rollup.txpool.pool import Admission, HeadState, PoolStatus, TxPool

__all__ = [
    "AccountLimitExceeded",
    "Admission",
    "AlreadyKnown",
    "HeadState",
    "Journal",
    "OversizedData",
    "PoolFull",
    "PoolLimits",
    "PoolRejection",
    "PoolStatus",
    "PooledTransaction",
    "ReplacementUnderpriced",
    "TransactionUnderpriced",
    "TxPool",
]
