"""States that no block on disk has: trie nodes and code in memory, over those of a database."""

from collections.abc import Mapping

from state.database import StateDelta
from state.execution.overrides import overridden_account
from state.execution.port import AccountOverride
from state.primitives.types import Address, Hash32
from state.world.commit import StateCommit, commit_changes
from state.world.readers import StateSource
from state.world.types import StateChanges, StateReader


class Overlay:
    """Nodes and code that were made up, and below them others; what `TrieState` and `commit_changes` read."""

    def __init__(self, below: StateSource) -> None:
        """`below`: a database, or another overlay."""
        self._below = below
        self._nodes: dict[Hash32, bytes] = {}
        self._codes: dict[Hash32, bytes] = {}

    def get_node(self, node_hash: Hash32, /) -> bytes | None:
        """The RLP of a trie node."""
        node = self._nodes.get(node_hash)
        return self._below.get_node(node_hash) if node is None else node

    def code(self, code_hash: Hash32) -> bytes | None:
        """Code by its hash."""
        code = self._codes.get(code_hash)
        return self._below.code(code_hash) if code is None else code

    def add(self, delta: StateDelta) -> None:
        """Keeps what a block would write."""
        self._nodes.update(delta.nodes)
        self._codes.update(delta.codes)

    def commit(self, parent_root: Hash32, changes: StateChanges) -> StateCommit:
        """The state after `changes`, kept here."""
        commit = commit_changes(self, parent_root, changes)
        self.add(commit.delta)
        return commit


def override_changes(state: StateReader, overrides: Mapping[Address, AccountOverride]) -> StateChanges:
    """Account overrides as changes of `state`, as if a transaction had made them. Precompile moves are no state."""
    changes = StateChanges()
    for address, override in overrides.items():
        account = overridden_account(state.account(address), override)
        changes.accounts[address] = account
        if override.code:
            changes.codes[account.code_hash] = override.code
        if override.state is not None:
            changes.wiped_storage.add(address)
            changes.storage[address] = {slot: value for slot, value in override.state.items() if value}
        elif override.state_diff:
            changes.storage[address] = dict(override.state_diff)
    return changes
