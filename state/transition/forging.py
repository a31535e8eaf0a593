"""The head with another state than its transactions gave it: what a sandbox's tests set by hand.

A forged state must not be a secret of one process. So the head block gets a sibling in its place, with the same
number, time, transactions and receipts, whose header has the root of the forged state: database, tries, readers,
executors and the proofs that clients verify all follow that one root. No rule of the protocol leads there, which is
why only a chain that nobody derives may do it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from state.blocks import EMPTY_TRIE_ROOT
from state.database import BlockRecord, ChainDatabase
from state.primitives.crypto import KECCAK_EMPTY, keccak256
from state.primitives.types import Address, Nonce, Wei
from state.transition.genesis import MESSAGE_PASSER
from state.world.commit import commit_changes
from state.world.readers import state_at
from state.world.types import EMPTY_ACCOUNT, Account, StateChanges, StateReader


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountForgery:
    """What one account is from now on; None leaves a field as it is."""

    address: Address
    nonce: Nonce | None = None
    balance: Wei | None = None
    code: bytes | None = None
    slots: Mapping[int, int] = field(default_factory=dict)
    """Slot -> word; 0 deletes."""


def forged_head(db: ChainDatabase, forgeries: Iterable[AccountForgery]) -> BlockRecord:
    """The sibling that takes the flat head's place; its delta is what changes in the head's state, and no more.

    The head itself, with an empty delta, where nothing changes. Nothing is written.
    """
    head_hash = db.flat_head()
    head = db.block_record(head_hash)
    assert head is not None  # noqa: S101 - the flat head is always on disk
    changes = _changes(state_at(db, head_hash), forgeries)
    commit = commit_changes(db, head.header.state_root, changes)
    header = replace(
        head.header,
        state_root=commit.state_root,
        withdrawals_root=commit.storage_roots.get(MESSAGE_PASSER, head.header.withdrawals_root),
    )
    if header == head.header:
        return head
    return replace(head, hash=header.hash, header=header, delta=commit.delta)


def _changes(state: StateReader, forgeries: Iterable[AccountForgery]) -> StateChanges:
    changes = StateChanges()
    for forgery in forgeries:
        before = changes.accounts.get(forgery.address) or state.account(forgery.address) or EMPTY_ACCOUNT
        account = _account(before, forgery)
        if forgery.code:
            changes.codes[account.code_hash] = forgery.code
        if forgery.slots:
            changes.storage[forgery.address] = changes.storage.get(forgery.address, {}) | dict(forgery.slots)
        holds = account.storage_root != EMPTY_TRIE_ROOT or any(changes.storage.get(forgery.address, {}).values())
        changes.accounts[forgery.address] = None if account.is_empty and not holds else account
    return changes


def _account(before: Account, forgery: AccountForgery) -> Account:
    code_hash = before.code_hash
    if forgery.code is not None:
        code_hash = keccak256(forgery.code) if forgery.code else KECCAK_EMPTY
    return Account(
        nonce=before.nonce if forgery.nonce is None else forgery.nonce,
        balance=before.balance if forgery.balance is None else forgery.balance,
        storage_root=before.storage_root,
        code_hash=code_hash,
    )
