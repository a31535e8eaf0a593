"""py-evm's account database over a StateReader.

Accounts, slots and codes are read through on first use; journals, checkpoints, wipes and warm sets are py-evm's own.
Nothing is ever persisted: `changes` compares what was touched with what the reader says.
"""

from collections.abc import Iterator
from typing import Any

import rlp
from eth.constants import BLANK_ROOT_HASH
from eth.db.account import AccountDB
from eth.db.atomic import AtomicDB
from eth.db.backends.base import BaseDB
from eth.db.cache import CacheDB
from eth.db.journal import JournalDB
from eth.db.storage import AccountStorageDB
from eth.rlp.accounts import Account as EvmAccount
from eth_typing import Address as EvmAddress

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives.types import Address, Hash32, Nonce, Wei
from state.world.types import EMPTY_ACCOUNT, Account, StateChanges, StateReader


class _ReadOnly(BaseDB):
    """A py-evm database that is only looked up: the journals above it keep every write."""

    def __setitem__(self, key: bytes, value: bytes) -> None:
        raise AssertionError("the journal above was persisted")

    def __delitem__(self, key: bytes) -> None:
        raise AssertionError("the journal above was persisted")


class _Accounts(_ReadOnly):
    """Address -> RLP of the account; empty where there is none, as py-evm's trie answers."""

    def __init__(self, reader: StateReader) -> None:
        self._reader = reader

    def __getitem__(self, key: bytes) -> bytes:
        account = self._reader.account(Address(key))
        if account is None:
            return b""
        evm_account = EvmAccount(account.nonce, account.balance, account.storage_root, account.code_hash)
        return bytes(rlp.encode(evm_account, sedes=EvmAccount))


class _Codes(_ReadOnly):
    """Code hash -> code."""

    def __init__(self, reader: StateReader) -> None:
        self._reader = reader

    def __getitem__(self, key: bytes) -> bytes:
        return self._reader.code(Hash32(key))


class _Slots(_ReadOnly):
    """Slot -> RLP of its value, in the place of py-evm's StorageLookup; empty once the account was wiped."""

    has_changed_root = False

    def __init__(self, reader: StateReader, address: Address) -> None:
        self._reader = reader
        self._address = address
        self.wipes = 0

    def __getitem__(self, key: bytes) -> bytes:
        if self.wipes:
            return b""
        value = self._reader.storage(self._address, int.from_bytes(key, "big"))
        return bytes(rlp.encode(value)) if value else b""

    def new_trie(self) -> int:
        """Forget everything below; the index of this wipe."""
        self.wipes += 1
        return self.wipes

    def rollback_trie(self, trie_index: int) -> None:
        """Take back the wipes from that index on."""
        self.wipes = trie_index


class _ReaderStorage(AccountStorageDB):
    def __init__(self, reader: StateReader, address: EvmAddress) -> None:
        super().__init__(AtomicDB(), BLANK_ROOT_HASH, address)
        self.slots = _Slots(reader, Address(address))
        self._storage_lookup: Any = self.slots
        self._storage_cache = CacheDB(self.slots)
        self._locked_changes = JournalDB(self._storage_cache)
        self._journal_storage = JournalDB(self._locked_changes)


class ReaderAccountDB(AccountDB):
    """Accounts that live in a StateReader until they are written."""

    def __init__(self, reader: StateReader) -> None:
        super().__init__(AtomicDB())
        self._reader = reader
        self._journaldb = JournalDB(_Codes(reader))
        self._trie_cache = CacheDB(_Accounts(reader))
        self._journaltrie = JournalDB(self._trie_cache)
        self._storages: dict[EvmAddress, _ReaderStorage] = {}
        self._written_accounts: set[EvmAddress] = set()
        self._written_slots: set[tuple[EvmAddress, int]] = set()
        self._written_codes: set[Hash32] = set()

    def _get_address_store(self, address: EvmAddress) -> _ReaderStorage:
        if address not in self._storages:
            storage = _ReaderStorage(self._reader, address)
            self._storages[address] = self._account_stores[address] = storage
        return self._storages[address]

    def set_storage(self, address: EvmAddress, slot: int, value: int) -> None:
        self._written_slots.add((address, slot))
        super().set_storage(address, slot, value)

    def _set_account(self, address: EvmAddress, account: EvmAccount) -> None:
        self._written_accounts.add(address)
        super()._set_account(address, account)

    def set_code(self, address: EvmAddress, code: bytes) -> None:
        super().set_code(address, code)
        if code:
            self._written_codes.add(Hash32(bytes(self.get_code_hash(address))))

    def delete_account(self, address: EvmAddress) -> None:
        self._written_accounts.add(address)
        super().delete_account(address)

    def has_storage(self, address: EvmAddress) -> bool:
        """Whether the account had storage before the block (EIP-7610); what the block writes has a nonce anyway."""
        account = self._reader.account(Address(address))
        return account is not None and account.storage_root != EMPTY_TRIE_ROOT

    def changes(self) -> StateChanges:
        """Everything that differs from the reader's state."""
        changes = StateChanges()
        for address, slot, value in self._changed_slots():
            changes.storage.setdefault(address, {})[slot] = value
        changes.wiped_storage.update(self._wiped())
        for address in sorted({Address(key) for key in self._written_accounts} | changes.storage.keys()):
            key = EvmAddress(bytes(address))
            before = self._reader.account(address)
            after = self._final_account(key)
            touched = address in changes.storage or address in changes.wiped_storage
            if before == after and not touched:
                continue
            changes.accounts[address] = after
            if after is not None and after.code_hash in self._written_codes:
                changes.codes[after.code_hash] = self.get_code(key)
        return changes

    def _final_account(self, address: EvmAddress) -> Account | None:
        if not self.account_exists(address):
            return None
        account = self._get_account(address)
        return Account(
            nonce=Nonce(account.nonce),
            balance=Wei(account.balance),
            storage_root=(self._reader.account(Address(address)) or EMPTY_ACCOUNT).storage_root,
            code_hash=Hash32(account.code_hash),
        )

    def _changed_slots(self) -> Iterator[tuple[Address, int, int]]:
        for key, slot in sorted(self._written_slots):
            address = Address(key)
            value = self._storages[key].get(slot)
            before = 0 if self._storages[key].slots.wipes else self._reader.storage(address, slot)
            if value != before:
                yield address, slot, value

    def _wiped(self) -> Iterator[Address]:
        for key, storage in self._storages.items():
            before = self._reader.account(Address(key))
            if storage.slots.wipes and before is not None and not before.is_empty:
                yield Address(key)
