"""A node that starts a reader, sends it into an endless loop, and is killed by the test: `python -m … DIRECTORY`."""

import asyncio
import sys
from pathlib import Path

from node.readers import ReaderPool, reader
from node.telemetry import configure_logging
from state.database import ChainDatabase, LevelDBStore
from tests.unit.node.readers.conftest import LOOP, PATIENT_SECONDS, RULES, GrowingChain, call


async def main(directory: Path) -> None:
    configure_logging("warning", "console")
    reader.PATIENCE_SECONDS = PATIENT_SECONDS  # type: ignore[misc]
    chain = GrowingChain(ChainDatabase(LevelDBStore(directory / "main")))
    head = chain.grow().hash
    pool = ReaderPool(chain.db, directory, RULES, cap_seconds=2.0)
    await pool.start()
    await pool.query("account", {"block_hash": head, "address": LOOP})
    print(*pool.process_ids, flush=True)
    if sys.argv[2] == "busy":
        await pool.query("call", {"block_hash": head, "message": call(LOOP, gas=2**62)})
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
