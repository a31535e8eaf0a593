"""The L2 chain's three heads and how they move.

    unsafe      sealed here or received from a peer; moves with every block
    safe        derived from L1; agrees with an unsafe block (consolidation) or replaces it (reorg)
    finalized   derived from finalized L1; never moves back

What flows in: payload attributes from the sequencer and from derivation, transactions, whole blocks. What flows out:
sealed blocks on disk, head changes to listeners. Everything here is synchronous and single-threaded, without a clock:
the node runs it on one worker thread, tests call it step by step.

Start reading at `engine.py`; `payload.py` builds one block; `consolidation.py` compares attributes with a block.
Imports `state`, `rollup.codec` and `rollup.types`; never txpool, l1 or anything above.
"""

from rollup.engine.engine import Engine, EngineListener
from rollup.engine.payload import PayloadBuild

__all__ = ["Engine", "EngineListener", "PayloadBuild"]
