"""Header JSON -> verified hash and record.

An L1 may run forks before or after ours, so the hash is computed over whatever fields the JSON has, in the order in
which forks appended them. Where even that does not give the claimed hash (a fork that we don't know), the raw
header decides: any list of fields that hashes to the claimed value is that block's header.
"""

from typing import Any, Final

from rollup.l1 import values
from rollup.l1.errors import L1Inconsistent
from rollup.l1.values import Json
from rollup.types import L1BlockNumber, L1BlockRef
from state.blocks import EMPTY_REQUESTS_HASH, EMPTY_TRIE_ROOT, Header
from state.errors import DecodeError
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import ZERO_HASH, Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei

_FIELDS: Final = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
    ("difficulty", None),
    ("number", None),
    ("gasLimit", None),
    ("gasUsed", None),
    ("timestamp", None),
    ("extraData", 0),
    ("mixHash", 32),
    ("nonce", 8),
)
"""JSON name and width: bytes of that length, 0 for bytes of any length, None for an integer."""
_APPENDED: Final = (
    ("baseFeePerGas", None),
    ("withdrawalsRoot", 32),
    ("blobGasUsed", None),
    ("excessBlobGas", None),
    ("parentBeaconBlockRoot", 32),
    ("requestsHash", 32),
    ("blockAccessListHash", 32),
)
"""What London, Shanghai, Cancun, Prague and Amsterdam appended; absent in blocks before."""
_MAX_RAW_HEADER: Final = 16 * 1024


def claimed_hash(block: Json) -> Hash32:
    """The hash that the endpoint says this block has."""
    return values.hash32(block, "hash")


def header_items(block: Json) -> list[bytes]:
    """The RLP items of the header in `block`, as many as the JSON has."""
    items = [_item(block, name, width) for name, width in _FIELDS]
    for name, width in _APPENDED:
        if block.get(name) is None:
            break
        items.append(_item(block, name, width))
    return items


def _item(block: Json, name: str, width: int | None) -> bytes:
    if width is None:
        return rlp.int_to_bytes(values.quantity(block, name))
    return values.data(block, name, length=width or None)


def hash_items(items: list[bytes]) -> Hash32:
    """The block hash over header items."""
    return keccak256(rlp.encode(items))


def items_of_raw_header(raw: Any, expected: Hash32) -> list[bytes]:
    """The items of a raw header that hashes to `expected`. Raises L1Inconsistent."""
    encoded = values.to_data(raw, "raw header")
    if len(encoded) > _MAX_RAW_HEADER or keccak256(encoded) != expected:
        raise L1Inconsistent(f"L1 header does not hash to its block's hash: expected 0x{expected.hex()}")
    try:
        return [rlp.to_bytes(item) for item in rlp.decode_list(encoded)]
    except DecodeError as error:
        raise L1Inconsistent(f"L1 header is malformed: {error}") from error


def header_of(items: list[bytes]) -> Header:
    """The record of a header's items. Fields that its fork lacks hold their neutral value, fields of forks after
    ours are left out: hash the items, never this record."""
    if len(items) < len(_FIELDS):
        raise L1Inconsistent(f"L1 header has too few fields: got {len(items)}, expected at least {len(_FIELDS)}")
    integer = _integer
    tail = items[len(_FIELDS) :]

    def appended(index: int, neutral: bytes) -> bytes:
        return tail[index] if index < len(tail) else neutral

    return Header(
        parent_hash=Hash32(items[0]),
        ommers_hash=Hash32(items[1]),
        fee_recipient=Address(items[2]),
        state_root=Hash32(items[3]),
        transactions_root=Hash32(items[4]),
        receipts_root=Hash32(items[5]),
        logs_bloom=items[6],
        difficulty=integer(items[7]),
        number=BlockNumber(integer(items[8])),
        gas_limit=Gas(integer(items[9])),
        gas_used=Gas(integer(items[10])),
        timestamp=UnixSeconds(integer(items[11])),
        extra_data=items[12],
        prev_randao=Hash32(items[13]),
        nonce=items[14],
        base_fee_per_gas=Wei(integer(appended(0, b""))),
        withdrawals_root=Hash32(appended(1, EMPTY_TRIE_ROOT)),
        blob_gas_used=Gas(integer(appended(2, b""))),
        excess_blob_gas=Gas(integer(appended(3, b""))),
        parent_beacon_block_root=Hash32(appended(4, ZERO_HASH)),
        requests_hash=Hash32(appended(5, EMPTY_REQUESTS_HASH)),
    )


def reference(block_hash: Hash32, header: Header) -> L1BlockRef:
    """The reference to a verified header."""
    return L1BlockRef(
        hash=block_hash,
        number=L1BlockNumber(header.number),
        parent_hash=header.parent_hash,
        timestamp=header.timestamp,
    )


def _integer(item: bytes) -> int:
    return int.from_bytes(item, "big")
