"""The journal against a model that copies everything at each snapshot."""

import copy
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from state.primitives.types import Address
from state.world.journal import WorldState
from state.world.readers import DictState

ADDRESSES = [Address(bytes((n,)) * 20) for n in (1, 2, 3)]
addresses = st.sampled_from(ADDRESSES)
slots = st.integers(0, 2)


@dataclass
class Model:
    """What there is, in plain dictionaries."""

    accounts: dict[Address, tuple[int, int, bytes]] = field(default_factory=dict)
    storage: dict[tuple[Address, int], int] = field(default_factory=dict)
    transient: dict[tuple[Address, int], bytes] = field(default_factory=dict)
    warm: set[Any] = field(default_factory=set)
    dirty: set[Address] = field(default_factory=set)
    destroyed: set[Address] = field(default_factory=set)

    def change(self, address: Address, nonce: int = 0, balance: int = 0, code: bytes | None = None) -> None:
        old = self.accounts.get(address, (0, 0, b""))
        self.accounts[address] = (old[0] + nonce, old[1] + balance, old[2] if code is None else code)
        self.dirty.add(address)


class JournalMachine(RuleBasedStateMachine):
    """Random writes, nested snapshots and transaction ends on both."""

    @initialize(
        balances=st.dictionaries(addresses, st.integers(0, 3)),
        words=st.dictionaries(st.tuples(addresses, slots), st.integers(1, 3)),
    )
    def start(self, balances: dict[Address, int], words: dict[tuple[Address, int], int]) -> None:
        self.reader = DictState()
        self.model = Model()
        for address, balance in balances.items():
            storage = {slot: value for (owner, slot), value in words.items() if owner == address}
            self.reader.put(address, nonce=1, balance=balance, storage=storage)
            self.model.accounts[address] = (1, balance, b"")
            self.model.storage |= {(address, slot): value for slot, value in storage.items()}
        self.world = WorldState(self.reader)
        self.snapshots: list[tuple[int, Model]] = []
        self.before = copy.deepcopy(self.model)

    @rule(address=addresses, amount=st.integers(0, 3))
    def add_balance(self, address: Address, amount: int) -> None:
        self.world.add_balance(address, amount)
        if amount:
            self.model.change(address, balance=amount)

    @rule(address=addresses)
    def increment_nonce(self, address: Address) -> None:
        self.world.increment_nonce(address)
        self.model.change(address, nonce=1)

    @rule(address=addresses, code=st.sampled_from([b"", b"\x01", b"\x02"]))
    def set_code(self, address: Address, code: bytes) -> None:
        self.world.set_code(address, code)
        self.model.change(address, code=code)

    @rule(address=addresses, slot=slots, value=st.integers(0, 3))
    def set_storage(self, address: Address, slot: int, value: int) -> None:
        if address not in self.model.accounts:
            return
        self.world.set_storage(address, slot, value)
        self.model.storage[address, slot] = value

    @rule(address=addresses)
    def delete_storage(self, address: Address) -> None:
        self.world.delete_storage(address)
        self.model.storage = {key: value for key, value in self.model.storage.items() if key[0] != address}

    @rule(address=addresses, slot=slots, value=st.sampled_from([b"", b"\x05"]))
    def set_transient(self, address: Address, slot: int, value: bytes) -> None:
        self.world.set_transient_storage(address, slot, value)
        self.model.transient[address, slot] = value

    @rule(address=addresses, slot=slots)
    def warm(self, address: Address, slot: int) -> None:
        self.world.mark_address_warm(address)
        self.world.mark_storage_warm(address, slot)
        self.model.warm |= {address, (address, slot)}

    @rule(address=addresses)
    def destroy(self, address: Address) -> None:
        self.world.destroy(address)
        self.model.destroyed.add(address)

    @rule()
    def snapshot(self) -> None:
        self.snapshots.append((self.world.snapshot(), copy.deepcopy(self.model)))

    @precondition(lambda self: bool(self.snapshots))
    @rule(data=st.data())
    def revert(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.snapshots) - 1))
        snapshot, self.model = self.snapshots[index]
        del self.snapshots[index:]
        self.world.revert(snapshot)

    @rule()
    def finish_transaction(self) -> None:
        self.world.finish_transaction()
        model = self.model
        empty = {address for address in model.dirty if model.accounts.get(address) == (0, 0, b"")}
        for address in model.destroyed | empty:
            model.accounts.pop(address, None)
        model.storage = {key: value for key, value in model.storage.items() if key[0] not in model.destroyed}
        self.model = Model(accounts=model.accounts, storage=model.storage)
        self.snapshots.clear()
        self.before = copy.deepcopy(self.model)

    @invariant()
    def reads_are_the_models(self) -> None:
        if not hasattr(self, "world"):
            return
        world, model = self.world, self.model
        for address in ADDRESSES:
            nonce, balance, code = model.accounts.get(address, (0, 0, b""))
            got = (world.get_nonce(address), world.get_balance(address), world.get_code(address))
            assert got == (nonce, balance, code)
            assert world.account_exists(address) == (address in model.accounts)
            assert world.is_address_warm(address) == (address in model.warm)
            for slot in range(3):
                key = (address, slot)
                assert world.get_storage(address, slot) == model.storage.get(key, 0)
                assert world.get_transient_storage(address, slot) == model.transient.get(key, b"")
                assert world.is_storage_warm(address, slot) == (key in model.warm)

    def teardown(self) -> None:
        """The changes, applied to the state before, are the model's state."""
        if not hasattr(self, "world"):
            return
        self.finish_transaction()
        self.reader.apply(self.world.changes())
        for address in ADDRESSES:
            account = self.reader.account(address)
            fields = None if account is None else (account.nonce, account.balance, self.reader.code(account.code_hash))
            assert fields == self.model.accounts.get(address)
            if account is not None:
                kept = {slot: self.model.storage.get((address, slot), 0) for slot in range(3)}
                assert {slot: self.reader.storage(address, slot) for slot in range(3)} == kept


TestJournalAgainstModel = JournalMachine.TestCase
TestJournalAgainstModel.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
