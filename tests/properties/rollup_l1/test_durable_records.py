"""What journal and outbox write they read back; whatever else they are given ends in a typed error."""

from hypothesis import given
from hypothesis import strategies as st

from rollup.batcher import ChannelRecord
from rollup.l1 import FeeOffer, JournalEntry
from rollup.l1.headers import header_of, items_of_raw_header
from rollup.l1.journal import Variant
from rollup.l1.receipts import decode_receipt, raw_receipt
from rollup.l1.transactions import raw_transaction
from rollup.types import BlockId, L1BlockNumber, L2BlockNumber
from state.errors import NodeError
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei

uint64 = st.integers(0, 2**64 - 1)
fees = st.integers(0, 2**128 - 1)
hashes = st.binary(min_size=32, max_size=32).map(Hash32)
offers = st.builds(lambda tip, fee: FeeOffer(priority_fee=Wei(tip), max_fee=Wei(fee)), fees, fees)
entries = st.builds(
    JournalEntry,
    key=st.binary(min_size=1, max_size=40),
    nonce=uint64.map(Nonce),
    to=st.none() | st.binary(min_size=20, max_size=20).map(Address),
    value=fees.map(Wei),
    data=st.binary(max_size=200),
    gas_limit=uint64.map(Gas),
    variants=st.lists(st.builds(Variant, offer=offers, is_cancellation=st.booleans()), max_size=4).map(tuple),
    inclusion=st.none() | st.builds(BlockId, hash=hashes, number=uint64),
    cancelled=st.booleans(),
)
records = st.builds(
    ChannelRecord,
    sequence=uint64,
    channel_id=st.binary(min_size=16, max_size=16),
    first=uint64.map(L2BlockNumber),
    last=uint64.map(L2BlockNumber),
    parent_hash=hashes,
    last_hash=hashes,
    first_origin=uint64.map(L1BlockNumber),
    payloads=st.lists(st.binary(max_size=100), max_size=4).map(tuple),
    abandoned=st.booleans(),
)
hexadecimal = st.integers(0, 2**70).map(hex) | st.binary(max_size=40).map(lambda data: "0x" + data.hex())
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=10) | hexadecimal
json_values = (
    scalars | st.lists(scalars, max_size=3) | st.lists(st.dictionaries(st.text(max_size=8), scalars), max_size=2)
)
names = st.sampled_from(
    (
        *("hash", "type", "nonce", "gas", "to", "value", "input", "v", "r", "s", "gasPrice", "chainId", "yParity"),
        *("accessList", "logs", "topics", "status", "data", "address", "cumulativeGasUsed", "logsBloom", "root"),
        *("authorizationList", "blobVersionedHashes", "maxFeePerGas", "storageKeys", "depositNonce"),
    )
)


@given(entries)
def test_journal_reads_what_it_wrote(entry: JournalEntry) -> None:
    assert JournalEntry.decode(entry.encode()) == entry


@given(records)
def test_outbox_reads_what_it_wrote(record: ChannelRecord) -> None:
    assert ChannelRecord.decode(record.encode()) == record


@given(st.binary(max_size=300))
def test_damaged_records_end_in_a_typed_error(data: bytes) -> None:
    for decode in (JournalEntry.decode, ChannelRecord.decode):
        try:
            decode(data)
        except NodeError:
            continue


@given(st.dictionaries(names, json_values, max_size=12))
def test_any_json_ends_in_a_value_or_a_typed_error(json: dict[str, object]) -> None:
    for read in (raw_transaction, raw_receipt, decode_receipt):
        try:
            read(json)
        except NodeError:
            continue


@given(st.binary(max_size=600))
def test_any_raw_header_ends_in_a_record_or_a_typed_error(raw: bytes) -> None:
    try:
        header_of(items_of_raw_header("0x" + raw.hex(), keccak256(raw)))
    except NodeError:
        return
