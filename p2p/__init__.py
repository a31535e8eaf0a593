"""Peers: signed block gossip, catch-up, scoring. Reserved: this release has no peer-to-peer network.

Followers take every block from L1 (`rollup.driver`), which needs no peers and believes none; what is missing without
gossip is the unsafe head between two batches.

What will flow in: blocks that the sequencer signed. What will flow out: blocks for `rollup.engine`, checked. It must
not import `rpc` or `rollup`: they meet in `node/wiring.py`.
"""
