"""Questions about the AI economy in a reader: one `Economy`, and what it remembers, for each database."""

from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from rollup.indexer import Economy
from state.primitives.types import Hash32
from state.queries import StateQueries

_ECONOMIES: Final[WeakKeyDictionary[StateQueries, Economy]] = WeakKeyDictionary()


def ask_economy(
    queries: StateQueries, question: str, block_hash: Hash32, arguments: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What `Economy.ask` answers."""
    economy = _ECONOMIES.get(queries)
    if economy is None:
        economy = _ECONOMIES[queries] = Economy(queries)
    return economy.ask(question, block_hash, arguments)
