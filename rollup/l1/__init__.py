"""The L1 as the rollup sees it: blocks that were verified, and transactions that will get in.

`L1Client` asks one Ethereum JSON-RPC endpoint (the simulated L1, Anvil, geth, a public provider) and hands out
`rollup.types.L1Block`s whose hash, transactions and receipts were checked against each other, so that derivation
need not trust the endpoint. `L1TransactionSender` gets transactions of one account included exactly once each:
nonces, fees, fee bumps, resubmission after a reorg, and a journal that survives `kill -9`.

    transport.py      JSON-RPC over HTTP: batches, bounded answers, retries, errors told apart
    values.py         hexadecimal quantities and byte strings out of JSON
    headers.py        header JSON -> hash and record, for forks with more or fewer fields than ours
    transactions.py   transaction JSON -> raw EIP-2718 bytes, blob transactions included
    receipts.py       receipt JSON -> raw receipts and their root
    client.py         L1Client: what the driver, the sequencer and the sender ask
    fees.py           EIP-1559 fees, replacement bumps, gas of calldata (EIP-7623)
    journal.py        the sender's durable memory
    signing.py        journal entries -> signed transactions
    status.py         how far a transaction has come
    pace.py           which looks at L1 can show anything new
    wishes.py         what an account was asked to send, in the journal and in memory
    lookout.py        where that stands under L1's head
    sender.py         L1TransactionSender

Start reading at `client.py`. Imports `rollup.codec`, `rollup.types` and `state`; never the engine, the driver or `rpc`.
"""

from rollup.l1.client import L1Client, L1TransactionReceipt
from rollup.l1.errors import L1Inconsistent, L1MethodMissing
from rollup.l1.fees import FeeOffer, FeePolicy, calldata_floor_gas, calldata_gas
from rollup.l1.journal import JournalEntry, MemoryJournal, MetaJournal, MetaStore, TransactionJournal
from rollup.l1.pace import Pace
from rollup.l1.sender import L1TransactionSender
from rollup.l1.status import SenderConfig, TransactionState, TransactionStatus
from rollup.l1.transport import JsonRpcTransport, RetryPolicy, TransportLimits

__all__ = [
    "FeeOffer",
    "FeePolicy",
    "JournalEntry",
    "JsonRpcTransport",
    "L1Client",
    "L1Inconsistent",
    "L1MethodMissing",
    "L1TransactionReceipt",
    "L1TransactionSender",
    "MemoryJournal",
    "MetaJournal",
    "MetaStore",
    "Pace",
    "RetryPolicy",
    "SenderConfig",
    "TransactionJournal",
    "TransactionState",
    "TransactionStatus",
    "TransportLimits",
    "calldata_floor_gas",
    "calldata_gas",
]
