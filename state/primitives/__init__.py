"""Units, RLP, keccak and secp256k1: what every other room speaks in.

`types` holds a NewType for every unit and the fixed byte strings; `rlp` encodes and strictly decodes; `crypto`
hashes and recovers on native libraries. Nothing here knows what a transaction or a block is, and nothing here
imports anything of ours but `errors`.
"""
