"""FastLZ's length against the plain compressor, and what fees must never do."""

from hypothesis import given, settings
from hypothesis import strategies as st

from state.blocks import EMPTY_TRIE_ROOT, Header, next_base_fee
from state.execution.fees import L1FeeParams, data_size6, estimated_size6, flz_length, l1_fee, operator_fee
from state.primitives.types import ZERO_ADDRESS, ZERO_HASH, BlockNumber, Gas, UnixSeconds, Wei

TABLE_BITS = 13
WINDOW = 8_191


def plain_length(data: bytes) -> int:
    """FastLZ level 1 as its C source has it, byte by byte, without any short cut."""
    bound = max(len(data) - 13, 0)
    table = [0] * (1 << TABLE_BITS)
    total = position = start = 0

    def triple(at: int) -> int:
        return data[at] | data[at + 1] << 8 | data[at + 2] << 16

    def bucket(value: int) -> int:
        return (value * 2654435769 % 2**32) >> (32 - TABLE_BITS)

    def literals(run: int) -> int:
        return run + (run + 31) // 32

    position = 2
    while position < bound:
        while True:
            value = triple(position)
            reference = table[bucket(value)]
            table[bucket(value)] = position
            distance = position - reference
            position += 1
            if (distance <= WINDOW and value == triple(reference)) or position >= bound:
                break
        if position >= bound:
            break
        position -= 1
        total += literals(position - start)
        length = 0
        limit = bound + 9 - (position + 3)
        while length < limit:
            length += 1
            if data[reference + 2 + length] != data[position + 2 + length]:
                break
        position += length
        total += (length - 1) // 262 * 3 + (3 if (length - 1) % 262 >= 6 else 2)
        for _ in range(2):
            table[bucket(triple(position))] = position
            position += 1
        start = position
    return total + literals(len(data) - start)


repetitive = st.lists(
    st.one_of(st.binary(max_size=20), st.sampled_from([bytes(32), b"\xff" * 9, b"abcdefgh", bytes(11) + b"\x01"])),
    max_size=60,
).map(b"".join)
params = st.builds(
    L1FeeParams,
    base_fee=st.integers(0, 2**64),
    blob_base_fee=st.integers(0, 2**64),
    base_fee_scalar=st.integers(0, 2**32 - 1),
    blob_base_fee_scalar=st.integers(0, 2**32 - 1),
    operator_fee_scalar=st.integers(0, 2**32 - 1),
    operator_fee_constant=st.integers(0, 2**64 - 1),
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(repetitive, st.binary(max_size=400)))
def test_flz_length_is_the_plain_compressors(data: bytes) -> None:
    assert flz_length(data) == plain_length(data)


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.integers(30, 120))
def test_flz_length_is_the_plain_compressors_beyond_its_window(unit: bytes, times: int) -> None:
    data = unit * times + bytes(range(256)) * 3 + unit
    assert flz_length(data) == plain_length(data)


@settings(deadline=None)
@given(st.one_of(repetitive, st.binary(max_size=400)))
def test_short_cut_for_small_data_never_differs(data: bytes) -> None:
    assert data_size6(data) == estimated_size6(flz_length(data))


@given(st.binary(max_size=300), params)
def test_l1_fee_is_one_floored_division(raw: bytes, fee_params: L1FeeParams) -> None:
    exact = data_size6(raw) * fee_params.price
    assert l1_fee(raw, fee_params) * 10**12 <= exact < (l1_fee(raw, fee_params) + 1) * 10**12


@given(st.integers(21_000, 2**63), st.integers(0, 2**63), params)
def test_operator_fee_never_falls_with_gas_and_fits_a_word(gas: int, more: int, fee_params: L1FeeParams) -> None:
    assert operator_fee(gas, fee_params) <= operator_fee(gas + more, fee_params) < 2**256


def parent_with(base_fee: int, gas_used: int, gas_limit: int) -> Header:
    return Header(
        parent_hash=ZERO_HASH,
        fee_recipient=ZERO_ADDRESS,
        state_root=EMPTY_TRIE_ROOT,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=BlockNumber(1),
        gas_limit=Gas(gas_limit),
        gas_used=Gas(gas_used),
        timestamp=UnixSeconds(1),
        extra_data=b"",
        prev_randao=ZERO_HASH,
        base_fee_per_gas=Wei(base_fee),
        withdrawals_root=EMPTY_TRIE_ROOT,
    )


@given(st.integers(0, 10**12), st.integers(0, 20_000_000), st.integers(1, 500), st.integers(1, 10))
def test_base_fee_moves_towards_the_target_by_at_most_its_share(
    base_fee: int, gas_used: int, denominator: int, elasticity: int
) -> None:
    gas_limit = 20_000_000
    target = gas_limit // elasticity
    after = next_base_fee(parent_with(base_fee, gas_used, gas_limit), denominator, elasticity)
    if gas_used == target:
        assert after == base_fee
    elif gas_used > target:
        assert base_fee < after <= base_fee + max(1, base_fee * (elasticity - 1) // denominator + 1)
    else:
        assert base_fee - base_fee // denominator <= after <= base_fee
