"""A StateReader in the middle of a block: its parent's state with what the transactions before have changed."""

from state.primitives.types import Address, Hash32
from state.world.types import Account, StateChanges, StateReader


class ChangedState:
    """`state` moved on by `changes`. Storage roots stay the parent's, but for a storage that was wiped."""

    def __init__(self, state: StateReader, changes: StateChanges) -> None:
        self._state = state
        self._changes = changes

    def account(self, address: Address) -> Account | None:
        """None where there is no account."""
        if address in self._changes.accounts:
            return self._changes.accounts[address]
        return self._state.account(address)

    def storage(self, address: Address, slot: int) -> int:
        """0 where nothing was written."""
        written = self._changes.storage.get(address, {}).get(slot)
        if written is not None:
            return written
        return 0 if address in self._changes.wiped_storage else self._state.storage(address, slot)

    def code(self, code_hash: Hash32) -> bytes:
        """Code by hash, the block's new one included."""
        code = self._changes.codes.get(code_hash)
        return self._state.code(code_hash) if code is None else code
