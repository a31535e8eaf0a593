"""L1 <-> L2: everything that makes the chain a rollup.

What flows in: transactions from wallets, blocks from L1, blocks from peers. What flows out: sealed L2 blocks, batches
and output roots for L1, three heads (unsafe, safe, finalized).

Rooms, top to bottom (each imports only what stands below it):
    driver, simulator, sandbox      the loop that feeds derivation and moves the heads; the simulated L1; a chain that
                                    nobody derives, for tests of contracts
    sequencer, batcher, proposer    when to build what; posting batches; posting output roots
    indexer                         the AI economy as the chain has it: Datanets, models, records, epochs, rewards
    engine, txpool, l1              the chain's head and its blocks; waiting transactions; the L1 by JSON-RPC
    derivation                      L1 blocks -> payload attributes, pure
    codec                           frames, channels, span batches, deposits, L1 attributes, output roots
    types                           references, configuration, payload attributes
    errors                          what can go wrong here

Start reading at `derivation/pipeline.py`. Imports `state` and `contracts`; never `rpc`, `p2p` or `node`.
"""
