"""The outside world's door: Ethereum JSON-RPC over HTTP and WebSocket, on one port.

Flows: bytes come in through `transport`, `dispatch` reads the JSON-RPC envelope and finds the method in the
`registry`, `parameters` parses its arguments, a short function in `namespaces` picks the block and asks a port,
`views` writes the answer in geth's JSON. `events` goes the other way: the composition root publishes new heads and
pending transactions, and `subscriptions` and `filters` tell whoever waits.

    transport ▶ dispatch ▶ registry ▶ parameters ▶ namespaces ▶ ports (the node)
                                                        └─────▶ views

The same server serves the L2 node and the simulated L1: what it needs of a chain are the Protocols in `ports`, which
`node/wiring.py` implements. What it refuses, and with which code, is the table in `errors`; every bound is in `limits`.

Start reading at `ports.py`, then `server.py`, then any file of `namespaces`. Must not import `rollup`, `p2p`, `node`.
"""
