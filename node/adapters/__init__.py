"""rpc's ports (`rpc/ports.py`) over database, engine, pool, readers and driver; one file a port.

    chain.py, state.py, info.py, rollup.py   what JSON-RPC asks of a node
    pool.py, forwarding.py                   the sequencer's pool, and a follower's way to it
    pool_feed.py, head.py                    what the pool hears and asks of the engine
    sources.py                               what batcher and proposer read of L2
    simulator.py                             the same server over the simulated L1

What flows in: questions of the JSON-RPC server. What flows out: answers in state's types. The same `DatabaseChain` and
`ReaderState` serve the L2 node and the simulated L1. Nothing here decides anything.
"""
