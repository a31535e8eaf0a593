"""Who answers state questions: reader processes, or a thread of this process."""

from contextlib import AsyncExitStack

from node.adapters.state import ThreadState
from node.config.models import ProcessConfig
from rpc.ports import StatePort
from state.database import ChainDatabase
from state.execution.fast import FastExecutor
from state.execution.port import ChainRules
from state.queries import StateQueries
from state.transition import GenesisSpec


async def open_state(
    stack: AsyncExitStack, config: ProcessConfig, db: ChainDatabase, rules: ChainRules, genesis: GenesisSpec
) -> StatePort:
    """The StatePort that `config.readers` asks for; `stack` closes it."""
    del config, genesis
    state = ThreadState(StateQueries(db, FastExecutor(), rules, trust_flat=False))
    stack.callback(state.close)
    return state
