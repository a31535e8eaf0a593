"""Journal entries -> signed transactions. The same entry gives the same bytes, in this process and in the next."""

from typing import Final

from rollup.l1.fees import TRANSACTION_GAS, FeeOffer
from rollup.l1.journal import JournalEntry, Variant
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import RecoveredTransaction, SignedTransaction, TransactionType, sign_transaction

_FILLER: Final = b"nonce gap "


def sign_variant(
    entry: JournalEntry, variant: Variant, *, private_key: bytes, chain_id: int | None, sender: Address
) -> RecoveredTransaction:
    """One signed form of `entry` (type 2); a cancellation is a transfer of nothing from `sender` to itself."""
    void = variant.is_cancellation
    unsigned = SignedTransaction(
        type=TransactionType.DYNAMIC_FEE,
        chain_id=chain_id,
        nonce=entry.nonce,
        gas_limit=Gas(TRANSACTION_GAS) if void else entry.gas_limit,
        max_fee_per_gas=variant.offer.max_fee,
        max_priority_fee_per_gas=variant.offer.priority_fee,
        to=sender if void else entry.to,
        value=Wei(0) if void else entry.value,
        data=b"" if void else entry.data,
        y_parity=0,
        r=0,
        s=0,
    )
    return sign_transaction(unsigned, private_key)


def filler(*, nonce: Nonce, offer: FeeOffer, sender: Address) -> JournalEntry:
    """An entry that nobody asked for: it only spends a nonce which later ones wait behind."""
    return JournalEntry(
        key=_FILLER + nonce.to_bytes(8, "big"),
        nonce=nonce,
        to=sender,
        value=Wei(0),
        data=b"",
        gas_limit=Gas(TRANSACTION_GAS),
        variants=(Variant(offer=offer, is_cancellation=True),),
        cancelled=True,
    )


def is_filler(key: bytes) -> bool:
    """True for the key of a `filler`."""
    return key.startswith(_FILLER)
