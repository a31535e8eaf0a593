"""A process that commits and rewinds seeded blocks until it is killed: `python -m … PATH SEED`.

Prints a line before each write (`begin`, the head that it leads to) and one after it (`done`), so that the test
knows what must have survived and what may have.
"""

import sys
from pathlib import Path
from random import Random

from state.database import BlockRecord, ChainDatabase, Heads, LevelDBStore
from tests.unit.state.database.chain_blocks import World, block_record, change_world, record_for


def main(path: str, seed: str) -> None:
    random = Random(int(seed))
    db = ChainDatabase(LevelDBStore(Path(path)), index_addresses=True)
    genesis = block_record(None)
    db.initialise(genesis)
    chain: list[tuple[BlockRecord, World]] = [(genesis, World())]
    db.rewind_to(genesis.hash, Heads(unsafe=genesis.hash, safe=genesis.hash, finalized=genesis.hash))
    print("ready", flush=True)
    while True:
        if len(chain) > 3 and random.random() < 0.15:
            del chain[-random.randint(1, 3) :]
            tip = chain[-1][0]
            print("begin", tip.hash.hex(), flush=True)
            db.rewind_to(tip.hash, Heads(unsafe=tip.hash, safe=genesis.hash, finalized=genesis.hash))
        else:
            parent, world = chain[-1]
            after = change_world(world, random)
            record = record_for(parent, world, after, db.get_node, random)
            print("begin", record.hash.hex(), flush=True)
            db.commit_block(record, Heads(unsafe=record.hash, safe=parent.hash, finalized=genesis.hash))
            chain.append((record, after))
        print("done", chain[-1][0].hash.hex(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
