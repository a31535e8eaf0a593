"""A network's files, and its contracts on an L1 that is not ours.

    files.py        rollup.json, genesis.json, l1-addresses.json and keys in one directory, the same for every network
    simulated.py    `openledger network create`: the same on a simulated L1, whose genesis has the contracts
    deployment.py   `openledger deploy-l1`: contracts by real transactions, code verified, then the files
    rotation.py     `openledger network rotate`: an operator's role to another key, by a call on L1
    record.py       what a deployment notes on disk before it sends anything, so that it can be carried on

What flows in: a `GenesisConfig`, and for a deployment an L1 URL and a key. What flows out: the files that
`openledger node` is started with. Start reading at `files.py`. The devnet (node/devnet) uses the same files with the
contracts in the simulated L1's genesis. Imports `contracts`, `rollup.l1` and `state`; nothing of `client` or `rpc`.
"""
