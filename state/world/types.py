"""What an account is, what executors read, and what a block changed."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives.crypto import KECCAK_EMPTY
from state.primitives.types import Address, Hash32, Nonce, Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account's leaf. `rlp([nonce, balance, storageRoot, codeHash])` in the state trie."""

    nonce: Nonce = Nonce(0)
    balance: Wei = Wei(0)
    storage_root: Hash32 = EMPTY_TRIE_ROOT
    code_hash: Hash32 = KECCAK_EMPTY

    @property
    def is_empty(self) -> bool:
        """EIP-161: such an account does not exist in the trie."""
        return self.nonce == 0 and self.balance == 0 and self.code_hash == KECCAK_EMPTY


EMPTY_ACCOUNT: Final = Account()


class StateReader(Protocol):
    """The world state after one block, read only."""

    def account(self, address: Address) -> Account | None:
        """None where the trie has no leaf."""

    def storage(self, address: Address, slot: int) -> int:
        """0 where nothing was written."""

    def code(self, code_hash: Hash32) -> bytes:
        """Raises StorageError for a hash that isn't on disk; empty for KECCAK_EMPTY."""


@dataclass(slots=True, kw_only=True)
class StateChanges:
    """Everything that a block changed, as values after it. Storage roots in `accounts` are still the parent's."""

    accounts: dict[Address, Account | None] = field(default_factory=dict)
    """None: the account is gone."""
    storage: dict[Address, dict[int, int]] = field(default_factory=dict)
    """Slot -> value; 0 deletes."""
    wiped_storage: set[Address] = field(default_factory=set)
    """Accounts whose older storage is void before `storage` applies (destroyed, or created anew)."""
    codes: dict[Hash32, bytes] = field(default_factory=dict)
