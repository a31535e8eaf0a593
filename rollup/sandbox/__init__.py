"""A chain that nobody derives: no L1, no batches, no safe head, and so its time and state may be forged.

It has the L2's rules, fees and predeploys (the devnet's genesis, `is_optimism`), but no L1-attributes deposit opens
its blocks: what they would write stands in genesis, so that the L1 fee is charged at fixed prices, and a test's
transaction is the first of its block. `safe` and `finalized` stay at genesis, as on every chain that has posted
nothing to L1. It is composed of the same pool, block builder and database as the node; of the engine it needs
nothing, since that one exists to agree with derivation.

    submit ─▶ TxPool ─▶ mine ─▶ SandboxChain.build ─▶ one batch ─▶ listeners
    forge ─▶ the head's sibling with another state root, in the head's place (state.transition.forging)
    snapshot / revert ─▶ rewinding by reverse diffs (archive mode keeps them all: nothing is ever finalized)

    clock.py      what time the next block has: clock, offset, a timestamp that was asked for, an interval
    snapshots.py  what a revert goes back to
    chain.py      SandboxChain: blocks, forgeries, reverts, on disk; any one thread
    sandbox.py    Sandbox: pool, chain and clock together, one change at a time; on the event loop
    errors.py     what a sandbox refuses

Start reading at `sandbox.py`. The clock and the engine's thread are handed in. Imports `rollup.txpool` and `state`;
never the driver, the batcher or `rpc`.
"""

from rollup.sandbox.chain import SandboxChain
from rollup.sandbox.clock import SandboxClock
from rollup.sandbox.errors import SandboxRefusal
from rollup.sandbox.sandbox import Sandbox, SandboxEvents

__all__ = ["Sandbox", "SandboxChain", "SandboxClock", "SandboxEvents", "SandboxRefusal"]
