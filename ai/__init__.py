"""Datanets, attribution, serving and training: the only place that may use torch. Reserved: not in this release.

Shares are computed today by token evidence, in `client/evidence.py`, which needs no model (docs/attribution.md).

What will flow in: Datanets and prompts, through `client`. What will flow out: answers, and integer shares for records.
It must not import the node's rooms (`node`, `rpc`, `p2p`, `rollup`, `state`): it is a client of the chain.
"""
