"""rpc's ports (`rpc/ports.py`) over database, engine, pool, readers and driver; one file a port.

The same `DatabaseChain` and `ReaderState` serve the L2 node and the simulated L1. What flows in: questions of the
JSON-RPC server. What flows out: answers in state's types. Nothing here decides anything.
"""
