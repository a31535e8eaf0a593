"""Which transactions an account appears in, by address: sender, recipient, created contract, or emitter of a log.

For each canonical block and each address in it, one key ends in the block's number and holds the indexes of those
transactions: what explorers ask for. It is kept only where the node is told to, from the block on at which it was told
so; `ADDRESSES_FROM_KEY` says which that is. What an account sees only of calls between contracts, without a log of its
own, is not in it.
"""

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from state.blocks import Receipt
from state.database import schema
from state.database.stores import KeyValueStore, WriteBatch
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Address

_INDEX: Final = struct.Struct(">I")
_PLACES: Final = {0x01: (4, 1), 0x02: (5, 1), 0x04: (5, 1), 0x7E: (2, None)}
"""Transaction type -> where in its list recipient and nonce stand; a deposit's nonce is in its receipt."""
_LEGACY_PLACES: Final = (3, 0)

AddressRow: TypeAlias = tuple[int, tuple[int, ...]]
"""(block number, transaction indexes in it, ascending)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participants:
    """What is indexed of a block."""

    transactions: Sequence[bytes]
    """Raw."""
    senders: Sequence[Address]
    receipts: Sequence[Receipt]


def index_addresses(number: int, block: Participants, batch: WriteBatch) -> None:
    """Adds a block's address index to `batch`."""
    for address, indexes in _indexes_by_address(block).items():
        batch.put(address_key(address, number), b"".join(map(_INDEX.pack, indexes)))


def unindex_addresses(number: int, block: Participants, batch: WriteBatch) -> None:
    """Adds the removal of a block's address index to `batch`."""
    for address in _indexes_by_address(block):
        batch.delete(address_key(address, number))


def address_key(address: Address, number: int) -> bytes:
    """Where the transactions of an address in a block lie."""
    return schema.number_key(schema.ADDRESS_TRANSACTIONS + address, number)


def _indexes_by_address(block: Participants) -> dict[Address, list[int]]:
    found: defaultdict[Address, list[int]] = defaultdict(list)
    rows = zip(block.transactions, block.senders, block.receipts, strict=True)
    for index, (raw, sender, receipt) in enumerate(rows):
        for address in {sender, _other_end(raw, sender, receipt), *(log.address for log in receipt.logs)}:
            found[address].append(index)
    return found


def _other_end(raw: bytes, sender: Address, receipt: Receipt) -> Address:
    """The recipient or the created contract; the sender where the bytes are no transaction's."""
    try:
        recipient, nonce = _recipient_and_nonce(raw)
    except (rlp.RLPError, IndexError):
        return sender
    if len(recipient) == 20:
        return Address(recipient)
    if nonce is None:
        nonce = rlp.int_to_bytes(receipt.deposit_nonce or 0)
    return Address(keccak256(rlp.encode([sender, nonce]))[12:])


def _recipient_and_nonce(raw: bytes) -> tuple[bytes, bytes | None]:
    """Both as they stand in a transaction's list; what is behind them isn't looked at."""
    places, begin = (_PLACES.get(raw[0]), 1) if raw[0] < 0x80 else (_LEGACY_PLACES, 0)
    if places is None:
        raise rlp.RLPError(f"unknown transaction type {raw[0]}")
    _, position, end = rlp.item_bounds(raw, begin, len(raw))
    recipient_at, nonce_at = places
    nonce: bytes | None = None
    for place in range(recipient_at + 1):
        _, start, position = rlp.item_bounds(raw, position, end)
        if place == nonce_at:
            nonce = raw[start:position]
    return raw[start:position], nonce


def address_rows(
    store: KeyValueStore, address: Address, first: int, last: int, *, reverse: bool
) -> Iterator[AddressRow]:
    """The blocks from first to last inclusive that an address has transactions in, ascending or descending."""
    start, stop = address_key(address, first), address_key(address, last + 1)
    for key, value in store.iterate(start=start, stop=stop, reverse=reverse):
        yield int.from_bytes(key[-8:], "big"), tuple(index for (index,) in _INDEX.iter_unpack(value))
