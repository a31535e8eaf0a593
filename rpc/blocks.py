"""From what a wallet calls a block to the block, with what never changes kept for the next question.

A block's content depends on its hash alone, so views, receipts and headers are cached by hash and never expire.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar, assert_never

import orjson

from rpc.errors import BlockNotFound
from rpc.parameters import BlockByHash, BlockByNumber, BlockSelector, BlockTag
from rpc.ports import ChainPort
from rpc.values import BlockView, ReceiptsView
from rpc.views.hexadecimal import data
from state.blocks import EMPTY_TRIE_ROOT, Header
from state.primitives.types import ZERO_HASH, BlockNumber, Gas, Hash32, UnixSeconds

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

CACHED_BLOCKS: Final = 128
CACHED_HEADERS: Final = 1_024
RENDERED_BYTES: Final = 32 * 1024 * 1024
"""JSON of whole blocks and receipts, kept for the next wallet that polls for the same head."""


class RecentlyUsed(Generic[K, V]):
    """At most `size` values, the least recently used of which goes first."""

    def __init__(self, size: int) -> None:
        self._size: Final = size
        self._values: Final[OrderedDict[K, V]] = OrderedDict()

    def get(self, key: K, load: Callable[[K], V | None]) -> V | None:
        """The value for `key`, loaded if it isn't here; None is not remembered."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
            return value
        value = load(key)
        if value is not None:
            self._values[key] = value
            if len(self._values) > self._size:
                self._values.popitem(last=False)
        return value


class RenderedJson:
    """Finished JSON by what it shows, at most `size` bytes of it, the least recently used of which goes first."""

    def __init__(self, size: int) -> None:
        self._size: Final = size
        self._left = size
        self._entries: Final[OrderedDict[Hashable, bytes]] = OrderedDict()

    def get(self, key: Hashable, render: Callable[[], object]) -> orjson.Fragment:
        """The JSON for `key`, which must name something that never changes; rendered if it isn't here."""
        body = self._entries.get(key)
        if body is None:
            body = orjson.dumps(render())
            self._keep(key, body)
        else:
            self._entries.move_to_end(key)
        return orjson.Fragment(body)

    def find(self, key: Hashable) -> orjson.Fragment | None:
        """The JSON for `key`, if it is here."""
        body = self._entries.get(key)
        if body is None:
            return None
        self._entries.move_to_end(key)
        return orjson.Fragment(body)

    def _keep(self, key: Hashable, body: bytes) -> None:
        if len(body) > self._size:
            return
        self._entries[key] = body
        self._left -= len(body)
        while self._left < 0:
            self._left += len(self._entries.popitem(last=False)[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedBlock:
    """The block whose state a question is about."""

    hash: Hash32
    header: Header
    is_pending: bool = False
    """The client asked for the next block. Where nothing is executed ahead, the state is that of the unsafe head."""


class Blocks:
    """The blocks of one chain, by selector and by hash."""

    def __init__(self, chain: ChainPort) -> None:
        self.chain: Final = chain
        self.rendered: Final = RenderedJson(RENDERED_BYTES)
        """JSON by block hash."""
        self._headers: Final[RecentlyUsed[Hash32, Header]] = RecentlyUsed(CACHED_HEADERS)
        self._views: Final[RecentlyUsed[Hash32, BlockView]] = RecentlyUsed(CACHED_BLOCKS)
        self._receipts: Final[RecentlyUsed[Hash32, ReceiptsView]] = RecentlyUsed(CACHED_BLOCKS)

    def header(self, block_hash: Hash32) -> Header | None:
        """The header of any known block."""
        return self._headers.get(block_hash, self.chain.header)

    def view(self, block_hash: Hash32) -> BlockView | None:
        """Any known block."""
        return self._views.get(block_hash, self.chain.block)

    def receipts(self, block_hash: Hash32) -> ReceiptsView | None:
        """The receipts of any known block."""
        return self._receipts.get(block_hash, self.chain.receipts)

    @property
    def head_number(self) -> BlockNumber:
        """The unsafe head's height."""
        return self.chain.heads().unsafe.number

    def head(self) -> SelectedBlock:
        """The unsafe head."""
        block_hash = self.chain.heads().unsafe.hash
        header = self.header(block_hash)
        if header is None:
            raise BlockNotFound("the unsafe head has no header")
        return SelectedBlock(hash=block_hash, header=header)

    def number_of(self, which: BlockTag | int) -> int:
        """The height that a tag or number names; a number may be above the head."""
        if isinstance(which, int):
            return which
        heads = self.chain.heads()
        match which:
            case BlockTag.LATEST | BlockTag.PENDING:
                return heads.unsafe.number
            case BlockTag.SAFE:
                return heads.safe.number
            case BlockTag.FINALIZED:
                return heads.finalized.number
            case BlockTag.EARLIEST:
                return 0
            case _:  # pragma: no cover
                assert_never(which)

    def hash_of(self, selector: BlockSelector) -> Hash32 | None:
        """The hash of the selected block, if the chain has it."""
        if isinstance(selector, BlockByHash):
            return selector.hash if self.header(selector.hash) is not None else None
        return self.chain.canonical_hash(self.number_of(selector.which))

    def select(self, selector: BlockSelector) -> SelectedBlock:
        """The block whose state is asked about. Raises BlockNotFound in geth's words."""
        if isinstance(selector, BlockByHash):
            return self._select_by_hash(selector)
        if selector.which in (BlockTag.LATEST, BlockTag.PENDING):
            return replace(self.head(), is_pending=selector.which is BlockTag.PENDING)
        return self._select_by_number(selector)

    def _select_by_number(self, selector: BlockByNumber) -> SelectedBlock:
        block_hash = self.hash_of(selector)
        header = None if block_hash is None else self.header(block_hash)
        if block_hash is None or header is None:
            raise BlockNotFound("header not found")
        return SelectedBlock(hash=block_hash, header=header)

    def _select_by_hash(self, selector: BlockByHash) -> SelectedBlock:
        header = self.header(selector.hash)
        if header is None:
            raise BlockNotFound("header for hash not found")
        if selector.require_canonical and self.chain.canonical_hash(header.number) != selector.hash:
            raise BlockNotFound(f"hash {data(selector.hash)} is not currently canonical")
        return SelectedBlock(hash=selector.hash, header=header)

    def pending_header(self, block_time: int) -> Header:
        """The next block's header as far as it is known before it is built; roots and bloom are those of nothing."""
        head = self.head()
        return replace(
            head.header,
            parent_hash=head.hash,
            number=BlockNumber(head.header.number + 1),
            timestamp=UnixSeconds(head.header.timestamp + block_time),
            base_fee_per_gas=self.chain.next_base_fee(head.header),
            gas_used=Gas(0),
            logs_bloom=bytes(256),
            transactions_root=EMPTY_TRIE_ROOT,
            receipts_root=EMPTY_TRIE_ROOT,
            state_root=ZERO_HASH,
        )
