"""The transaction records. One class serves the four signed types, so that pools and executors branch on values
and not on classes; fields that a type lacks hold their neutral value."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from state.primitives.types import Address, Gas, Hash32, Nonce, Wei


class TransactionType(IntEnum):
    """EIP-2718 type bytes that this chain knows."""

    LEGACY = 0
    ACCESS_LIST = 1
    DYNAMIC_FEE = 2
    SET_CODE = 4
    DEPOSIT = 0x7E


DEPOSIT_TYPE: Final = 0x7E


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessListEntry:
    """EIP-2930: an address and the storage keys that it warms."""

    address: Address
    storage_keys: tuple[Hash32, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """EIP-7702: a signer's wish that its account runs the code at `address`."""

    chain_id: int
    """The chain that it is for; 0 means any."""
    address: Address
    nonce: Nonce
    y_parity: int
    """Any uint8: a bad one makes the tuple void, not the transaction invalid."""
    r: int
    s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTransaction:
    """A user's transaction of type 0, 1, 2 or 4."""

    type: TransactionType
    chain_id: int | None
    """None only for a legacy transaction without EIP-155 protection."""
    nonce: Nonce
    gas_limit: Gas
    max_fee_per_gas: Wei
    """The gas price for types 0 and 1."""
    max_priority_fee_per_gas: Wei
    """The gas price for types 0 and 1."""
    to: Address | None
    """None creates a contract."""
    value: Wei
    data: bytes
    access_list: tuple[AccessListEntry, ...] = ()
    authorizations: tuple[Authorization, ...] = ()
    y_parity: int
    r: int
    s: int

    @property
    def is_legacy(self) -> bool:
        return self.type == TransactionType.LEGACY

    @property
    def v(self) -> int:
        """The signature's v as it is encoded: 27/28, EIP-155's, or the parity for typed transactions."""
        if self.type != TransactionType.LEGACY:
            return self.y_parity
        return 27 + self.y_parity if self.chain_id is None else 35 + 2 * self.chain_id + self.y_parity

    def effective_gas_price(self, base_fee: int) -> int:
        """Wei a unit of gas costs in a block with `base_fee` (EIP-1559)."""
        return min(self.max_fee_per_gas, base_fee + self.max_priority_fee_per_gas)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositTransaction:
    """Type 0x7E: forced in by derivation, unsigned. Source: specs/protocol/deposits.md."""

    source_hash: Hash32
    sender: Address
    to: Address | None
    mint: Wei
    """Added to the sender's balance first, kept whatever happens after."""
    value: Wei
    gas_limit: Gas
    is_system_transaction: bool
    """Always false since Regolith."""
    data: bytes


AnyTransaction: TypeAlias = SignedTransaction | DepositTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveredTransaction:
    """A transaction with its sender known, its canonical bytes and their hash: what pools and executors take."""

    transaction: SignedTransaction
    sender: Address
    raw: bytes
    hash: Hash32
    is_impersonated: bool = False
    """A sandbox made it up: `sender` has not signed it, and may be a contract."""


ExecutableTransaction: TypeAlias = RecoveredTransaction | DepositTransaction
