"""A state and a block as a call pretends them: account overrides over a StateReader, block overrides in a BlockEnv.

    pretended(state, env, rules, accounts, block) -> (StateReader, BlockEnv)

Everything that a question may override ends up in these two, so that executors know nothing of where they came from.
Source: geth's internal/ethapi/override for what goes together with what, and for the words of refusals.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from contracts.addresses import checksum
from state.execution.errors import OverrideRefused, PrecompileMovedToItself
from state.execution.port import AccountOverride, BlockEnv, BlockOverrides, ChainRules
from state.execution.precompiles import ETHEREUM_PRECOMPILES, OPTIMISM_PRECOMPILES
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
        return account if override is None else overridden_account(account, override)

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


def overridden_account(account: Account | None, override: AccountOverride) -> Account:
    """`account` with nonce, balance and code as `override` has them; its storage root stays."""
    before = account or EMPTY_ACCOUNT
    return Account(
        nonce=before.nonce if override.nonce is None else Nonce(override.nonce),
        balance=before.balance if override.balance is None else Wei(override.balance),
        storage_root=before.storage_root,
        code_hash=before.code_hash if override.code is None else keccak256(override.code),
    )


def pretended(
    state: StateReader,
    env: BlockEnv,
    rules: ChainRules,
    accounts: Mapping[Address, AccountOverride] | None,
    block: BlockOverrides | None = None,
) -> tuple[StateReader, BlockEnv]:
    """State and block with the overrides in them; the very same objects where nothing is overridden.

    Raises OverrideRefused in geth's words.
    """
    if block is not None:
        env = overridden_env(env, block)
    if not accounts:
        return state, env
    moves = precompile_moves(accounts, OPTIMISM_PRECOMPILES if rules.is_optimism else ETHEREUM_PRECOMPILES)
    return OverriddenState(state, accounts), replace(env, precompile_moves=moves) if moves else env


def overridden_env(env: BlockEnv, block: BlockOverrides) -> BlockEnv:
    """`env` with the fields that `block` sets. BLOCKHASH still knows the chain's own blocks only."""
    if block.parent_beacon_block_root is not None:
        raise OverrideRefused('block override "beaconRoot" is not supported for this RPC method')
    fields: dict[str, Any] = {
        "number": block.number,
        "timestamp": block.timestamp,
        "gas_limit": block.gas_limit,
        "fee_recipient": block.fee_recipient,
        "prev_randao": block.prev_randao,
        "base_fee_per_gas": block.base_fee_per_gas,
        "blob_base_fee": block.blob_base_fee,
    }
    return replace(env, **{name: value for name, value in fields.items() if value is not None})


def precompile_moves(
    accounts: Mapping[Address, AccountOverride], precompiles: Collection[Address]
) -> dict[Address, Address | None]:
    """`BlockEnv.precompile_moves` for these overrides, in the order of addresses as in geth. Raises OverrideRefused."""
    moves: dict[Address, Address | None] = {}
    for address in sorted(accounts):
        moved_to = accounts[address].move_precompile_to
        original = moves.get(address, address if address in precompiles else None)
        if moved_to is not None:
            if original is None:
                raise OverrideRefused(f"account {checksum(address)} is not a precompile")
            if moved_to == address:
                raise PrecompileMovedToItself(f"account {checksum(address)} is already overridden")
            if moved_to in accounts:
                raise OverrideRefused(f"account {checksum(moved_to)} is already overridden")
            moves[moved_to] = original
        if original is not None:
            moves[address] = None
    return moves
