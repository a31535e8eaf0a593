"""Any state goes through a snapshot's records and comes out as the same tables, nodes and root."""

from hypothesis import given
from hypothesis import strategies as st

from node.snapshots.checking import _State
from state.blocks import EMPTY_TRIE_ROOT, Header
from state.database import ImportWriter, MemoryStore, schema
from state.primitives.crypto import KECCAK_EMPTY, keccak256
from state.primitives.types import Address, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.world.accounts import decode_account
from state.world.commit import commit_changes
from state.world.types import Account, StateChanges

WORDS = st.dictionaries(st.integers(0, 2**256 - 1) | st.integers(0, 5), st.integers(1, 2**256 - 1), max_size=6)
ACCOUNTS = st.dictionaries(
    st.binary(min_size=20, max_size=20).map(Address),
    st.tuples(st.integers(0, 2**64 - 2), st.integers(0, 2**256 - 1), st.sampled_from([b"", b"\x00", b"\x60"]), WORDS),
    max_size=12,
)


class Nothing:
    def get_node(self, _hash: Hash32, /) -> None:
        return None


def header_of(state_root: Hash32) -> Header:
    return Header(
        parent_hash=Hash32(bytes(32)), fee_recipient=Address(bytes(20)), state_root=state_root,
        transactions_root=EMPTY_TRIE_ROOT, receipts_root=EMPTY_TRIE_ROOT, logs_bloom=bytes(256), number=1,  # type: ignore[arg-type]
        gas_limit=Gas(1), gas_used=Gas(0), timestamp=UnixSeconds(1), extra_data=b"", prev_randao=Hash32(bytes(32)),
        base_fee_per_gas=Wei(1), withdrawals_root=EMPTY_TRIE_ROOT,
    )  # fmt: skip


@given(ACCOUNTS)
def test_a_state_is_the_same_after_its_records_were_read(
    accounts: dict[Address, tuple[int, int, bytes, dict[int, int]]],
) -> None:
    changes = StateChanges()
    for address, (nonce, balance, code, words) in accounts.items():
        code_hash = keccak256(code) if code else KECCAK_EMPTY
        if code:
            changes.codes[code_hash] = code
        changes.accounts[address] = Account(nonce=Nonce(nonce), balance=Wei(balance), code_hash=code_hash)
        if words:
            changes.storage[address] = words
    commit = commit_changes(Nothing(), EMPTY_TRIE_ROOT, changes)

    store = MemoryStore()
    writer = ImportWriter(store)
    state, sent = _State(writer), set()
    for address in sorted(accounts, key=keccak256):
        leaf = commit.delta.accounts[address]
        assert leaf is not None
        code_hash = decode_account(leaf).code_hash
        if code_hash != KECCAK_EMPTY and code_hash not in sent:
            sent.add(code_hash)
            state.take(b"", changes.codes[code_hash])
        state.take(address, leaf)
        slots = [slot for owner, slot in commit.delta.storage if owner == address]
        for slot in sorted(slots, key=keccak256):
            word = commit.delta.storage[address, slot]
            assert word is not None
            state.take(slot, word)
    state.finish(header_of(commit.state_root))
    store.write(writer._batch, sync=False)

    expected = {schema.account_key(address): leaf for address, leaf in commit.delta.accounts.items()}
    expected |= {schema.storage_key(address, slot): word for (address, slot), word in commit.delta.storage.items()}
    expected |= {schema.CODE + code_hash: code for code_hash, code in commit.delta.codes.items()}
    expected |= {schema.NODE + node_hash: node for node_hash, node in commit.delta.nodes.items()}
    found = {key: value for key, value in store.iterate() if key[:1] != schema.DATABASE}
    assert found == expected
