"""L1, sequencer, followers and the demo on this machine, in one command.

    accounts.py    the ten well-known accounts and the operators' keys
    network.py     a new network's files: genesis.json, rollup.json, l1-genesis.json, keys, addresses
    lock.py        one devnet a directory
    processes.py   starting, watching and stopping the node's own processes
    sandbox.py     `openledger devnet --sandbox`: one chain for tests instead of all that
    command.py     `openledger devnet`: all of it in order, with progress, until Ctrl-C

What flows in: a few flags and a data directory. What flows out: `devnet.json` once everything answers (DESIGN.md
section 1). The next start with the same directory carries on from disk.
"""
