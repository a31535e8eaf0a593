"""Peers: signed block gossip, catch-up, scoring. This release speaks to no peers yet: it has the messages' contents.

Followers take every block from L1 (`rollup.driver`), which needs no peers and believes none; what is missing without
gossip is the unsafe head between two batches.

    payload.py       a block as SSZ, the form in which the OP Stack's nodes pass it on
    signed_block.py  with the sequencer's signature, compressed
    block_gossip.py  which of them are believed enough to be passed on, and what shows that the sequencer equivocated

What will flow in: blocks that the sequencer signed. What will flow out: blocks for `rollup.engine`, checked. It must
not import `rpc` or `rollup`: they meet in `node/wiring.py`.
"""
