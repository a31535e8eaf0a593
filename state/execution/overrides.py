"""A StateReader with eth_call's account overrides on top."""

from collections.abc import Mapping

from state.execution.port import AccountOverride
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32, Nonce, Wei
from state.world.types import EMPTY_ACCOUNT, Account, StateReader


class OverriddenState:
    """`state` as if the overridden accounts had always been so. Storage roots stay what they were."""

    def __init__(self, state: StateReader, overrides: Mapping[Address, AccountOverride]) -> None:
        self._state = state
        self._overrides = overrides
        self._codes = {keccak256(o.code): o.code for o in overrides.values() if o.code is not None}

    def account(self, address: Address) -> Account | None:
        """The account; one that is overridden exists, be it all zero."""
        account = self._state.account(address)
        override = self._overrides.get(address)
        if override is None:
            return account
        before = account or EMPTY_ACCOUNT
        return Account(
            nonce=before.nonce if override.nonce is None else Nonce(override.nonce),
            balance=before.balance if override.balance is None else Wei(override.balance),
            storage_root=before.storage_root,
            code_hash=before.code_hash if override.code is None else keccak256(override.code),
        )

    def storage(self, address: Address, slot: int) -> int:
        """The slot: from `state_diff`, else from `state` if that is given, else the chain's."""
        override = self._overrides.get(address)
        if override is None:
            return self._state.storage(address, slot)
        if slot in override.state_diff:
            return override.state_diff[slot]
        if override.state is not None:
            return override.state.get(slot, 0)
        return self._state.storage(address, slot)

    def code(self, code_hash: Hash32) -> bytes:
        """Code by hash, the overrides' included."""
        code = self._codes.get(code_hash)
        return self._state.code(code_hash) if code is None else code


def with_overrides(state: StateReader, overrides: Mapping[Address, AccountOverride] | None) -> StateReader:
    """`state` itself if nothing is overridden."""
    return OverriddenState(state, overrides) if overrides else state
