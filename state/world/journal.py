"""The accounts and storage that a block executes on: flat dictionaries over a StateReader, with one undo journal.

    read    written value -> value read before -> StateReader
    write   remember (dictionary, key, old value) in the journal, then overwrite
    revert  undo the journal down to a snapshot's length

A snapshot is the journal's length, and everything that a revert takes back (balances, code, storage, warm sets,
transient storage, touched and destroyed marks) goes through the same journal, so no two of them can ever disagree. The
journal belongs to one transaction: `finish_transaction` deletes what EIP-161 and SELFDESTRUCT delete and forgets it.
Snapshots are therefore numbers that only ever grow within a transaction, as py-evm's nested frames need.
"""

from typing import Any, Final, NamedTuple

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives.crypto import KECCAK_EMPTY, keccak256
from state.primitives.types import Address, Hash32, Nonce, Wei
from state.world.types import Account, StateChanges, StateReader


class AccountFields(NamedTuple):
    """An account without its storage root, which is only known when a block is sealed."""

    nonce: int
    balance: int
    code_hash: Hash32


EMPTY_FIELDS: Final = AccountFields(0, 0, KECCAK_EMPTY)
_ABSENT: Final = object()
_make: Final = tuple.__new__


class WorldState:
    """A mutable view of one block's state. Not shared between threads."""

    __slots__ = (
        "_codes",
        "_destroyed",
        "_journal",
        "_loaded",
        "_new_codes",
        "_originals",
        "_read_slots",
        "_reader",
        "_slots",
        "_touched",
        "_transient",
        "_warm_accounts",
        "_warm_slots",
        "_wiped",
        "accounts",
    )

    def __init__(self, reader: StateReader) -> None:
        self._reader = reader
        self.accounts: dict[Address, AccountFields | None] = {}
        """Current fields of every account seen; None where there is no account."""
        self._loaded: dict[Address, Account | None] = {}
        self._slots: dict[Address, dict[int, int]] = {}
        self._read_slots: dict[tuple[Address, int], int] = {}
        self._wiped: dict[Address, bool] = {}
        self._new_codes: dict[Hash32, bytes] = {}
        self._codes: dict[Hash32, bytes] = {KECCAK_EMPTY: b""}
        self._journal: list[tuple[dict[Any, Any], Any, Any]] = []
        self._begin_transaction()

    def _begin_transaction(self) -> None:
        self._originals: dict[tuple[Address, int], int] = {}
        self._warm_accounts: dict[Address, bool] = {}
        self._warm_slots: dict[tuple[Address, int], bool] = {}
        self._transient: dict[tuple[Address, int], bytes] = {}
        self._touched: dict[Address, bool] = {}
        self._destroyed: dict[Address, bool] = {}

    # Journal

    def snapshot(self) -> int:
        """A point that `revert` can go back to until the transaction ends."""
        return len(self._journal)

    def revert(self, snapshot: int) -> None:
        """Undo every write since `snapshot`."""
        journal = self._journal
        while len(journal) > snapshot:
            mapping, key, old = journal.pop()
            if old is _ABSENT:
                del mapping[key]
            else:
                mapping[key] = old

    def _put(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        self._journal.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value

    def finish_transaction(self) -> None:
        """Delete destroyed accounts and those that were touched and are empty; forget warm sets and the journal."""
        accounts = self.accounts
        for address in self._destroyed:
            self.fields(address)  # loaded, so that `changes` knows what was there before
            accounts[address] = None
            self._slots[address] = {}
            self._wiped[address] = True
        for mapping, key, _ in self._journal:
            if mapping is accounts and accounts[key] == EMPTY_FIELDS:
                accounts[key] = None
        for address in self._touched:
            if self.fields(address) == EMPTY_FIELDS:
                accounts[address] = None
        self._journal.clear()
        self._begin_transaction()

    # Accounts

    def fields(self, address: Address) -> AccountFields | None:
        """The account's current fields, None where there is none."""
        try:
            return self.accounts[address]
        except KeyError:
            return self._load(address)

    def _load(self, address: Address) -> AccountFields | None:
        account = self._reader.account(address)
        self._loaded[address] = account
        fields = None if account is None else AccountFields(account.nonce, account.balance, account.code_hash)
        self.accounts[address] = fields
        return fields

    def put_fields(self, address: Address, nonce: int, balance: int, code_hash: Hash32) -> None:
        """Overwrite an account that `fields` has been asked for before."""
        accounts = self.accounts
        self._journal.append((accounts, address, accounts[address]))
        accounts[address] = _make(AccountFields, (nonce, balance, code_hash))

    def account_exists(self, address: Address) -> bool:
        """Whether there is an account, be it empty."""
        return self.fields(address) is not None

    def account_is_empty(self, address: Address) -> bool:
        """EIP-161's notion; true for no account, too."""
        fields = self.fields(address)
        return fields is None or fields == EMPTY_FIELDS

    def is_occupied(self, address: Address) -> bool:
        """Whether a contract can't be created here: code, a nonce or storage (EIP-684, EIP-7610)."""
        fields = self.fields(address)
        if fields is None:
            return False
        if fields.nonce or fields.code_hash != KECCAK_EMPTY:
            return True
        loaded = self._loaded.get(address)
        return loaded is not None and loaded.storage_root != EMPTY_TRIE_ROOT and address not in self._wiped

    def touch_account(self, address: Address) -> None:
        """Mark an account for deletion at the transaction's end should it be empty then (EIP-161)."""
        if self.fields(address) == EMPTY_FIELDS:
            self._put(self._touched, address, True)

    def get_balance(self, address: Address) -> int:
        """Wei; 0 for no account."""
        fields = self.fields(address)
        return 0 if fields is None else fields.balance

    def set_balance(self, address: Address, balance: int) -> None:
        """Replace the balance, creating the account if needed."""
        nonce, _, code_hash = self.fields(address) or EMPTY_FIELDS
        self.put_fields(address, nonce, balance, code_hash)

    def add_balance(self, address: Address, amount: int) -> None:
        """Add wei (maybe negative). Zero touches: it creates nothing, and deletes an empty account at the end."""
        fields = self.fields(address)
        if not amount:
            if fields == EMPTY_FIELDS:
                self._put(self._touched, address, True)
            return
        nonce, balance, code_hash = fields or EMPTY_FIELDS
        self.put_fields(address, nonce, balance + amount, code_hash)

    def credit(self, address: Address, amount: int) -> None:
        """`add_balance` outside any journal, for a transaction that can't fail any more."""
        fields = self.fields(address)
        if amount:
            nonce, balance, code_hash = fields or EMPTY_FIELDS
            self.accounts[address] = _make(AccountFields, (nonce, balance + amount, code_hash))
        elif fields == EMPTY_FIELDS:
            self.accounts[address] = None

    def debit(self, address: Address, amount: int) -> None:
        """Take wei and move the nonce on, outside any journal, as `credit` does."""
        nonce, balance, code_hash = self.fields(address) or EMPTY_FIELDS
        self.accounts[address] = _make(AccountFields, (nonce + 1, balance - amount, code_hash))

    def get_nonce(self, address: Address) -> int:
        """0 for no account."""
        fields = self.fields(address)
        return 0 if fields is None else fields.nonce

    def set_nonce(self, address: Address, nonce: int) -> None:
        """Replace the nonce, creating the account if needed."""
        _, balance, code_hash = self.fields(address) or EMPTY_FIELDS
        self.put_fields(address, nonce, balance, code_hash)

    def increment_nonce(self, address: Address) -> None:
        """Nonce + 1, creating the account if needed."""
        nonce, balance, code_hash = self.fields(address) or EMPTY_FIELDS
        self.put_fields(address, nonce + 1, balance, code_hash)

    def destroy(self, address: Address) -> None:
        """Delete the account and its storage when the transaction ends (EIP-6780's same-transaction case)."""
        self._put(self._destroyed, address, True)

    # Code

    def get_code_hash(self, address: Address) -> Hash32:
        """The empty code's hash for no account."""
        fields = self.fields(address)
        return KECCAK_EMPTY if fields is None else fields.code_hash

    def get_code(self, address: Address) -> bytes:
        """Empty for no account."""
        fields = self.fields(address)
        return b"" if fields is None else self.code_by_hash(fields.code_hash)

    def code_by_hash(self, code_hash: Hash32) -> bytes:
        """One bytes object a hash for the life of the block, so that caches keyed by code hash it once."""
        code = self._codes.get(code_hash)
        if code is None:
            code = self._codes[code_hash] = self._reader.code(code_hash)
        return code

    def set_code(self, address: Address, code: bytes) -> None:
        """Replace the code, creating the account if needed."""
        code_hash = keccak256(code)
        if code:
            self._codes[code_hash] = self._new_codes[code_hash] = code
        nonce, balance, _ = self.fields(address) or EMPTY_FIELDS
        self.put_fields(address, nonce, balance, code_hash)

    # Storage

    def get_storage(self, address: Address, slot: int, from_journal: bool = True) -> int:
        """The slot's value now, or at the transaction's start if not `from_journal` (EIP-2200's original value)."""
        if not from_journal:
            original = self._originals.get((address, slot))
            if original is not None:
                return original
        written = self._slots.get(address)
        if written is not None and slot in written:
            return written[slot]
        return self._read_slot(address, slot)

    def _read_slot(self, address: Address, slot: int) -> int:
        if address in self._wiped:
            return 0
        key = (address, slot)
        value = self._read_slots.get(key)
        if value is None:
            value = self._read_slots[key] = self._reader.storage(address, slot)
        return value

    def set_storage(self, address: Address, slot: int, value: int) -> None:
        """Write a slot; 0 deletes it."""
        current = self.get_storage(address, slot)
        self._originals.setdefault((address, slot), current)
        written = self._slots.get(address)
        if written is None:
            written = {}
            self._put(self._slots, address, written)
        self._put(written, slot, value)

    def delete_storage(self, address: Address) -> None:
        """Empty an account's storage."""
        self._put(self._slots, address, {})
        self._put(self._wiped, address, True)

    def get_transient_storage(self, address: Address, slot: int) -> bytes:
        """EIP-1153; empty bytes for an unset slot."""
        return self._transient.get((address, slot), b"")

    def set_transient_storage(self, address: Address, slot: int, value: bytes) -> None:
        """EIP-1153: lives until the transaction ends."""
        self._put(self._transient, (address, slot), value)

    # Warm sets (EIP-2929)

    def is_address_warm(self, address: Address) -> bool:
        """Whether this transaction has accessed the account (precompiles are the caller's affair)."""
        return address in self._warm_accounts

    def mark_address_warm(self, address: Address) -> None:
        """Until the frame reverts or the transaction ends."""
        if address not in self._warm_accounts:
            self._put(self._warm_accounts, address, True)

    def is_storage_warm(self, address: Address, slot: int) -> bool:
        """Whether this transaction has accessed the slot."""
        return (address, slot) in self._warm_slots

    def mark_storage_warm(self, address: Address, slot: int) -> None:
        """Until the frame reverts or the transaction ends."""
        if (address, slot) not in self._warm_slots:
            self._put(self._warm_slots, (address, slot), True)

    # Result

    def changes(self) -> StateChanges:
        """What differs from the StateReader now, values only; between transactions."""
        changes = StateChanges()
        for address, slots in self._slots.items():
            self._collect_storage(changes, address, slots)
        for address, fields in self.accounts.items():
            loaded = self._loaded.get(address)
            if _same(fields, loaded) and address not in changes.storage and address not in changes.wiped_storage:
                continue
            changes.accounts[address] = self._account(fields, loaded)
            if fields is not None and fields.code_hash in self._new_codes:
                changes.codes[fields.code_hash] = self._new_codes[fields.code_hash]
        return changes

    def _collect_storage(self, changes: StateChanges, address: Address, slots: dict[int, int]) -> None:
        wiped = address in self._wiped
        reads = self._read_slots
        changed = {
            slot: value
            for slot, value in slots.items()
            if value != (0 if wiped else reads.get((address, slot), _ABSENT))
        }
        if wiped and self._loaded.get(address) is not None:
            changes.wiped_storage.add(address)
        if changed and self.fields(address) is not None:
            changes.storage[address] = changed

    @staticmethod
    def _account(fields: AccountFields | None, loaded: Account | None) -> Account | None:
        if fields is None:
            return None
        return Account(
            nonce=Nonce(fields.nonce),
            balance=Wei(fields.balance),
            code_hash=fields.code_hash,
            storage_root=EMPTY_TRIE_ROOT if loaded is None else loaded.storage_root,
        )


def _same(fields: AccountFields | None, loaded: Account | None) -> bool:
    if fields is None or loaded is None:
        return fields is None and loaded is None
    return (fields.nonce, fields.balance, fields.code_hash) == (loaded.nonce, loaded.balance, loaded.code_hash)
