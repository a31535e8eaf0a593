"""What is in a snapshot, read once from front to back and held against the header of its block.

The last block must have the manifest's hash, and those before it must lead to it; transactions and receipts must give
their roots; accounts, storage and code must give the state root. A part is handed on before that is known of the whole:
whoever takes it throws it away when this raises.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, TypeAlias

from contracts.addresses import L2_TO_L1_MESSAGE_PASSER
from node.snapshots.errors import SnapshotDamaged, SnapshotMismatch, SnapshotUnproven
from node.snapshots.manifest import Manifest, Network
from rollup.codec.l1_attributes import decode_l1_attributes_deposit
from rollup.codec.output_root import output_root
from rollup.types import BlockId
from state.blocks import EMPTY_TRIE_ROOT, Header, Receipt
from state.database import BlockRecord
from state.errors import DecodeError, NodeError
from state.execution.fees import L1FeeParams, ReceiptFees
from state.primitives.crypto import KECCAK_EMPTY, keccak256
from state.primitives.types import Address, Hash32
from state.transactions import DEPOSIT_TYPE
from state.transition import executable_transaction
from state.trie import SortedTrie, ordered_root
from state.world.accounts import decode_account
from state.world.types import Account

_PASSER: Final = Address(L2_TO_L1_MESSAGE_PASSER)

Progress: TypeAlias = Callable[[str, int, int | None], None]
Frames: TypeAlias = Iterator[list[Any]]


class Sink(Protocol):
    """Who takes the parts, in this order; `state.database.ImportWriter` is one."""

    def block(self, record: BlockRecord, /) -> None: ...

    def code(self, code_hash: Hash32, code: bytes, /) -> None: ...

    def account(self, address: Address, leaf: bytes, /) -> None: ...

    def slot(self, address: Address, slot: bytes, word: bytes, /) -> None: ...

    def nodes(self, nodes: dict[Hash32, bytes], /) -> None: ...


class Discard:
    """Takes nothing: for a check alone."""

    def block(self, record: BlockRecord, /) -> None:
        """Nothing."""

    def code(self, code_hash: Hash32, code: bytes, /) -> None:
        """Nothing."""

    def account(self, address: Address, leaf: bytes, /) -> None:
        """Nothing."""

    def slot(self, address: Address, slot: bytes, word: bytes, /) -> None:
        """Nothing."""

    def nodes(self, nodes: dict[Hash32, bytes], /) -> None:
        """Nothing."""


def check_contents(
    frames: Frames, manifest: Manifest, network: Network, sink: Sink, progress: Progress = lambda *_: None
) -> list[tuple[int, BlockId]]:
    """Reads everything after the manifest; returns where the last blocks were derived from: (number, L1 block).

    Raises SnapshotDamaged for frames that are malformed, SnapshotUnproven for contents that contradict a root.
    """
    last = _check_blocks(frames, manifest, network, sink, progress)
    notes = _check_notes(next(frames, []), manifest, network, last)
    state = _State(sink)
    for frame in frames:
        kind, (records,) = _frame(frame, "state", 1)
        _require(isinstance(records, list) and not len(records) % 2, f"format: a {kind} frame has no pairs")
        for key, value in zip(records[::2], records[1::2], strict=True):
            _require(isinstance(key, bytes) and isinstance(value, bytes), "format: a state record is no bytes")
            state.take(key, value)
        progress("Checking accounts", state.accounts, manifest.accounts)
    state.finish(last.header)
    return notes


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise SnapshotDamaged(text)


def _frame(frame: list[Any], kind: str, fields: int) -> tuple[str, list[Any]]:
    _require(bool(frame), f"format: the {kind} frame is missing")
    _require(frame[0] == kind and len(frame) == fields + 1, f"format: got a frame {frame[0]!r:.40}, expected {kind}")
    return kind, frame[1:]


# --- blocks ------------------------------------------------------------------------------------------------------


def _check_blocks(frames: Frames, manifest: Manifest, network: Network, sink: Sink, progress: Progress) -> BlockRecord:
    parent = network.genesis.hash if manifest.first_block == 1 else None
    record: BlockRecord | None = None
    for number in range(manifest.first_block, manifest.number + 1):
        record = _checked_record(next(frames, []), network)
        header = record.header
        if header.number != number or (parent is not None and header.parent_hash != parent):
            raise SnapshotUnproven(f"blocks: block {number} does not follow the one before it")
        parent = record.hash
        sink.block(record)
        progress("Checking blocks", number - manifest.first_block + 1, manifest.number - manifest.first_block + 1)
    assert record is not None  # noqa: S101 - the manifest's range is never empty
    if record.hash != manifest.block_hash:
        raise SnapshotUnproven(
            f"blocks: block {record.header.number} is 0x{record.hash.hex()}, the manifest says "
            f"0x{manifest.block_hash.hex()}"
        )
    if output_root(record.header, record.hash) != manifest.output_root:
        raise SnapshotUnproven(
            f"output root: the block gives 0x{output_root(record.header, record.hash).hex()}, "
            f"the manifest says 0x{manifest.output_root.hex()}"
        )
    return record


def _checked_record(frame: list[Any], network: Network) -> BlockRecord:
    _, (encoded, transactions, receipts) = _frame(frame, "block", 3)
    for rows in (transactions, receipts):
        _require(isinstance(rows, list) and all(isinstance(row, bytes) and row for row in rows), "format: block rows")
    _require(isinstance(encoded, bytes) and len(transactions) == len(receipts), "format: a block is malformed")
    try:
        header = Header.decode(encoded)
        if ordered_root(transactions) != header.transactions_root or ordered_root(receipts) != header.receipts_root:
            raise SnapshotUnproven(f"blocks: block {header.number} has other transactions or receipts than its header")
        return BlockRecord(
            hash=keccak256(encoded),
            header=header,
            transactions=tuple(transactions),
            transaction_hashes=tuple(map(keccak256, transactions)),
            senders=tuple(executable_transaction(raw, network.rules).sender for raw in transactions),
            receipts=tuple(map(Receipt.decode, receipts)),
            receipt_extras=_receipt_extras(transactions),
        )
    except (DecodeError, ValueError) as error:
        raise SnapshotDamaged(f"format: a block can't be read: {error}") from error


def _receipt_extras(transactions: list[bytes]) -> tuple[bytes, ...]:
    """What receipts show of L1's fees, computed anew: no root covers it. Raises L1AttributesError."""
    attributes = decode_l1_attributes_deposit(transactions[0] if transactions else b"")
    params = L1FeeParams(
        base_fee=attributes.base_fee,
        blob_base_fee=attributes.blob_base_fee,
        base_fee_scalar=attributes.base_fee_scalar,
        blob_base_fee_scalar=attributes.blob_base_fee_scalar,
        operator_fee_scalar=attributes.operator_fee_scalar,
        operator_fee_constant=attributes.operator_fee_constant,
    )
    return tuple(b"" if raw[0] == DEPOSIT_TYPE else ReceiptFees.of(raw, params).encode() for raw in transactions)


def _check_notes(
    frame: list[Any], manifest: Manifest, network: Network, last: BlockRecord
) -> list[tuple[int, BlockId]]:
    """No root covers where a block was derived from: at its start the node derives the last of them once more, and
    stops at a difference. Here is only checked what can be."""
    _, (flat,) = _frame(frame, "derived", 1)
    _require(isinstance(flat, list) and not len(flat) % 3, "format: the derived frame is malformed")
    notes: list[tuple[int, BlockId]] = []
    for number, l1_number, l1_hash in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
        whole = isinstance(number, int) and isinstance(l1_number, int) and isinstance(l1_hash, bytes)
        _require(whole and len(l1_hash) == 32 and 0 <= l1_number < 2**63, "format: a derived note is malformed")
        before = notes[-1] if notes else (manifest.first_block - 1, BlockId(hash=Hash32(l1_hash), number=0))
        _require(before[0] < number <= manifest.number and before[1].number <= l1_number, "derived: not in order")
        notes.append((number, BlockId(hash=Hash32(l1_hash), number=l1_number)))
    _require(bool(notes) and notes[-1][0] == manifest.number, "derived: the snapshot's block has no note")
    origin = decode_l1_attributes_deposit(last.transactions[0]).number
    if not origin <= notes[-1][1].number <= origin + network.config.seq_window_size + 1:
        raise SnapshotUnproven(
            f"derived: L1 block {notes[-1][1].number} can't have given a block of L1 origin {origin}"
        )
    return notes


# --- state -------------------------------------------------------------------------------------------------------


class _State:
    """The state trie, built again from accounts in the order of their hashes."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._trie = SortedTrie(sink.nodes)
        self._codes: dict[Hash32, bool] = {}
        """Whether an account with this code came."""
        self._address: Address | None = None
        self._account: Account | None = None
        self._storage = SortedTrie()
        self._passer_root = EMPTY_TRIE_ROOT
        self.accounts = 0

    def take(self, key: bytes, value: bytes) -> None:
        """A record. Raises SnapshotDamaged or SnapshotUnproven."""
        try:
            if len(key) == 32 and self._address is not None:
                self._storage.add(keccak256(key), value)
                self._sink.slot(self._address, key, value)
            elif len(key) == 20:
                self._close_account()
                self._open_account(Address(key), value)
            elif not key:
                self._take_code(value)
            else:
                raise SnapshotDamaged(f"format: a state record has a key of {len(key)} bytes")
        except DecodeError as error:
            raise SnapshotDamaged(f"state: {error}") from error

    def _take_code(self, code: bytes) -> None:
        code_hash = keccak256(code)
        self._codes[code_hash] = False
        self._sink.code(code_hash, code)

    def _open_account(self, address: Address, leaf: bytes) -> None:
        self._trie.add(keccak256(address), leaf)
        try:
            account = decode_account(leaf)
        except NodeError as error:
            raise SnapshotDamaged(f"state: account 0x{address.hex()} can't be read") from error
        if account.code_hash != KECCAK_EMPTY:
            if account.code_hash not in self._codes:
                raise SnapshotUnproven(f"code: that of account 0x{address.hex()} is missing")
            self._codes[account.code_hash] = True
        self._address, self._account, self._storage = address, account, SortedTrie(self._sink.nodes)
        self._sink.account(address, leaf)
        self.accounts += 1

    def _close_account(self) -> None:
        if self._account is None or self._address is None:
            return
        root = self._storage.root()
        if root != self._account.storage_root:
            raise SnapshotUnproven(
                f"state root: the storage of account 0x{self._address.hex()} gives 0x{root.hex()}, "
                f"its leaf says 0x{self._account.storage_root.hex()}"
            )
        if self._address == _PASSER:
            self._passer_root = root

    def finish(self, header: Header) -> None:
        """Raises SnapshotUnproven where the state is not the header's."""
        self._close_account()
        root = self._trie.root()
        if root != header.state_root:
            raise SnapshotUnproven(f"state root: got 0x{root.hex()}, expected 0x{header.state_root.hex()}")
        if self._passer_root != header.withdrawals_root:
            raise SnapshotUnproven(
                f"withdrawals root: got 0x{self._passer_root.hex()}, expected 0x{header.withdrawals_root.hex()}"
            )
        if not all(self._codes.values()):
            raise SnapshotMismatch("code: the snapshot has code that no account uses")
