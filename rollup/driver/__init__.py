"""The loop around derivation: it fetches what the pure pipeline asks for and moves the engine's heads.

    driver.py      L1 blocks -> pipeline -> engine, finality, resets
    safe_index.py  which L1 block each safe L2 block was derived from, on disk, so that a reset knows how far to go back
    start.py       where to start again after an L1 reorg or a restart: pure over two lookups

What flows in: L1 heads and blocks (through `L1Source`). What flows out: safe and finalized heads; resets.
Start reading at `driver.py`. Imports everything else in rollup but the simulator.
"""

from rollup.driver.driver import Driver, SyncStatus

__all__ = ["Driver", "SyncStatus"]
