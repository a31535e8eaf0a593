"""World states to read from: dictionaries, the flat tables of the head, the trie of any block.

`state_at` picks: the flat head costs one look-up a read, history one trie descent. All three answer the same for the
same block.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from state.blocks import EMPTY_TRIE_ROOT, Header
from state.errors import StorageError
from state.primitives.crypto import KECCAK_EMPTY, keccak256
from state.primitives.types import Address, Hash32
from state.trie import NodeSource, get_value
from state.world.accounts import decode_account, decode_word
from state.world.types import Account, StateChanges, StateReader


class CodeSource(Protocol):
    """Where code lies by its hash."""

    def code(self, code_hash: Hash32) -> bytes | None:
        """None if it isn't there."""


class StateSource(NodeSource, CodeSource, Protocol):
    """What the trie reader needs of a database: nodes and code by hash."""


class FlatSource(StateSource, Protocol):
    """What `state_at` needs of ChainDatabase."""

    def flat_head(self) -> Hash32:
        """The block whose state the flat tables hold."""

    def flat_account(self, address: Address) -> bytes | None:
        """The account's leaf at the flat head."""

    def flat_storage(self, address: Address, slot: Hash32) -> bytes | None:
        """The storage word at the flat head."""

    def header(self, block_hash: Hash32) -> Header | None:
        """A header by hash."""


class _StoredCode:
    def __init__(self, source: CodeSource) -> None:
        self._code_source = source

    def code(self, code_hash: Hash32) -> bytes:
        """Raises StorageError if the code isn't on disk."""
        if code_hash == KECCAK_EMPTY:
            return b""
        code = self._code_source.code(code_hash)
        if code is None:
            raise StorageError(f"code 0x{code_hash.hex()} is missing on disk")
        return code


class FlatState(_StoredCode):
    """The state of the flat head. Good until the database moves on."""

    def __init__(self, source: FlatSource) -> None:
        super().__init__(source)
        self._account = source.flat_account
        self._storage = source.flat_storage

    def account(self, address: Address) -> Account | None:
        """None where there is no account."""
        data = self._account(address)
        return None if data is None else decode_account(data)

    def storage(self, address: Address, slot: int) -> int:
        """0 where nothing was written."""
        data = self._storage(address, Hash32(slot.to_bytes(32, "big")))
        return 0 if data is None else decode_word(data)


class TrieState(_StoredCode):
    """The state under one state root."""

    def __init__(self, source: StateSource, state_root: Hash32) -> None:
        super().__init__(source)
        self._nodes = source
        self._root = state_root

    def account(self, address: Address) -> Account | None:
        """None where there is no account. Raises MissingNode where history was pruned."""
        if self._root == EMPTY_TRIE_ROOT:
            return None
        data = get_value(self._nodes, self._root, keccak256(address))
        return None if data is None else decode_account(data)

    def storage(self, address: Address, slot: int) -> int:
        """0 where nothing was written. Raises MissingNode where history was pruned."""
        account = self.account(address)
        if account is None or account.storage_root == EMPTY_TRIE_ROOT:
            return 0
        data = get_value(self._nodes, account.storage_root, keccak256(slot.to_bytes(32, "big")))
        return 0 if data is None else decode_word(data)


def state_at(source: FlatSource, block_hash: Hash32) -> StateReader:
    """The state after a block. Raises StorageError for an unknown block; reads raise MissingNode for pruned history."""
    if source.flat_head() == block_hash:
        return FlatState(source)
    header = source.header(block_hash)
    if header is None:
        raise StorageError(f"unknown block 0x{block_hash.hex()}")
    return TrieState(source, header.state_root)


@dataclass(slots=True, kw_only=True)
class DictState:
    """A state in memory: tests, genesis, call overrides."""

    accounts: dict[Address, Account] = field(default_factory=dict)
    slots: dict[Address, dict[int, int]] = field(default_factory=dict)
    codes: dict[Hash32, bytes] = field(default_factory=dict)

    def put(
        self, address: Address, *, nonce: int = 0, balance: int = 0, code: bytes = b"", storage: Mapping[int, int] = {}
    ) -> None:
        """Set an account whole."""
        code_hash = keccak256(code)
        self.codes[code_hash] = code
        self.accounts[address] = Account(nonce=nonce, balance=balance, code_hash=code_hash)  # type: ignore[arg-type]
        self.slots[address] = {slot: value for slot, value in storage.items() if value}

    def account(self, address: Address) -> Account | None:
        """None where there is no account."""
        return self.accounts.get(address)

    def storage(self, address: Address, slot: int) -> int:
        """0 where nothing was written."""
        return self.slots.get(address, {}).get(slot, 0)

    def code(self, code_hash: Hash32) -> bytes:
        """Raises StorageError for an unknown hash."""
        if code_hash == KECCAK_EMPTY:
            return b""
        try:
            return self.codes[code_hash]
        except KeyError:
            raise StorageError(f"code 0x{code_hash.hex()} is unknown") from None

    def apply(self, changes: StateChanges) -> None:
        """Move on by a block's changes. Storage roots stay what they were."""
        for address in changes.wiped_storage:
            self.slots.pop(address, None)
        for address, slots in changes.storage.items():
            merged = self.slots.setdefault(address, {}) | slots
            self.slots[address] = {slot: value for slot, value in merged.items() if value}
        self.codes.update(changes.codes)
        for address, account in changes.accounts.items():
            if account is None:
                self.accounts.pop(address, None)
                self.slots.pop(address, None)
            else:
                self.accounts[address] = account
