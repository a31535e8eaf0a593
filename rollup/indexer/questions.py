"""Every question by its name, and the memory that they share."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rollup.indexer import datanets, epochs, models, records, supply
from rollup.indexer.memory import Memory
from rollup.indexer.snapshot import Answer, Snapshot
from state.primitives.types import Hash32
from state.queries import StateQueries

QUESTIONS: Final[Mapping[str, Callable[..., Answer]]] = {
    "datanet": datanets.datanet,
    "datanets": datanets.datanets,
    "contribution": datanets.contribution,
    "contributions": datanets.contributions,
    "contributions_by_hash": datanets.contributions_by_hash,
    "model": models.model,
    "models": models.models,
    "inference": records.inference,
    "inferences": records.inferences,
    "attribution": records.attribution,
    "epoch": epochs.epoch,
    "epochs": epochs.epochs,
    "epoch_proofs": epochs.epoch_proofs,
    "earnings": epochs.earnings,
    "supply": supply.supply,
}
"""Functions of a snapshot, the memory and the question's own arguments."""


class Economy:
    """Answers about the AI economy from one database. One question at a time."""

    def __init__(self, queries: StateQueries) -> None:
        self._queries = queries
        self.memory = Memory()
        """What is remembered between questions."""

    def ask(self, question: str, block_hash: Hash32, arguments: Mapping[str, Any]) -> Answer:
        """The answer at a canonical block, plain values that name the block.

        Raises UnknownBlock, BlockNotCanonical, EconomyMissing, InvalidQuestion, StillRebuilding, MissingNode.
        """
        snapshot = Snapshot(self._queries, block_hash)
        self.memory = self.memory.anchored(snapshot)
        return QUESTIONS[question](snapshot, self.memory, **arguments)
