"""Datanets and contributions (CONTRACTS.md 07)."""

from itertools import islice
from typing import Final

from rollup.indexer.memory import Memory
from rollup.indexer.pages import Place, decode_id, decode_place, encode_id
from rollup.indexer.snapshot import Answer, Snapshot, padded
from state.database import LogEntry

STATUS: Final = ("unknown", "pending", "accepted", "rejected", "expired", "withdrawn")
SHOWN_VERSIONS: Final = 50
"""Newest versions that a Datanet is shown with; contracts know the others."""


def datanet(snapshot: Snapshot, memory: Memory, datanet_id: int) -> Answer:
    """A Datanet with its licence, policy and newest versions; None for an id that is not handed out."""
    return snapshot.named(datanet=_datanet(snapshot, memory, datanet_id, versions=SHOWN_VERSIONS))


def datanets(snapshot: Snapshot, memory: Memory, cursor: bytes | None, limit: int) -> Answer:
    """A page of Datanets by id, each with its newest version only."""
    after, count = decode_id(cursor), int(snapshot.view("Datanets", "datanetCount"))
    last = min(after + limit, count)
    found = [_datanet(snapshot, memory, number, versions=1) for number in range(after + 1, last + 1)]
    return snapshot.named(datanets=found, total=count, next=encode_id(last) if last < count else None)


def _datanet(snapshot: Snapshot, memory: Memory, number: int, *, versions: int) -> Answer | None:
    if not 1 <= number <= memory.count(snapshot, "Datanets", "datanetCount"):
        return None
    found = snapshot.view("Datanets", "datanet", number)
    newest = int(found["versions"])
    shown = range(newest, max(0, newest - versions), -1)
    return {
        "datanetId": number,
        "owner": found["owner"],
        "name": found["name"],
        "metadataURI": found["metadataURI"],
        "schemaHash": found["schemaHash"],
        "license": found["license"],
        "policy": found["policy"],
        "root": snapshot.view("Datanets", "root", number),
        "acceptedContributions": found["accepted"],
        "versionCount": newest,
        "versions": [{"version": v, **snapshot.view("Datanets", "version", number, v)} for v in shown],
    }


def contribution(snapshot: Snapshot, memory: Memory, contribution_id: int) -> Answer:
    """A contribution with where its rows are; None for an id that is not handed out."""
    return snapshot.named(contribution=_contribution(snapshot, memory, contribution_id))


def contributions_by_hash(snapshot: Snapshot, memory: Memory, content_root: bytes, limit: int) -> Answer:
    """Contributions of the data with this content root, in order: one a Datanet, and those that lost to it."""
    ids = memory.contributions_of_root(snapshot, content_root)
    found = [_contribution(snapshot, memory, number) for number in ids[:limit]]
    return snapshot.named(contributions=found, truncated=len(ids) > limit)


def contributions(
    snapshot: Snapshot,
    memory: Memory,
    datanet_id: int | None,
    contributor: bytes | None,
    cursor: bytes | None,
    limit: int,
) -> Answer:
    """A page of contributions, of one Datanet or one contributor or both, in the order in which they were made."""
    after = decode_place(cursor)
    topics = [
        None,
        None if datanet_id is None else padded(datanet_id),
        None if contributor is None else padded(contributor),
    ]
    logs = snapshot.logs("Datanets", "Contributed", topics, first=after.block)
    rest = (entry for entry in logs if _place(entry) > after)
    page = list(islice(rest, limit + 1))
    shown = page[:limit]
    ids = [int.from_bytes(entry.log.topics[1], "big") for entry in shown]
    return snapshot.named(
        contributions=[_contribution(snapshot, memory, number) for number in ids],
        next=_place(shown[-1]).encode() if len(page) > limit else None,
    )


def _place(entry: LogEntry) -> Place:
    return Place(block=entry.block_number, log_index=entry.log_index)


def _contribution(snapshot: Snapshot, memory: Memory, number: int) -> Answer | None:
    if not 1 <= number <= memory.count(snapshot, "Datanets", "contributionCount"):
        return None
    found = snapshot.view("Datanets", "contribution", number)
    return {
        "contributionId": number,
        "datanetId": found["datanetId"],
        "contributor": found["contributor"],
        "status": STATUS[found["status"]],
        "rows": found["rows"],
        "contentRoot": found["contentRoot"],
        "uri": snapshot.view("Datanets", "contributionURI", number),
        "createdAt": found["createdAt"],
        "committedIn": found["committedIn"],
    }
