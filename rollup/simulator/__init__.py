"""The simulated L1: a small Ethereum chain at Prague for development, tests and demonstrations.

It runs in a process of its own (`openledger l1`) and is reached by Ethereum JSON-RPC only, served by the same `rpc` as
L2, so that Anvil, geth or a public L1 takes its place by changing a URL. The EVM, the state and the storage are those
of `state` with `is_optimism=False`; the waiting transactions are in a `rollup.txpool.TxPool`.

    submit(raw) ─▶ pool ─▶ tick() / mine() ─▶ sealed block, one synced batch ─▶ heads latest, safe, finalized
                     ▲                              │
                     └───── dropped transactions ◀──┴── reorg(depth): depth + 1 other blocks take their place

What it simulates of proof of stake: slots, prevRandao and parent beacon roots (pseudo-random, but the same for the same
seed), safe and finalized heads at fixed distances, reorgs on request. What it doesn't: validators, blobs, withdrawals.

    config.py      SimulatorConfig: pace, distances, seed
    randomness.py  prevRandao, beacon roots, extraData from seed, number and branch
    chain.py       SimulatedL1

Start reading at `chain.py`. Synchronous and single-threaded, the clock is handed in; imports `rollup.txpool` and
`state`, never the driver, the batcher or `rpc`.
"""

from rollup.simulator.chain import ReorgTooDeep, SimulatedL1
from rollup.simulator.config import SimulatorConfig

__all__ = ["ReorgTooDeep", "SimulatedL1", "SimulatorConfig"]
