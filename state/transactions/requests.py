"""A transaction before anybody has signed it, as wallets write it: what is left out is for the node to fill in."""

from dataclasses import dataclass

from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions.types import AccessListEntry, Authorization, SignedTransaction, TransactionType


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """A transaction that nobody signed; None where a field was left out."""

    sender: Address | None
    to: Address | None
    gas: int | None
    gas_price: int | None
    max_fee_per_gas: int | None
    max_priority_fee_per_gas: int | None
    value: int
    nonce: int | None
    data: bytes
    access_list: tuple[AccessListEntry, ...]
    authorizations: tuple[Authorization, ...]
    chain_id: int | None

    @property
    def transaction_type(self) -> TransactionType:
        """What it becomes: set-code where it authorizes, by a gas price legacy or EIP-2930, else EIP-1559."""
        if self.authorizations:
            return TransactionType.SET_CODE
        if self.gas_price is None:
            return TransactionType.DYNAMIC_FEE
        return TransactionType.ACCESS_LIST if self.access_list else TransactionType.LEGACY

    def unsigned(self, *, nonce: int, gas_limit: int, chain_id: int) -> SignedTransaction:
        """The transaction with these in it and an all-zero signature; fees that were left out are zero."""
        kind = self.transaction_type
        is_priced = self.gas_price is not None
        return SignedTransaction(
            type=kind,
            chain_id=None if kind == TransactionType.LEGACY else chain_id,
            nonce=Nonce(nonce),
            gas_limit=Gas(gas_limit),
            max_fee_per_gas=Wei((self.gas_price if is_priced else self.max_fee_per_gas) or 0),
            max_priority_fee_per_gas=Wei((self.gas_price if is_priced else self.max_priority_fee_per_gas) or 0),
            to=self.to,
            value=Wei(self.value),
            data=self.data,
            access_list=self.access_list,
            authorizations=self.authorizations,
            y_parity=0,
            r=0,
            s=0,
        )
