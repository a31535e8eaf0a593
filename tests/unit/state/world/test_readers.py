"""Flat tables, tries and dictionaries give the same answers."""

import pytest

from state.blocks import EMPTY_TRIE_ROOT
from state.database import ChainDatabase, MemoryStore
from state.errors import StorageError
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32
from state.world.accounts import decode_account, decode_word, encode_account, encode_word
from state.world.commit import commit_changes
from state.world.readers import DictState, FlatState, TrieState, state_at
from state.world.types import Account, StateChanges
from tests.compared import both_executors
from tests.unit.state.transition.network import L1, SENDER, Network

CONTRACT = Address(b"\xc0" * 20)
NOBODY = Address(b"\x99" * 20)
ALLOC = {CONTRACT.hex(): {"balance": "0x5", "nonce": "0x1", "code": "0x6001", "storage": {"0x1": "0x2a"}}}


@pytest.fixture
def network() -> Network:
    return Network(L1, both_executors(), ALLOC)


def test_head_is_read_flat_and_history_from_the_trie(network: Network) -> None:
    network.commit(network.seal([network.sign(value=1)]))
    head, genesis = network.head, network.genesis.hash
    assert isinstance(state_at(network.db, head), FlatState)
    assert isinstance(state_at(network.db, genesis), TrieState)
    now, then = (state_at(network.db, block_hash).account(SENDER) for block_hash in (head, genesis))
    assert (now.nonce, then.nonce) == (1, 0)


def test_flat_and_trie_agree(network: Network) -> None:
    flat = FlatState(network.db)
    trie = TrieState(network.db, network.genesis.header.state_root)
    for address in (SENDER, CONTRACT, NOBODY):
        assert flat.account(address) == trie.account(address)
        assert [flat.storage(address, slot) for slot in (0, 1)] == [trie.storage(address, slot) for slot in (0, 1)]
    assert flat.storage(CONTRACT, 1) == 42
    assert flat.code(flat.account(CONTRACT).code_hash) == b"\x60\x01"


def test_unknown_block_is_said_so(network: Network) -> None:
    with pytest.raises(StorageError, match="unknown block"):
        state_at(network.db, Hash32(bytes(32)))


def test_missing_code_is_a_storage_error() -> None:
    with pytest.raises(StorageError):
        DictState().code(keccak256(b"never stored"))
    assert DictState().code(keccak256(b"")) == b""


@pytest.mark.parametrize(
    "account",
    [
        Account(),
        Account(nonce=127, balance=128),
        Account(nonce=2**64 - 1, balance=2**256 - 1, code_hash=keccak256(b"c"), storage_root=keccak256(b"r")),
    ],
)
def test_accounts_survive_their_encoding(account: Account) -> None:
    assert decode_account(encode_account(account)) == account


@pytest.mark.parametrize("data", [b"", b"\xc0", bytes(70), b"\xf8\x44" + bytes(68), encode_account(Account())[:-1]])
def test_damaged_account_is_a_storage_error(data: bytes) -> None:
    with pytest.raises(StorageError, match="damaged"):
        decode_account(data)


def test_words_survive_their_encoding() -> None:
    assert [decode_word(encode_word(value)) for value in (1, 127, 128, 2**256 - 1)] == [1, 127, 128, 2**256 - 1]
    with pytest.raises(StorageError, match="damaged"):
        decode_word(b"\xc0")


def test_commit_moves_only_the_storage_root_where_only_storage_changed(network: Network) -> None:
    root = network.genesis.header.state_root
    commit = commit_changes(network.db, root, StateChanges(storage={CONTRACT: {1: 0, 2: 7}}))
    leaf = decode_account(commit.delta.accounts[CONTRACT])
    assert (leaf.nonce, leaf.balance) == (1, 5)
    assert leaf.storage_root == commit.storage_roots[CONTRACT] != EMPTY_TRIE_ROOT
    assert commit.delta.storage[CONTRACT, bytes(31) + b"\x01"] is None
    assert commit.state_root != root


def test_commit_of_nothing_keeps_the_root(network: Network) -> None:
    root = network.genesis.header.state_root
    assert commit_changes(network.db, root, StateChanges()).state_root == root


def test_wiped_storage_starts_from_nothing(network: Network) -> None:
    account = FlatState(network.db).account(CONTRACT)
    changes = StateChanges(accounts={CONTRACT: account}, storage={CONTRACT: {2: 7}}, wiped_storage={CONTRACT})
    fresh = StateChanges(accounts={CONTRACT: Account(nonce=1)}, storage={CONTRACT: {2: 7}})
    wiped = commit_changes(network.db, network.genesis.header.state_root, changes)
    expected = commit_changes(ChainDatabase(MemoryStore()), EMPTY_TRIE_ROOT, fresh)
    assert wiped.storage_roots[CONTRACT] == expected.storage_roots[CONTRACT]


def test_deleted_account_leaves_the_trie(network: Network) -> None:
    changes = StateChanges(accounts={CONTRACT: None})
    commit = commit_changes(network.db, network.genesis.header.state_root, changes)
    without = Network(L1, both_executors())
    assert commit.state_root == without.genesis.header.state_root
    assert commit.delta.accounts == {CONTRACT: None}


def test_dictionary_moves_on_by_changes() -> None:
    state = DictState()
    state.put(CONTRACT, nonce=1, storage={1: 1, 2: 2})
    state.apply(StateChanges(storage={CONTRACT: {1: 0, 3: 3}}, accounts={SENDER: Account(balance=4)}))
    assert state.slots[CONTRACT] == {2: 2, 3: 3}
    state.apply(StateChanges(wiped_storage={CONTRACT}, accounts={SENDER: None}))
    assert (state.storage(CONTRACT, 2), state.account(SENDER)) == (0, None)
