"""The composition root: command line, configuration, wiring, the devnet, telemetry, reader processes.

What flows in: flags, environment, TOML, rollup.json and genesis.json. What flows out: running processes.

    wiring.py        every part of a node, put together in one place: read it first
    sequencing.py    what a sequencer runs beside that: sequencer, batcher, proposer
    adapters/        rpc's ports over database, engine, pool and readers
    cli/             the commands
    config/          default < preset < TOML < environment < flag
    devnet/          L1, sequencer, followers and the demo on this machine in one command
    network/         a network's files, and its contracts on any L1
    readers/         processes that answer state questions from a LevelDB of their own
    sandbox/         one chain alone whose time and state tests may forge
    unlocked/        the devnet's accounts and faucet
    telemetry.py     structured events and metrics

Nothing imports `node`. It may import everything but `ai` and `studio`, which it mounts lazily.
"""
