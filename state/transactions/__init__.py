"""The transactions of an OP chain at Isthmus: types 0, 1, 2, 4 signed by users, and 0x7E deposits.

Raw EIP-2718 bytes come in through `decode_transaction` and leave through `encode_transaction`; `recover_transaction`
turns raw bytes into a `RecoveredTransaction`, the only form that pools and executors take. Blob transactions
(type 3) are refused by name. What a transaction may do in a given state is decided elsewhere
(`state.execution.validation`); here is only its form.

Start reading at `types.py`, then `encoding.py`, `signing.py`; `requests.py` has what clients ask for before signing.
"""

from state.transactions.encoding import (
    BlobTransactionRefused,
    TransactionDecodeError,
    decode_transaction,
    encode_transaction,
    encode_without_signature,
)
from state.transactions.requests import CallRequest
from state.transactions.signing import (
    make_up_transaction,
    recover_transaction,
    sign_transaction,
    signing_hash,
    with_known_sender,
)
from state.transactions.types import (
    DEPOSIT_TYPE,
    AccessListEntry,
    AnyTransaction,
    Authorization,
    DepositTransaction,
    ExecutableTransaction,
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
)

__all__ = [
    "DEPOSIT_TYPE",
    "AccessListEntry",
    "AnyTransaction",
    "Authorization",
    "BlobTransactionRefused",
    "CallRequest",
    "DepositTransaction",
    "ExecutableTransaction",
    "RecoveredTransaction",
    "SignedTransaction",
    "TransactionDecodeError",
    "TransactionType",
    "decode_transaction",
    "encode_transaction",
    "encode_without_signature",
    "make_up_transaction",
    "recover_transaction",
    "sign_transaction",
    "signing_hash",
    "with_known_sender",
]
