"""What a call pretends beyond balances and storage: precompiles elsewhere, and another block around it."""

from typing import Any

import pytest

from contracts.addresses import checksum
from state.execution.errors import OverrideRefused, PrecompileMovedToItself
from state.execution.overrides import overridden_env, precompile_moves
from state.execution.port import AccountOverride, BlockOverrides
from state.primitives.types import ZERO_HASH, Address, Gas
from tests.unit.state.execution.chains import CONTRACT, OTHER, Chain, make_env

SHA256, RIPEMD, IDENTITY = (Address(n.to_bytes(20, "big")) for n in (2, 3, 4))
RETURN_42 = bytes.fromhex("602a5f5260205ff3")
BALANCE_GAS = bytes.fromhex("5a7300000000000000000000000000000000000000023150905a90035f5260205ff3")
TABLE = (SHA256, RIPEMD, IDENTITY)


def test_a_moved_precompile_runs_at_its_new_address_only(chain: Chain) -> None:
    overrides = {IDENTITY: AccountOverride(move_precompile_to=OTHER)}
    assert chain.call(overrides, to=OTHER, data=b"abc").output == b"abc"
    assert chain.call(overrides, to=IDENTITY, data=b"abc").output == b""


def test_a_precompile_is_moved_before_code_takes_its_place(chain: Chain) -> None:
    overrides = {IDENTITY: AccountOverride(move_precompile_to=OTHER, code=RETURN_42)}
    assert chain.call(overrides, to=OTHER, data=b"abc").output == b"abc"
    assert chain.call(overrides, to=IDENTITY, data=b"abc").output == (42).to_bytes(32, "big")


def test_any_override_of_a_precompile_takes_it_away_as_in_geth(chain: Chain) -> None:
    assert chain.call({IDENTITY: AccountOverride(balance=1)}, to=IDENTITY, data=b"abc").output == b""


def test_a_precompile_moved_onto_another_replaces_it(chain: Chain) -> None:
    assert chain.call({IDENTITY: AccountOverride(move_precompile_to=SHA256)}, to=SHA256, data=b"a").output == b"a"


def test_the_chain_s_own_precompile_addresses_stay_warm(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=BALANCE_GAS)
    usual = chain.call()
    assert chain.call({SHA256: AccountOverride(move_precompile_to=OTHER)}).gas_used == usual.gas_used


@pytest.mark.parametrize(
    ("overrides", "kind", "text"),
    [
        ({OTHER: AccountOverride(move_precompile_to=CONTRACT)}, OverrideRefused, "is not a precompile"),
        ({SHA256: AccountOverride(move_precompile_to=SHA256)}, PrecompileMovedToItself, "is already overridden"),
        (
            {SHA256: AccountOverride(move_precompile_to=CONTRACT), CONTRACT: AccountOverride(balance=1)},
            OverrideRefused,
            f"account {checksum(CONTRACT)} is already overridden",
        ),
        (
            {SHA256: AccountOverride(move_precompile_to=IDENTITY), IDENTITY: AccountOverride(nonce=1)},
            OverrideRefused,
            "is already overridden",
        ),
    ],
)
def test_moves_that_contradict_each_other_are_refused(
    overrides: dict[Address, AccountOverride], kind: type[OverrideRefused], text: str
) -> None:
    with pytest.raises(OverrideRefused, match=text) as refused:
        precompile_moves(overrides, TABLE)
    assert type(refused.value) is kind
    assert refused.value.rpc_code == (-38022 if kind is PrecompileMovedToItself else -32000)


def test_two_precompiles_moved_to_one_address_leave_the_later_there() -> None:
    overrides = {a: AccountOverride(move_precompile_to=OTHER) for a in (SHA256, RIPEMD)}
    assert precompile_moves(overrides, TABLE) == {OTHER: RIPEMD, SHA256: None, RIPEMD: None}


@pytest.mark.parametrize(
    ("field", "opcode", "value"),
    [
        ("number", "43", 7),
        ("timestamp", "42", 8),
        ("fee_recipient", "41", OTHER),
        ("prev_randao", "44", b"\x0c" * 32),
        ("gas_limit", "45", 9),
        ("base_fee_per_gas", "48", 10),
        ("blob_base_fee", "4a", 11),
    ],
)
def test_each_block_override_is_what_its_opcode_sees(chain: Chain, field: str, opcode: str, value: Any) -> None:
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex(opcode + "5f5260205ff3"))
    chain.env = overridden_env(chain.env, BlockOverrides(**{field: value}))
    expected = value if isinstance(value, bytes) else value.to_bytes(32, "big")
    assert chain.call(gas_price=10**10, gas_limit=Gas(100_000)).output == expected.rjust(32, b"\0")


def test_blockhash_under_a_pretended_number_knows_the_chain_s_own_blocks(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("6103de405f5260205ff3"))  # blockhash(990)
    known = chain.env.ancestor_hash(990)
    assert chain.call().output == known
    chain.env = overridden_env(make_env(), BlockOverrides(number=1_246))
    assert chain.call().output == known
    chain.env = overridden_env(make_env(), BlockOverrides(number=1_247))
    assert chain.call().output == bytes(32)


def test_a_beacon_root_is_for_simulated_blocks_only() -> None:
    with pytest.raises(OverrideRefused, match='"beaconRoot" is not supported for this RPC method'):
        overridden_env(make_env(), BlockOverrides(parent_beacon_block_root=ZERO_HASH))
