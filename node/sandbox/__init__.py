"""`openledger devnet --sandbox`: one chain in one process, whose time and state tests may forge.

    genesis.py    the devnet's genesis, with L1's prices already in L1Block
    accounts.py   the unlocked accounts, and those that a test impersonates
    port.py       rpc's SandboxPort and PoolPort over `rollup.sandbox`
    process.py    all of it wired and served; begins anew at each start

What flows in: a few flags. What flows out: JSON-RPC like any node's, with `anvil_*`, `hardhat_*` and `evm_*` beside.
The rules are in `rollup.sandbox`; nothing here decides what a forgery means. Start reading at `process.py`.
"""
