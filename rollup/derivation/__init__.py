"""Derivation: L1 blocks -> payload attributes, pure, by the OP Stack's specification with Holocene's rules.

One stage a file, named as in the specification, in the order of the data:
    l1_traversal      one L1 block after the other, and the system config as of each
    l1_retrieval      its batcher transactions' calldata
    frame_queue       frames, pruned to contiguous runs
    channel_bank      one staging channel
    channel_reader    decompressed and decoded batches
    batch_stage       at most one block on top of the safe head; `batch_rules` judges
    attributes_queue  payload attributes; `attributes` makes them, for the sequencer too

`epoch` is what is kept of an L1 block while it may be an origin. Malformed data never raises: it is skipped as the
specification says. What raises is DerivationReset (L1 was reorganised: the caller resets) and two critical errors
for data that may neither be read nor skipped.

Start reading at `pipeline.py`. Imports `codec`, `types`, `errors` and `state`; no clock, randomness, asyncio, network:
the driver does the I/O.
"""

from rollup.derivation.attributes import prepare_attributes
from rollup.derivation.batch_rules import BatchVerdict
from rollup.derivation.pipeline import (
    DerivationPipeline,
    DerivationStep,
    DerivedAttributes,
    Idle,
    NeedL1Block,
    reset_origin,
)

__all__ = [
    "BatchVerdict",
    "DerivationPipeline",
    "DerivationStep",
    "DerivedAttributes",
    "Idle",
    "NeedL1Block",
    "prepare_attributes",
    "reset_origin",
]
