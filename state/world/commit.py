"""From a block's changes to its state root: storage tries first, then the accounts' leaves, one batched update each."""

from collections.abc import Mapping
from dataclasses import dataclass

from state.blocks import EMPTY_TRIE_ROOT
from state.database import StateDelta
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32
from state.trie import NodeSource, TrieUpdate, get_value, update_trie, walk_trie
from state.world.accounts import decode_account, encode_account, encode_word
from state.world.types import Account, StateChanges


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCommit:
    """A block's state, ready to be written."""

    state_root: Hash32
    delta: StateDelta
    """The flat values, codes and trie nodes that the block adds."""
    storage_roots: Mapping[Address, Hash32]
    """Of the accounts whose storage changed."""


def commit_changes(source: NodeSource, parent_root: Hash32, changes: StateChanges) -> StateCommit:
    """The state root after `changes` on the state under `parent_root`, with everything there is to write.

    Raises MissingNode where the parent's trie isn't complete on disk.
    """
    commit = _Commit(source, parent_root)
    leaves: dict[bytes, bytes] = {}
    for address in changes.accounts.keys() | changes.storage.keys():
        account = commit.account_after(address, changes)
        leaf = None if account is None else encode_account(account)
        commit.accounts[address] = leaf
        leaves[keccak256(address)] = leaf or b""
    update = update_trie(source, parent_root, leaves)
    commit.take(update)
    delta = StateDelta(
        accounts=commit.accounts,
        storage=commit.storage,
        codes=dict(changes.codes),
        nodes=commit.nodes,
        placed=commit.placed,
        displaced=commit.displaced,
    )
    return StateCommit(state_root=update.root, delta=delta, storage_roots=commit.storage_roots)


class _Commit:
    def __init__(self, source: NodeSource, parent_root: Hash32) -> None:
        self._source = source
        self._parent_root = parent_root
        self.accounts: dict[Address, bytes | None] = {}
        self.storage: dict[tuple[Address, bytes], bytes | None] = {}
        self.nodes: dict[Hash32, bytes] = {}
        self.placed: list[Hash32] = []
        self.displaced: list[Hash32] = []
        self.storage_roots: dict[Address, Hash32] = {}

    def take(self, update: TrieUpdate) -> None:
        """Notes what became of one trie: another may have the same nodes."""
        self.nodes.update(update.nodes)
        self.placed += update.nodes
        self.displaced += update.removed

    def account_after(self, address: Address, changes: StateChanges) -> Account | None:
        """The account with its new storage root."""
        account = changes.accounts[address] if address in changes.accounts else self._parent_account(address)
        if account is None:
            self._displace_storage(address)
            return None
        wiped = address in changes.wiped_storage
        if wiped:
            self._displace_storage(address)
        slots = changes.storage.get(address)
        if not wiped and not slots:
            return account
        before = EMPTY_TRIE_ROOT if wiped else account.storage_root
        root = self._update_storage(address, before, slots or {})
        return Account(nonce=account.nonce, balance=account.balance, storage_root=root, code_hash=account.code_hash)

    def _parent_account(self, address: Address) -> Account | None:
        if self._parent_root == EMPTY_TRIE_ROOT:
            return None
        leaf = get_value(self._source, self._parent_root, keccak256(address))
        return None if leaf is None else decode_account(leaf)

    def _displace_storage(self, address: Address) -> None:
        """Notes that an account's whole storage trie goes: since Cancun nothing that was stored before a block does."""
        account = self._parent_account(address)
        if account is not None:
            found = walk_trie(self._source, account.storage_root)
            self.displaced += (node_hash for node_hash, _ in found if node_hash is not None)

    def _update_storage(self, address: Address, before: Hash32, slots: Mapping[int, int]) -> Hash32:
        updates: dict[bytes, bytes] = {}
        for slot, value in slots.items():
            key = Hash32(slot.to_bytes(32, "big"))
            word = encode_word(value) if value else None
            self.storage[address, key] = word
            updates[keccak256(key)] = word or b""
        update = update_trie(self._source, before, updates)
        self.take(update)
        self.storage_roots[address] = update.root
        return update.root
