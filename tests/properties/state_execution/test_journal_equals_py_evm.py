"""The fast executor's journal and py-evm's account database, driven side by side by a state machine.

Whatever the order of writes, snapshots, reverts and transaction ends, both read the same and report the same changes.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from state.execution.reference_accounts import ReaderAccountDB
from state.primitives.types import Address
from state.world.journal import WorldState
from state.world.readers import DictState

ADDRESSES = [Address(bytes((n,)) * 20) for n in (0x11, 0x22, 0x33, 0x44)]
SLOTS = range(3)
addresses = st.sampled_from(ADDRESSES)
slots = st.sampled_from(SLOTS)


def parent_state() -> DictState:
    """A contract with storage, a plain account, a contract without storage, and nobody."""
    state = DictState()
    state.put(ADDRESSES[0], nonce=1, balance=5, code=b"\x00", storage={0: 7, 1: 8})
    state.put(ADDRESSES[1], balance=10)
    state.put(ADDRESSES[2], nonce=1, code=b"\x60\x00")
    return state


class BothJournals(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        state = parent_state()
        self.fast = WorldState(state)
        self.slow = ReaderAccountDB(state)
        self.snapshots: list[tuple[int, object]] = []

    # Writes. Balances stay above zero: when empty accounts vanish is EIP-161's affair, tested with transactions.

    @rule(address=addresses, balance=st.integers(1, 4))
    def set_balance(self, address: Address, balance: int) -> None:
        self.fast.set_balance(address, balance)
        self.slow.set_balance(address, balance)

    @rule(address=addresses)
    def increment_nonce(self, address: Address) -> None:
        self.fast.increment_nonce(address)
        self.slow.increment_nonce(address)

    @rule(address=addresses, code=st.sampled_from([b"\x00", b"\x60\x01", b"\xef\x01\x00" + bytes(20)]))
    def set_code(self, address: Address, code: bytes) -> None:
        self.fast.set_code(address, code)
        self.slow.set_code(address, code)

    @rule(address=addresses, slot=slots, value=st.integers(0, 3))
    def set_storage(self, address: Address, slot: int, value: int) -> None:
        if not self.fast.account_exists(address):
            self.set_balance(address, 1)
        self.fast.set_storage(address, slot, value)
        self.slow.set_storage(address, slot, value)

    @rule(address=addresses)
    def warm_address(self, address: Address) -> None:
        self.fast.mark_address_warm(address)
        self.slow.mark_address_warm(address)

    @rule(address=addresses, slot=slots)
    def warm_slot(self, address: Address, slot: int) -> None:
        self.fast.mark_storage_warm(address, slot)
        self.slow.mark_storage_warm(address, slot)

    # Frames and transactions

    @rule()
    def enter_frame(self) -> None:
        self.snapshots.append((self.fast.snapshot(), self.slow.record()))

    @precondition(lambda self: self.snapshots)
    @rule()
    def frame_succeeds(self) -> None:
        self.slow.commit(self.snapshots.pop()[1])

    @precondition(lambda self: self.snapshots)
    @rule()
    def frame_reverts(self) -> None:
        fast, slow = self.snapshots.pop()
        self.fast.revert(fast)
        self.slow.discard(slow)

    @precondition(lambda self: not self.snapshots)
    @rule(destroyed=st.sets(addresses, max_size=2))
    def transaction_ends(self, destroyed: set[Address]) -> None:
        for address in destroyed:
            if self.fast.account_exists(address):
                self.fast.destroy(address)
                self.slow.delete_account(address)
        self.fast.finish_transaction()
        self.slow.lock_changes()

    # What must be equal

    @invariant()
    def accounts_read_the_same(self) -> None:
        for address in ADDRESSES:
            assert self.fast.account_exists(address) == self.slow.account_exists(address)
            assert self.fast.get_balance(address) == self.slow.get_balance(address)
            assert self.fast.get_nonce(address) == self.slow.get_nonce(address)
            assert self.fast.get_code(address) == self.slow.get_code(address)
            assert self.fast.get_code_hash(address) == self.slow.get_code_hash(address)
            assert self.fast.is_address_warm(address) == self.slow.is_address_warm(address)

    @invariant()
    def storage_reads_the_same_now_and_at_the_transactions_start(self) -> None:
        for address in ADDRESSES:
            for slot in SLOTS:
                for now in (True, False):
                    fast = self.fast.get_storage(address, slot, now)
                    assert fast == self.slow.get_storage(address, slot, now), (address.hex(), slot, now)
                assert self.fast.is_storage_warm(address, slot) == self.slow.is_storage_warm(address, slot)

    def teardown(self) -> None:
        while self.snapshots:
            self.frame_reverts()
        self.fast.finish_transaction()
        self.slow.lock_changes()
        assert self.fast.changes() == self.slow.changes()


TestBothJournals = BothJournals.TestCase
TestBothJournals.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
