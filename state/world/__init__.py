"""World state: what an account is, what a block executes on, and how its changes become a root.

    StateReader (types.py)      the state after one block, read only
        FlatState, TrieState    the head's flat tables; any block's trie (readers.py, `state_at` picks)
        DictState               in memory, for tests and genesis
    WorldState (journal.py)     a mutable view over a reader, with one undo journal; executors run on it
        .changes() -> StateChanges
    commit_changes (commit.py)  StateChanges on a parent root -> state root, new nodes, flat values

What flows in: reads by address and slot. What flows out: values that changed, then a StateDelta that the database
writes in the block's one batch. Start reading at `types.py`, then `journal.py`.

Knows nothing of transactions, gas or fees, and nothing of py-evm: those are `state.execution`'s.
"""
