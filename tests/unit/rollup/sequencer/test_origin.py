"""The L1 origin of the next block."""

from rollup.sequencer import OriginChoice, select_origin
from rollup.types import (
    BlockId,
    L1BlockNumber,
    L1BlockRef,
    L2BlockNumber,
    L2BlockRef,
    RollupConfig,
    RollupGenesis,
    SystemConfig,
)
from state.primitives.types import Address, Gas, Hash32, UnixSeconds

L1_TIME = 12
DRIFT = 1_800


def _hash(number: int) -> Hash32:
    return Hash32(number.to_bytes(32, "big"))


def l1_ref(number: int) -> L1BlockRef:
    return L1BlockRef(
        hash=_hash(number),
        number=L1BlockNumber(number),
        parent_hash=_hash(number - 1),
        timestamp=UnixSeconds(1_000 + number * L1_TIME),
    )


def parent(timestamp: int, origin: L1BlockRef) -> L2BlockRef:
    return L2BlockRef(
        hash=_hash(99),
        number=L2BlockNumber(7),
        parent_hash=_hash(98),
        timestamp=UnixSeconds(timestamp),
        l1_origin=origin.id,
        sequence_number=0,
    )


SYSTEM = SystemConfig(batcher=Address(bytes(20)), gas_limit=Gas(1), base_fee_scalar=0, blob_base_fee_scalar=0)
CONFIG = RollupConfig(
    genesis=RollupGenesis(
        l1=BlockId(hash=_hash(0), number=0),
        l2=BlockId(hash=_hash(1), number=0),
        l2_time=UnixSeconds(1_000),
        system_config=SYSTEM,
    ),
    block_time=2,
    max_sequencer_drift=DRIFT,
    seq_window_size=3_600,
    channel_timeout=50,
    l1_chain_id=1,
    l2_chain_id=2,
    batch_inbox=Address(bytes(20)),
    deposit_contract=Address(bytes(20)),
    l1_system_config=Address(bytes(20)),
)


def choose(timestamp: int, *, following: bool = True) -> OriginChoice | None:
    """The choice for a parent at `timestamp` in the epoch of L1 block 5 (L1 time 1,060; block 6 has 1,072)."""
    current = l1_ref(5)
    return select_origin(parent(timestamp, current), current, l1_ref(6) if following else None, CONFIG)


def test_stays_until_l2_time_reaches_the_next_l1_block() -> None:
    choice = choose(1_068)
    assert choice is not None
    assert choice.origin.number == 5


def test_moves_on_as_soon_as_l2_time_has_reached_the_next_l1_block() -> None:
    choice = choose(1_070)
    assert choice == OriginChoice(origin=l1_ref(6), allow_transactions=True)


def test_stays_without_a_next_l1_block_while_the_drift_allows() -> None:
    choice = choose(1_060 + DRIFT - 2, following=False)
    assert choice == OriginChoice(origin=l1_ref(5), allow_transactions=True)


def test_waits_beyond_the_drift_when_no_next_l1_block_is_known() -> None:
    assert choose(1_060 + DRIFT, following=False) is None


def test_takes_no_transactions_when_even_the_next_l1_block_is_beyond_the_drift() -> None:
    choice = choose(1_072 + DRIFT)
    assert choice == OriginChoice(origin=l1_ref(6), allow_transactions=False)
