"""The state transition and its storage.

What flows in: parents, payload attributes, transactions. What flows out: sealed blocks, receipts, the changes
to write, and proofs. It is deterministic: no clock, no randomness, no network, no float; the same package serves
the L2 node and the simulated L1.

Rooms, top to bottom (each imports only what stands below it):
    queries       calls, estimates, simulations, proofs and log searches at a block, on a read-only view
    transition    build or re-execute one block: env -> transactions -> roots -> SealedBlock
    execution     the Executor port and its two implementations, validation, OP fee rules, precompiles
    world         the flat, journaled account state that a block executes on
    trie          batched Merkle Patricia trie and proofs
    database      LevelDB: schema, one write batch a block, heads, history
    blocks        headers, receipts, logs, bloom and their encodings
    transactions  types 0, 1, 2, 4 and 0x7E: decode, encode, sign, recover
    primitives    units, RLP, keccak, secp256k1
    errors        the root of everything expected

Start reading at `transition/builder.py`. Imports nothing of ours but `contracts` (addresses, artifacts).
"""
