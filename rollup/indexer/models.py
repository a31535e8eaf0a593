"""Models: what they were trained on, how good they are, what they cost, and where they come from (CONTRACTS.md 08)."""

from itertools import islice
from typing import Any, Final

from rollup.indexer.memory import Memory
from rollup.indexer.pages import decode_id, encode_id
from rollup.indexer.snapshot import Answer, Snapshot, padded

STATES: Final = ("unknown", "proposed", "approved", "trained", "evaluated", "deployed", "retired")
SHOWN_CHECKPOINTS: Final = 32
"""Newest checkpoints that a model is shown with."""
SHOWN_EVENTS: Final = 100
"""Evaluations, and deployments, that a model is shown with: the first ones."""
MOST_ANCESTORS: Final = 64
"""Models in a lineage; a model has at most 16 parents, each of which may have as many."""


def model(snapshot: Snapshot, memory: Memory, model_id: int) -> Answer:
    """A model with its lineage; None for an id that is not handed out."""
    found = _model(snapshot, memory, model_id)
    if found is None:
        return snapshot.named(model=None)
    newest = int(found["checkpointCount"])
    shown = range(newest, max(0, newest - SHOWN_CHECKPOINTS), -1)
    evaluations = _events(snapshot, "EvaluationRecorded", model_id)
    deployments = _events(snapshot, "ModelDeployed", model_id)
    ancestors, complete = _lineage(snapshot, memory, found)
    return snapshot.named(
        model=found
        | {
            "checkpoints": [{"checkpoint": n, **snapshot.view("Models", "checkpoint", model_id, n)} for n in shown],
            "evaluations": evaluations[:SHOWN_EVENTS],
            "deployments": deployments[:SHOWN_EVENTS],
            "lineage": ancestors,
            "truncated": not complete
            or newest > SHOWN_CHECKPOINTS
            or max(len(evaluations), len(deployments)) > SHOWN_EVENTS,
        }
    )


def models(snapshot: Snapshot, memory: Memory, cursor: bytes | None, limit: int) -> Answer:
    """A page of models by id, without checkpoints and lineage."""
    after, count = decode_id(cursor), int(snapshot.view("Models", "modelCount"))
    last = min(after + limit, count)
    found = [_model(snapshot, memory, number) for number in range(after + 1, last + 1)]
    return snapshot.named(models=found, total=count, next=encode_id(last) if last < count else None)


def _model(snapshot: Snapshot, memory: Memory, number: int) -> Answer | None:
    if not 1 <= number <= memory.count(snapshot, "Models", "modelCount"):
        return None
    found = snapshot.view("Models", "model", number)
    return {
        "modelId": number,
        "owner": found["owner"],
        "state": STATES[found["state"]],
        **found["spec"],
        "checkpointCount": found["checkpoints"],
        "deployedCheckpoint": found["deployed"] or None,
        "retiredAt": found["retiredAt"] or None,
    }


def _events(snapshot: Snapshot, event: str, model_id: int) -> list[dict[str, Any]]:
    """At most one more than is shown."""
    found = []
    for entry in islice(snapshot.logs("Models", event, [padded(model_id)]), SHOWN_EVENTS + 1):
        arguments = snapshot.arguments("Models", event, entry)
        del arguments["modelId"]
        where = {"blockNumber": int(entry.block_number), "transactionHash": bytes(entry.transaction_hash)}
        found.append(arguments | where)
    return found


def _lineage(snapshot: Snapshot, memory: Memory, child: Answer) -> tuple[list[Answer], bool]:
    """Every ancestor once, nearest first, and whether these are all."""
    seen: dict[int, Answer] = {}
    generation, queue = 0, list(dict.fromkeys(child["parents"]))
    while queue:
        generation, level, queue = generation + 1, queue, []
        for number in level:
            if number in seen:
                continue
            if len(seen) == MOST_ANCESTORS:
                return list(seen.values()), False
            found = _model(snapshot, memory, number)
            if found is not None:
                seen[number] = {"generation": generation, **found}
                queue.extend(found["parents"])
    return list(seen.values()), True
