"""What eth_subscribe can tell: heads, logs, pending transactions, syncing. Each turns an event into JSON results."""

from dataclasses import dataclass
from typing import Any

from rpc.blocks import Blocks
from rpc.events import Event, HeadEvent, PendingEvent
from rpc.parameters import FilterRequest
from rpc.ports import NodeInfo
from rpc.values import JsonObject
from rpc.views.blocks import hashed_header_json
from rpc.views.hexadecimal import data, quantity
from rpc.views.receipts import located_logs, log_json
from rpc.views.transactions import pooled_transaction
from state.blocks import Header, bloom_contains


def logs_of_block(blocks: Blocks, event: HeadEvent, criteria: FilterRequest) -> list[JsonObject]:
    """The event's block's logs that match, in order; marked if the block was removed."""
    header = blocks.header(event.block_hash)
    if header is None or not _may_match(header, criteria):
        return []
    view, receipts = blocks.view(event.block_hash), blocks.receipts(event.block_hash)
    if view is None or receipts is None:
        return []
    return [
        log_json(located, header.timestamp, removed=event.removed)
        for located in located_logs(view, receipts)
        if criteria.matches(located.log)
    ]


def _may_match(header: Header, criteria: FilterRequest) -> bool:
    """False only if the block's bloom rules out every log that the criteria want."""
    if not any(header.logs_bloom):
        return False
    wanted = [criteria.addresses or None, *criteria.topics]
    return all(values is None or any(bloom_contains(header.logs_bloom, value) for value in values) for values in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHeads:
    """Each new unsafe head, once."""

    blocks: Blocks

    def results(self, event: Event) -> list[Any]:
        if not isinstance(event, HeadEvent) or event.removed:
            return []
        header = self.blocks.header(event.block_hash)
        return [] if header is None else [hashed_header_json(header, event.block_hash)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLogs:
    """Logs of new heads; on a reorg first those of the old blocks again, with `removed`."""

    blocks: Blocks
    criteria: FilterRequest

    def results(self, event: Event) -> list[Any]:
        return logs_of_block(self.blocks, event, self.criteria) if isinstance(event, HeadEvent) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPendingTransactions:
    """Hashes, or whole transactions, that the pool admits."""

    full: bool

    def results(self, event: Event) -> list[Any]:
        if not isinstance(event, PendingEvent):
            return []
        return [pooled_transaction(event.transaction) if self.full else data(event.transaction.hash)]


@dataclass(slots=True, kw_only=True)
class Syncing:
    """Whether the node is catching up, once and then each time that changes; looked at when the head moves."""

    info: NodeInfo
    was_syncing: bool | None = None
    """None until it was told."""

    def results(self, event: Event) -> list[Any]:
        progress = self.info.syncing()
        if not isinstance(event, HeadEvent) or (progress is not None) == self.was_syncing:
            return []
        self.was_syncing = progress is not None
        if progress is None:
            return [False]
        status = {
            "startingBlock": quantity(progress.starting_block),
            "currentBlock": quantity(progress.current_block),
            "highestBlock": quantity(progress.highest_block),
        }
        return [{"syncing": True, "status": status}]
