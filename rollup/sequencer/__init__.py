"""When to build an L2 block, on which L1 origin, and with which of the waiting transactions.

    origin.py   which L1 block the next L2 block belongs to (drift, confirmation depth): pure
    fill.py     how much gas this machine can execute in a block's time: measured, never a protocol rule
    builder.py  one block: attributes, deposits, then the pool's best transactions until time or gas is out
    loop.py     the clock: a block every `block_time`, catching up when it is behind

What flows in: L1 blocks, pool transactions, the engine's unsafe head. What flows out: sealed blocks in the engine.
Start reading at `builder.py`. Imports engine, derivation.attributes and types; the txpool and L1 come in through
Protocols; never driver, batcher or proposer.
"""

from rollup.sequencer.builder import BlockBuilt, BlockProduced, PoolPort, SequencerBuilder
from rollup.sequencer.fill import FillLimit
from rollup.sequencer.loop import L1Source, Sequencer
from rollup.sequencer.origin import OriginChoice, select_origin

__all__ = [
    "BlockBuilt",
    "BlockProduced",
    "FillLimit",
    "L1Source",
    "OriginChoice",
    "PoolPort",
    "Sequencer",
    "SequencerBuilder",
    "select_origin",
]
