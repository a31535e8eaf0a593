"""A block as the database takes it, and how its parts lie on disk."""

from dataclasses import dataclass, field

from state.blocks import Header, Receipt
from state.primitives import rlp
from state.primitives.types import Address, Hash32

HASH_BYTES = 32
ADDRESS_BYTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDelta:
    """What a block writes to the state, already encoded."""

    accounts: dict[Address, bytes | None] = field(default_factory=dict)
    """Account leaves (RLP); None deletes."""
    storage: dict[tuple[Address, bytes], bytes | None] = field(default_factory=dict)
    """(address, 32-byte slot) -> rlp(value); None deletes. The slots of a destroyed account are all named."""
    codes: dict[Hash32, bytes] = field(default_factory=dict)
    """New contract code by hash."""
    nodes: dict[Hash32, bytes] = field(default_factory=dict)
    """New trie nodes by hash, account trie and storage tries alike."""
    placed: list[Hash32] = field(default_factory=list)
    """Nodes by hash, once for each place in the state's tries that they now stand in and did not before."""
    displaced: list[Hash32] = field(default_factory=list)
    """Nodes by hash, once for each place that they stood in before and do not now. What was put back is in both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRecord:
    """A sealed block with all that is stored of it. The four rows have one entry a transaction."""

    hash: Hash32
    header: Header
    transactions: tuple[bytes, ...]
    """Raw EIP-2718 bytes."""
    transaction_hashes: tuple[Hash32, ...]
    senders: tuple[Address, ...]
    receipts: tuple[Receipt, ...]
    receipt_extras: tuple[bytes, ...]
    """What receipts show and no root covers (L1 fee fields), opaque here."""
    delta: StateDelta = field(default_factory=StateDelta)
    """Empty in a record that was read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Block hashes of the three heads; each is an ancestor of the one before, or the same block."""

    unsafe: Hash32
    safe: Hash32
    finalized: Hash32


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBody:
    """A block's transactions as they lie on disk."""

    transactions: tuple[bytes, ...]
    hashes: tuple[Hash32, ...]
    senders: tuple[Address, ...]


def encode_body(record: BlockRecord) -> bytes:
    """rlp([hashes, senders, [raw transaction, …]]), hashes and senders each one joined string."""
    transactions = rlp.wrap_list(b"".join(map(rlp.encode_string, record.transactions)))
    columns = rlp.encode_string(b"".join(record.transaction_hashes)) + rlp.encode_string(b"".join(record.senders))
    return rlp.wrap_list(columns + transactions)


def decode_body(data: bytes) -> StoredBody:
    """What `encode_body` wrote. Raises RLPError."""
    items = rlp.decode_list(data)
    hashes, senders = rlp.to_bytes(items[0]), rlp.to_bytes(items[1])
    return StoredBody(
        transactions=tuple(map(rlp.to_bytes, rlp.to_list(items[2]))),
        hashes=tuple(Hash32(chunk) for chunk in _chunks(hashes, HASH_BYTES)),
        senders=tuple(Address(chunk) for chunk in _chunks(senders, ADDRESS_BYTES)),
    )


def transaction_hashes_of(body: bytes) -> tuple[Hash32, ...]:
    """Only the hashes of an encoded body, without splitting its transactions."""
    _, start, stop = rlp.item_bounds(body, 0, len(body))
    _, start, stop = rlp.item_bounds(body, start, stop)
    return tuple(Hash32(chunk) for chunk in _chunks(body[start:stop], HASH_BYTES))


def _chunks(data: bytes, size: int) -> list[bytes]:
    return [data[offset : offset + size] for offset in range(0, len(data), size)]


def encode_receipts(receipts: tuple[Receipt, ...], extras: tuple[bytes, ...]) -> bytes:
    """rlp([[receipt, …], [extras, …]]), each receipt its EIP-2718 bytes as a string."""
    rows = [b"".join([rlp.encode_string(receipt.encode()) for receipt in receipts])]
    rows.append(b"".join(map(rlp.encode_string, extras)))
    return rlp.wrap_list(b"".join(map(rlp.wrap_list, rows)))


def decode_receipts(data: bytes) -> tuple[tuple[Receipt, ...], tuple[bytes, ...]]:
    """(receipts, extras) as written. Raises RLPError or ReceiptDecodeError."""
    receipts, extras = rlp.to_list(rlp.decode(data), length=2)
    return (
        tuple(Receipt.decode(rlp.to_bytes(item)) for item in rlp.to_list(receipts)),
        tuple(map(rlp.to_bytes, rlp.to_list(extras))),
    )


def decode_some_receipts(data: bytes, wanted: frozenset[int]) -> dict[int, Receipt]:
    """Only the receipts with these indexes; the others are stepped over. Raises as `decode_receipts`."""
    _, start, stop = rlp.item_bounds(data, 0, len(data))
    _, start, stop = rlp.item_bounds(data, start, stop)
    found: dict[int, Receipt] = {}
    index = 0
    while start < stop and len(found) < len(wanted):
        _, payload, end = rlp.item_bounds(data, start, stop)
        if index in wanted:
            found[index] = Receipt.decode(data[payload:end])
        start, index = end, index + 1
    return found
