"""One block: from its parent, attributes and transactions to a sealed block, or back from a block to the same.

    GenesisSpec, genesis_record   genesis.json -> the first block
    BlockBuilder                  parent + BlockAttributes, .apply(tx, raw) each, .seal() -> SealedBlock
    execute_block                 a Block that came from elsewhere, re-executed and held against its header
    forged_head                   the head with a state that no transaction gave it: sandboxes only
    CheckedExecutor, audit_block  fast and reference executor side by side; a difference stops the node

What flows in: the chain database (parents, state, code), an Executor, transactions. What flows out: `SealedBlock`,
whose record the database commits as one batch. Nothing here writes to disk, and nothing here knows of pools, L1 or
derivation. Start reading at `builder.py`.
"""

from state.transition.audit import CanonicalChanges, CheckedExecutor, audit_block
from state.transition.builder import BlockAttributes, BlockBuilder, SealedBlock, child_base_fee
from state.transition.forging import AccountForgery, forged_head
from state.transition.genesis import GenesisAccount, GenesisInvalid, GenesisSpec, genesis_record
from state.transition.replay import executable_transaction, execute_block

__all__ = [
    "AccountForgery",
    "BlockAttributes",
    "BlockBuilder",
    "CanonicalChanges",
    "CheckedExecutor",
    "GenesisAccount",
    "GenesisInvalid",
    "GenesisSpec",
    "SealedBlock",
    "audit_block",
    "child_base_fee",
    "executable_transaction",
    "execute_block",
    "forged_head",
    "genesis_record",
]
