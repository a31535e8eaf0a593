"""Joining a network: its chain on disk and its L1 must both be the ones that it was made with."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from node.auditing import require_no_divergence
from node.config import NodeConfig, Pruning, without_secrets
from node.files import load_genesis, load_rollup
from rollup.engine import Engine
from rollup.errors import L1Unavailable, RollupConfigError
from rollup.l1 import L1Client
from rollup.types import RollupConfig
from state.database import ChainDatabase, LevelDBStore, Retention
from state.errors import StorageError
from state.execution.fast import FastExecutor
from state.execution.port import ChainRules
from state.transition import GenesisSpec, genesis_record

log = structlog.get_logger("node")

L1_RETRY_SECONDS: Final = 1.0


@dataclass(slots=True, kw_only=True)
class ProvableFrom:
    """The oldest L2 block whose state must stay provable, as far as is known: a pruned database keeps it."""

    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The chain on disk and the engine over it."""

    db: ChainDatabase
    engine: Engine
    rules: ChainRules
    config: RollupConfig
    genesis: GenesisSpec
    provable: ProvableFrom
    """Whoever learns which states must stay provable says so here."""


def open_chain(config: NodeConfig) -> Chain:
    """The chain of `rollup.json` and `genesis.json` in the data directory. Raises RollupConfigError if they differ.

    Also raises UnresolvedDivergence where an audit of this chain has found a block that the reference denies.
    """
    require_no_divergence(config.data_dir)
    rollup = load_rollup(config.rollup)
    genesis = load_genesis(config.genesis)
    rules = ChainRules(chain_id=rollup.l2_chain_id, is_optimism=True)
    if genesis.chain_id != rollup.l2_chain_id:
        raise RollupConfigError(
            f"{config.genesis} is of chain {genesis.chain_id}, {config.rollup} of chain {rollup.l2_chain_id}"
        )
    record = genesis_record(genesis, rules)
    if record.hash != rollup.genesis.l2.hash:
        raise RollupConfigError(
            f"{config.genesis} gives genesis 0x{record.hash.hex()}, {config.rollup} says "
            f"0x{rollup.genesis.l2.hash.hex()}: the two files are of different networks"
        )
    store = LevelDBStore(config.data_dir / "chain")
    provable = ProvableFrom()
    try:
        db = ChainDatabase(
            store,
            index_addresses=config.address_index,
            full=config.pruning is Pruning.FULL,
            retention=Retention(provable_from=lambda: provable.number),
        )
        db.initialise(record)
    except StorageError:
        store.close()
        raise
    engine = Engine(db=db, executor=FastExecutor(), rules=rules, config=rollup)
    return Chain(db=db, engine=engine, rules=rules, config=rollup, genesis=genesis, provable=provable)


async def check_l1(l1: L1Client, expected: RollupConfig, *, url: str, rollup: Path) -> None:
    """Wait for L1 to answer; RollupConfigError for another chain, or one without the rollup's first L1 block.

    `url` and `rollup` are where the two came from, for the error's text.
    """
    shown = without_secrets(url)
    while True:
        try:
            chain_id = await l1.chain_id()
            origin = await l1.block_ref(expected.genesis.l1.number)
            break
        except L1Unavailable as error:
            log.warning("node.waits_for_l1", url=shown, reason=str(error))
            await asyncio.sleep(L1_RETRY_SECONDS)
    if chain_id != expected.l1_chain_id:
        raise RollupConfigError(f"{shown} is chain {chain_id}, {rollup} expects {expected.l1_chain_id}")
    if origin.hash != expected.genesis.l1.hash:
        raise RollupConfigError(
            f"{shown} has another block {origin.number} than {rollup} begins at: "
            f"got 0x{origin.hash.hex()}, expected 0x{expected.genesis.l1.hash.hex()}"
        )
