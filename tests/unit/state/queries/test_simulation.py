"""eth_simulateV1: blocks that nobody built are blocks, and what no chain could have is refused with its code."""

from itertools import pairwise
from typing import Any

import pytest

from state.blocks import EMPTY_TRIE_ROOT, logs_bloom
from state.execution.errors import OverrideRefused, PrecompileMovedToItself
from state.execution.fees import L1_BLOCK_ADDRESS
from state.execution.port import AccountOverride, BlockOverrides, ChainRules
from state.execution.simulated import TRANSFER_EMITTER, TRANSFER_TOPIC
from state.primitives.crypto import keccak256
from state.primitives.types import UINT64_MAX, Address
from state.queries import BlockRequest, SimulationRequest
from state.queries.simulated_chain import sequence_blocks
from state.queries.simulation_errors import SimulationRefused
from state.transactions import TransactionType, encode_without_signature
from state.transition import child_base_fee
from state.trie import ordered_root
from tests.unit.state.queries.conftest import (
    FUNDS,
    GWEI,
    L1,
    L2,
    POOR,
    RICH,
    VAULT,
    SmallChain,
    block,
    contract,
    request,
    small_chain,
)

COUNTER, REVERTER, LOGGER, FORWARDER, HASHES, FAILS_AFTER_SENDING, DYING, BURNER = (contract(n) for n in range(1, 9))
SURROUNDINGS = "435f52426020524160405244606052456080524860a0524a60c05260e05ff3"
"""Number, time, fee recipient, prevRandao, gas limit, base fee, blob base fee."""
BASE_FEE_VAULT = Address(b"\x42" + bytes(18) + b"\x19")
CODES = {
    COUNTER: "5f54600101805f555f5260205ff3",  # returns ++slot[0]
    REVERTER: "602a5f5260205ffd",
    LOGGER: "7f" + "aa" * 32 + "5f5fa1" + "00",
    FORWARDER: "5f5f5f5f3473" + POOR.hex() + "5af100",  # hands its value on to POOR
    HASHES: "5f35405f5260205ff3",  # blockhash(calldata word)
    FAILS_AFTER_SENDING: "5f5f5f5f3473" + POOR.hex() + "5af15f5ffd",
    DYING: "73" + POOR.hex() + "ff",
    BURNER: "5b5f56",
}


@pytest.fixture
def chain(rules: ChainRules) -> SmallChain:
    return small_chain(rules, CODES)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_state_lives_on_from_call_to_call_and_from_block_to_block(chain: SmallChain) -> None:
    results = chain.simulate(block(request(COUNTER), request(COUNTER)), block(request(COUNTER)))
    outputs = [call.outcome.output for result in results for call in result.calls]
    assert outputs == [word(1), word(2), word(3)]
    assert chain.queries.storage(chain.hash, COUNTER, 0) == 0


def test_each_block_s_header_is_one_that_could_be_sealed(chain: SmallChain) -> None:
    first, second = chain.simulate(block(request(LOGGER), request(COUNTER)), block())
    assert (first.header.number, first.header.timestamp) == (1, 1_002)
    assert first.header.parent_hash == chain.hash
    assert second.header.parent_hash == first.header.hash
    assert first.header.transactions_root == ordered_root([encode_without_signature(tx) for tx in first.transactions])
    assert first.header.gas_used == sum(call.outcome.gas_used for call in first.calls)
    assert first.header.logs_bloom == logs_bloom(first.calls[0].logs)
    assert second.header.transactions_root == second.header.receipts_root == EMPTY_TRIE_ROOT
    assert second.header.state_root == first.header.state_root
    assert first.header.state_root != chain.header.state_root
    assert (first.header.gas_limit, first.header.fee_recipient) == (20_000_000, VAULT)
    assert first.header.base_fee_per_gas == 0


def test_overrides_are_part_of_the_state_root(chain: SmallChain) -> None:
    accounts = {POOR: AccountOverride(balance=7, nonce=3, code=b"\x00", state={5: 6, 7: 0})}
    plain, pretended = chain.simulate(block(), block(accounts=accounts))
    assert plain.header.state_root != pretended.header.state_root
    again, undone = chain.simulate(
        block(accounts=accounts), block(accounts={POOR: AccountOverride(balance=0, nonce=0, code=b"", state={})})
    )
    assert again.header.state_root == pretended.header.state_root != undone.header.state_root


def test_overrides_of_a_later_block_build_on_what_was_simulated(chain: SmallChain) -> None:
    diff = {COUNTER: AccountOverride(state_diff={1: 5})}
    whole = {COUNTER: AccountOverride(state={1: 5})}
    for accounts, expected in ((diff, 3), (whole, 1)):
        results = chain.simulate(block(request(COUNTER), request(COUNTER)), block(request(COUNTER), accounts=accounts))
        assert results[1].calls[0].outcome.output == word(expected)


def test_block_overrides_are_seen_inside_and_in_the_header(chain: SmallChain) -> None:
    everything = {
        contract(98): AccountOverride(
            code=bytes.fromhex("435f52426020524160405244606052456080524860a0524a60c05260e05ff3")
        )
    }
    (result,) = chain.simulate(
        block(
            request(contract(98)),
            accounts=everything,
            number=1,
            timestamp=5_000,
            gas_limit=1_000_000,
            fee_recipient=POOR,
            prev_randao=word(9),
            base_fee_per_gas=11,
            blob_base_fee=12,
            parent_beacon_block_root=word(13),
        )
    )
    header = result.header
    seen = [int.from_bytes(result.calls[0].outcome.output[at : at + 32], "big") for at in range(0, 224, 32)]
    assert seen == [1, 5_000, int.from_bytes(POOR, "big"), 9, 1_000_000, 11, 12]
    assert (header.timestamp, header.gas_limit, header.base_fee_per_gas) == (5_000, 1_000_000, 11)
    assert (header.prev_randao, header.parent_beacon_block_root) == (word(9), word(13))


def test_gaps_are_filled_with_empty_blocks(chain: SmallChain) -> None:
    results = chain.simulate(block(number=1), block(number=4, timestamp=2_000), block())
    assert [(r.header.number, r.header.timestamp) for r in results] == [
        (1, 1_002),
        (2, 1_004),
        (3, 1_006),
        (4, 2_000),
        (5, 2_002),
    ]
    assert all(a.header.hash == b.header.parent_hash for a, b in pairwise(results))


def test_blockhash_knows_the_real_and_the_simulated_blocks(chain: SmallChain) -> None:
    calls = [request(HASHES, data=word(number)) for number in range(4)]
    first, second, third = chain.simulate(block(), block(), block(*calls))
    expected = [chain.hash, first.header.hash, second.header.hash, bytes(32)]
    assert [call.outcome.output for call in third.calls] == expected


def test_a_revert_keeps_gas_and_nonce_and_undoes_the_rest(chain: SmallChain) -> None:
    first, second = chain.simulate(block(request(REVERTER, value=5)), block(request(REVERTER)))
    call = first.calls[0]
    assert (call.outcome.succeeded, call.outcome.error, call.outcome.output) == (False, "execution reverted", word(42))
    assert [tx.nonce for result in (first, second) for tx in result.transactions] == [0, 1]
    assert Balances(chain, block(request(REVERTER, value=5))).balance(REVERTER) == 0


def test_what_fails_without_validation_is_the_balance_not_the_fees(chain: SmallChain) -> None:
    assert chain.simulate(block(request(POOR, sender=POOR)))[0].calls[0].outcome.succeeded
    assert chain.simulate(block(request(POOR, nonce=77)))[0].transactions[0].nonce == 77
    with pytest.raises(SimulationRefused) as refused:
        chain.simulate(block(request(RICH, sender=POOR, value=1)))
    assert refused.value.rpc_code == -38014
    assert "insufficient funds for gas * price + value" in str(refused.value)


FEES = {"max_fee_per_gas": 2 * GWEI}
STRICT = {"validates": True}
NO_NONCE_LEFT = {RICH: AccountOverride(nonce=UINT64_MAX)}
REFUSED: list[tuple[int, str, list[BlockRequest], dict[str, Any]]] = [
    (
        -38010,
        "nonce too low",
        [block(request(POOR, **FEES)), block(request(POOR, nonce=0, **FEES))],
        {"validates": True},
    ),
    (-38011, "nonce too high", [block(request(POOR, nonce=1, **FEES))], STRICT),
    (-38012, "max fee per gas less than block base fee", [block(request(POOR))], STRICT),
    (-38012, "baseFee: 10", [block(request(POOR, gas_price=9), base_fee_per_gas=10)], {}),
    (-38013, "intrinsic gas too low: have 20999, want 21000", [block(request(POOR, gas=20_999))], {}),
    (-38013, "insufficient gas for floor data gas cost", [block(request(POOR, gas=22_000, data=b"\1" * 50))], {}),
    (-38014, "insufficient funds", [block(request(POOR, value=FUNDS + 1))], {}),
    (-38015, "block gas limit reached: remaining: 20000000, required: 20000001", [block(request(gas=20_000_001))], {}),
    (-38015, "block gas limit reached: remaining: 0", [block(request(BURNER), request(POOR, gas=1))], {}),
    (-38020, "block numbers must be in order: 5 <= 5", [block(number=5), block(number=5)], {}),
    (-38020, "block numbers must be in order: 0 <= 0", [block(number=0)], {}),
    (-38021, "block timestamps must be in order: 1000 <= 1000", [block(timestamp=1_000)], {}),
    (-38021, "in order: 1003 <= 1006", [block(), block(number=4, timestamp=1_003)], {}),
    (-38025, "max initcode size exceeded", [block(request(data=bytes(49_153)))], {}),
    (-38026, "too many blocks", [block(number=257)], {}),
    (-38026, "too many blocks", [block()] * 257, {}),
    (-32602, "max priority fee per gas higher", [block(request(max_fee_per_gas=1, max_priority_fee_per_gas=2))], {}),
    (
        -32000,
        "nonce has max value",
        [block(request(POOR, **FEES), accounts=NO_NONCE_LEFT)],
        {"validates": True},
    ),
]


@pytest.mark.parametrize(("code", "text", "blocks", "flags"), REFUSED, ids=lambda value: str(value)[:40])
def test_refuses_with_the_code_of_execution_apis(
    chain: SmallChain, code: int, text: str, blocks: list[BlockRequest], flags: dict[str, Any]
) -> None:
    with pytest.raises(SimulationRefused) as refused:
        chain.simulate(*blocks, **flags)
    assert (refused.value.rpc_code, text in str(refused.value)) == (code, True), str(refused.value)


def test_precompiles_move_for_one_block_only(chain: SmallChain) -> None:
    identity = Address(bytes(19) + b"\4")
    moved = {identity: AccountOverride(move_precompile_to=POOR)}
    first, second = chain.simulate(
        block(request(POOR, data=b"abc"), request(identity, data=b"abc"), accounts=moved),
        block(request(POOR, data=b"abc"), request(identity, data=b"abc")),
    )
    assert [call.outcome.output for call in first.calls] == [b"abc", b""]
    assert [call.outcome.output for call in second.calls] == [b"", b"abc"]
    with pytest.raises(OverrideRefused, match="is not a precompile"):
        chain.simulate(block(accounts={POOR: AccountOverride(move_precompile_to=RICH)}))
    with pytest.raises(PrecompileMovedToItself):
        chain.simulate(block(accounts={identity: AccountOverride(move_precompile_to=identity)}))


def test_the_gas_cap_holds_over_all_blocks_and_is_told(chain: SmallChain) -> None:
    first, second = chain.simulate(block(request(BURNER)), block(request(BURNER)), gas_cap=25_000_000)
    assert (first.calls[0].outcome.gas_used, first.calls[0].is_gas_capped) == (20_000_000, False)
    assert (second.calls[0].outcome.gas_used, second.calls[0].is_gas_capped) == (5_000_000, True)
    assert second.calls[0].outcome.error == "out of gas"
    with pytest.raises(SimulationRefused, match="intrinsic gas too low: have 0"):
        chain.simulate(block(request(BURNER)), block(request(POOR)), gas_cap=20_000_000)


def test_validated_blocks_charge_what_the_chain_charges(chain: SmallChain) -> None:
    call = request(POOR, value=100, max_fee_per_gas=2 * GWEI, max_priority_fee_per_gas=3)
    (result,) = chain.simulate(block(call), validates=True)
    base_fee = result.header.base_fee_per_gas
    assert base_fee == child_base_fee(chain.header, chain.rules)
    after = Balances(chain, block(call), validates=True)
    assert after.balance(VAULT) == 3 * 21_000
    assert after.balance(POOR) == 100
    paid = FUNDS - 100 - after.balance(RICH)
    if chain.rules.is_optimism:
        assert after.balance(BASE_FEE_VAULT) == base_fee * 21_000
    assert paid == (base_fee + 3) * 21_000


def test_no_l1_fee_is_charged_for_what_nobody_signed(chain: SmallChain) -> None:
    prices = AccountOverride(state_diff={1: 10**9, 3: 5_000 << 96})
    call = request(POOR, value=FUNDS - 21_000 * 2 * GWEI, max_fee_per_gas=2 * GWEI, gas=21_000)
    (result,) = chain.simulate(block(call, accounts={L1_BLOCK_ADDRESS: prices}), validates=True)
    assert (result.calls[0].outcome.succeeded, result.calls[0].outcome.l1_fee) == (True, 0)


class Balances:
    """Balances after simulated blocks, read by simulated calls."""

    def __init__(self, chain: SmallChain, *blocks: BlockRequest, **flags: Any) -> None:
        self._chain, self._blocks, self._flags = chain, blocks, flags

    def balance(self, address: Address) -> int:
        code = bytes.fromhex("73" + address.hex() + "315f5260205ff3")
        probe = block(
            request(contract(99), max_fee_per_gas=0, sender=contract(97)),
            accounts={contract(99): AccountOverride(code=code)},
            base_fee_per_gas=0,
        )
        result = self._chain.simulate(*self._blocks, probe, **self._flags)[-1]
        return int.from_bytes(result.calls[0].outcome.output, "big")


def test_without_validation_a_named_gas_price_is_paid(chain: SmallChain) -> None:
    after = Balances(chain, block(request(POOR, gas_price=10), base_fee_per_gas=4))
    assert after.balance(RICH) == FUNDS - 21_000 * 10
    assert after.balance(VAULT) == 21_000 * 6
    assert after.balance(BASE_FEE_VAULT) == (21_000 * 4 if chain.rules.is_optimism else 0)


def test_nonces_wrap_where_nobody_validates_as_in_geth(chain: SmallChain) -> None:
    accounts = {RICH: AccountOverride(nonce=UINT64_MAX)}
    (result,) = chain.simulate(block(request(POOR), request(POOR), accounts=accounts))
    assert [tx.nonce for tx in result.transactions] == [UINT64_MAX, 0]


def test_types_follow_the_fees_that_a_call_names(chain: SmallChain) -> None:
    (result,) = chain.simulate(block(request(POOR), request(POOR, gas_price=0), request(POOR, max_fee_per_gas=0)))
    kinds = [TransactionType.DYNAMIC_FEE, TransactionType.LEGACY, TransactionType.DYNAMIC_FEE]
    assert [tx.type for tx in result.transactions] == kinds
    hashes = [keccak256(encode_without_signature(tx)) for tx in result.transactions]
    assert len(set(hashes)) == 3


def transfers(chain: SmallChain, to: Address, value: int) -> list[tuple[Address, Address, int]]:
    (result,) = chain.simulate(block(request(to, value=value)), traces_transfers=True)
    found = []
    for log in result.calls[0].logs:
        assert (log.address, log.topics[0]) == (TRANSFER_EMITTER, TRANSFER_TOPIC)
        found.append((Address(log.topics[1][12:]), Address(log.topics[2][12:]), int.from_bytes(log.data, "big")))
    assert result.header.logs_bloom == bytes(256)
    return found


def test_transfers_of_the_coin_are_logged_where_they_happen_and_not_where_they_are_undone(chain: SmallChain) -> None:
    assert keccak256(b"Transfer(address,address,uint256)") == TRANSFER_TOPIC
    assert transfers(chain, POOR, 5) == [(RICH, POOR, 5)]
    assert transfers(chain, POOR, 0) == []
    assert transfers(chain, FORWARDER, 5) == [(RICH, FORWARDER, 5), (FORWARDER, POOR, 5)]
    assert transfers(chain, DYING, 5) == [(RICH, DYING, 5), (DYING, POOR, 5)]
    assert transfers(chain, FAILS_AFTER_SENDING, 5) == []


def test_transfers_and_events_stand_in_the_order_of_events(chain: SmallChain) -> None:
    (result,) = chain.simulate(block(request(LOGGER, value=1)), traces_transfers=True)
    assert [log.address for log in result.calls[0].logs] == [TRANSFER_EMITTER, LOGGER]
    assert result.header.logs_bloom == logs_bloom(result.calls[0].logs[1:])


def test_gas_is_told_before_and_after_refunds(chain: SmallChain) -> None:
    clears = {contract(96): AccountOverride(code=bytes.fromhex("5f5f5500"), state={0: 1})}
    (result,) = chain.simulate(block(request(contract(96)), accounts=clears))
    outcome = result.calls[0].outcome
    assert outcome.max_used_gas - outcome.gas_used == 4_800


def test_the_row_of_blocks_is_bounded_before_it_is_made() -> None:
    chain = small_chain(L2, {})
    far = SimulationRequest(blocks=(BlockRequest(overrides=BlockOverrides(number=2**63)),), block_time=2, gas_cap=1)
    with pytest.raises(SimulationRefused, match="too many blocks"):
        sequence_blocks(chain.header, far)


def test_an_unchanged_simulation_gives_the_same_hashes() -> None:
    first, second = (small_chain(L1, CODES).simulate(block(request(COUNTER)), block(request(LOGGER))) for _ in "12")
    assert [result.header.hash for result in first] == [result.header.hash for result in second]
