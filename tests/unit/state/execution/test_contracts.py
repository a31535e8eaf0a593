"""Creations, destruction, failures, logs and warmth, under both executors."""

import threading

import pytest

from state.blocks import Log
from state.execution.fast_code import find_jump_targets
from state.execution.fast_frame import contract_address
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32
from state.transactions import AccessListEntry, TransactionType
from tests.unit.state.execution.chains import CONTRACT, FUNDS, GWEI, L1, L2, RECIPIENT, SENDER, Chain, make_env, sign

FAILING: list[tuple[str, str]] = [
    ("execution reverted", "5f5ffd"),
    ("out of gas", "5b5f56"),
    ("invalid opcode: INVALID", "fe"),
    ("invalid opcode: opcode 0xc not defined", "0c"),
    ("stack underflow", "50"),
    ("stack limit reached 1024 (1023)", "5b5f5f56"),
    ("invalid jump destination", "600456"),
    ("return data out of bounds", "60015f5f3e"),
]
RETURN_42 = bytes.fromhex("602a5f5260205ff3")


@pytest.mark.parametrize(("text", "code"), FAILING, ids=[text for text, _ in FAILING])
def test_failures_are_named_in_geths_words(chain: Chain, text: str, code: str) -> None:
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex(code))
    outcome = chain.apply(sign(to=CONTRACT, gas_limit=200_000, value=0))
    assert (outcome.succeeded, outcome.error) == (False, text)
    assert outcome.gas_used == (21_000 + 4 if "reverted" in text else 200_000)


def test_revert_data_comes_out(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("602a5f5260205ffd"))
    outcome = chain.apply(sign(to=CONTRACT, gas_limit=100_000))
    assert outcome.output == (42).to_bytes(32, "big")
    assert chain.finish().account(CONTRACT).balance == 0


def test_logs_keep_their_order_over_nested_calls(chain: Chain) -> None:
    inner = Address(b"\xc1" * 20)
    chain.state.put(inner, nonce=1, code=bytes.fromhex("60025f5fa1"))
    call_inner = "5f5f5f5f5f73" + inner.hex() + "5af150"
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("60015f5fa1" + call_inner + "60035f5fa1"))
    logs = chain.apply(sign(to=CONTRACT, gas_limit=200_000)).logs
    topics = [Hash32(n.to_bytes(32, "big")) for n in (1, 2, 3)]
    assert logs == tuple(
        Log(address=address, topics=(topic,), data=b"")
        for address, topic in zip((CONTRACT, inner, CONTRACT), topics, strict=True)
    )


def creation(init_code: bytes, **changes: object) -> dict[str, object]:
    return {"to": None, "data": init_code, "gas_limit": 10_000_000, "value": 0} | changes


def returning(size: int, first_byte: int = 0) -> bytes:
    return bytes.fromhex(f"60{first_byte:02x}5f5362{size:06x}5ff3")


def test_creation_stores_code_with_nonce_one(chain: Chain) -> None:
    outcome = chain.apply(sign(**creation(returning(3, 0x60), value=9)))
    account = chain.finish().account(outcome.created_address)
    assert outcome.created_address == contract_address(SENDER, 0)
    assert outcome.output == b"\x60\0\0"
    assert (account.nonce, account.balance, account.code_hash) == (1, 9, keccak256(b"\x60\0\0"))


@pytest.mark.parametrize(
    ("text", "init_code", "gas_limit"),
    [
        ("max code size exceeded", returning(24_577), 10_000_000),
        ("invalid code: must not begin with 0xef", returning(1, 0xEF), 10_000_000),
        ("contract creation code storage out of gas", returning(1_000), 100_000),
    ],
)
def test_refused_code_costs_all_gas_and_the_nonce(chain: Chain, text: str, init_code: bytes, gas_limit: int) -> None:
    outcome = chain.apply(sign(**creation(init_code, gas_limit=gas_limit)))
    assert (outcome.error, outcome.gas_used, outcome.created_address) == (text, gas_limit, None)
    state = chain.finish()
    assert state.account(contract_address(SENDER, 0)) is None
    assert state.account(SENDER).nonce == 1


def test_largest_code_is_accepted(chain: Chain) -> None:
    outcome = chain.apply(sign(**creation(returning(24_576))))
    assert len(outcome.output) == 24_576


def test_creation_on_an_occupied_address_fails_with_all_gas(chain: Chain) -> None:
    chain.state.put(contract_address(SENDER, 0), nonce=1)
    outcome = chain.apply(sign(**creation(returning(1), gas_limit=100_000)))
    assert (outcome.error, outcome.gas_used) == ("contract address collision", 100_000)


def test_creation_keeps_a_balance_that_was_there_before(chain: Chain) -> None:
    chain.state.put(contract_address(SENDER, 0), balance=5)
    outcome = chain.apply(sign(**creation(returning(1), value=2)))
    assert chain.finish().account(outcome.created_address).balance == 7


def test_selfdestruct_spares_a_contract_of_an_earlier_transaction(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, balance=5, code=bytes.fromhex("73" + RECIPIENT.hex() + "ff"), storage={0: 1})
    assert chain.apply(sign(to=CONTRACT, gas_limit=100_000, value=0)).succeeded
    state = chain.finish()
    assert (state.account(CONTRACT).balance, state.account(RECIPIENT).balance) == (0, 5)
    assert state.storage(CONTRACT, 0) == 1


def test_selfdestruct_deletes_a_contract_of_the_same_transaction(chain: Chain) -> None:
    init_code = bytes.fromhex("60015f5573" + RECIPIENT.hex() + "ff")
    outcome = chain.apply(sign(**creation(init_code, value=5)))
    state = chain.finish()
    assert outcome.succeeded
    assert state.account(contract_address(SENDER, 0)) is None
    assert state.account(RECIPIENT).balance == 5


def test_create2_fails_where_it_has_created_before(chain: Chain) -> None:
    factory = Address(b"\xfa" * 20)
    child_init = bytes.fromhex("60075f55345f5260205ff3")
    code = "6a" + child_init.hex() + "5f52" + "5f600b60155ff5" + "5f5260205ff3"
    chain.state.put(factory, nonce=1, code=bytes.fromhex(code))
    first = chain.apply(sign(to=factory, gas_limit=500_000, value=0)).output
    second = chain.apply(sign(to=factory, gas_limit=500_000, value=0, nonce=1)).output
    assert first != bytes(32)
    assert second == bytes(32)


def test_refund_is_at_most_a_fifth(chain: Chain) -> None:
    clear_ten = "".join(f"5f60{slot:02x}55" for slot in range(10))
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex(clear_ten), storage=dict.fromkeys(range(10), 1))
    outcome = chain.apply(sign(to=CONTRACT, gas_limit=200_000, value=0))
    spent = 21_000 + 10 * (2 + 3 + 5_000)
    assert outcome.gas_used == spent - spent // 5


def test_calldata_floor_is_the_least_that_is_paid(chain: Chain) -> None:
    outcome = chain.apply(sign(data=b"\1" * 100, gas_limit=60_000))
    assert outcome.gas_used == 21_000 + 100 * 40


def test_access_list_warms_and_is_paid_for(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("5f5450"))
    plain = chain.apply(sign(to=CONTRACT, gas_limit=100_000, value=0)).gas_used
    entry = AccessListEntry(address=CONTRACT, storage_keys=(Hash32(bytes(32)),))
    listed = chain.apply(
        sign(
            type=TransactionType.ACCESS_LIST,
            max_priority_fee_per_gas=2 * GWEI,
            to=CONTRACT,
            gas_limit=100_000,
            value=0,
            nonce=1,
            access_list=(entry,),
        )
    ).gas_used
    assert plain == 21_000 + 2 + 2_100 + 2
    assert listed == 21_000 + 2_400 + 1_900 + 2 + 100 + 2


def test_fee_recipient_and_precompiles_are_warm(chain: Chain) -> None:
    for address in (chain.env.fee_recipient, Address(bytes(19) + b"\x01"), Address((0x100).to_bytes(20, "big"))):
        chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("73" + address.hex() + "3150"))
        outcome = chain.call()
        assert outcome.gas_used == 21_000 + 3 + 100 + 2


def test_p256verify_is_an_op_chains_only(chain_of) -> None:  # type: ignore[no-untyped-def]
    address = (0x100).to_bytes(20, "big").hex()
    code = bytes.fromhex("5f5f5f5f73" + address + "5afa" + "5f5260205ff3")
    gas = {}
    for rules in (L1, L2):
        chain = chain_of(rules)
        chain.state.put(CONTRACT, nonce=1, code=code)
        gas[rules.is_optimism] = chain.call().gas_used
    assert gas[True] - gas[False] == 3_450 + 100 - 2_600


def test_environment_is_the_blocks(chain: Chain) -> None:
    pushes = "".join(f"{opcode}60{32 * n:02x}52" for n, opcode in enumerate(("42", "43", "44", "45", "48", "4a", "46")))
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex(pushes + "60e05ff3"))
    output = chain.call(gas_price=2 * GWEI).output
    words = [int.from_bytes(output[n : n + 32], "big") for n in range(0, 224, 32)]
    env = make_env()
    randao = int.from_bytes(env.prev_randao, "big")
    assert words == [env.timestamp, env.number, randao, env.gas_limit, GWEI, 1, chain.rules.chain_id]


@pytest.mark.parametrize(("number", "known"), [(999, True), (744, True), (743, False), (1_000, False), (1_001, False)])
def test_blockhash_reaches_back_256_blocks(chain: Chain, number: int, known: bool) -> None:
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex(f"61{number:04x}405f5260205ff3"))
    assert chain.call().output == (keccak256(str(number).encode()) if known else bytes(32))


def test_transient_storage_ends_with_its_transaction(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("5f5c5f5260015f5d60205ff3"))
    for nonce in (0, 1):
        outcome = chain.apply(sign(to=CONTRACT, nonce=nonce, gas_limit=100_000, value=0))
        assert outcome.output == bytes(32)


def test_transfer_to_a_precompile_or_to_code_does_not_take_the_native_path(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("60015f55"))
    stored = chain.apply(sign(to=CONTRACT, gas_limit=100_000))
    hashed = chain.apply(sign(to=Address(bytes(19) + b"\x02"), nonce=1, gas_limit=100_000))
    assert stored.gas_used == 21_000 + 3 + 2 + 22_100
    assert (hashed.gas_used, hashed.output) == (21_060, bytes.fromhex(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    ))  # fmt: skip


def test_transfer_to_oneself_costs_only_its_fee(chain: Chain) -> None:
    chain.apply(sign(to=SENDER, value=FUNDS // 2))
    chain.finish()
    assert chain.balance(SENDER) == FUNDS - 21_000 * (GWEI + GWEI // 2)


def test_jump_targets_are_not_found_inside_pushed_data() -> None:
    targets = find_jump_targets(bytes.fromhex("5b605b5b625b5b5b5b7f5b"))
    assert [position for position, flag in enumerate(targets) if flag] == [0, 3, 8]
    assert len(targets) == 11


def test_calls_nest_1024_deep_in_a_thread_of_their_own(chain: Chain) -> None:
    # Each frame counts itself in slot 0 and calls its own contract with all gas.
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("5f546001015f555f5f5f5f5f305af15000"))
    chain.state.put(SENDER, balance=10**30)
    chain.env = make_env(gas_limit=10**14)
    outcomes: list[bool] = []

    def run() -> None:
        outcomes.append(chain.apply(sign(to=CONTRACT, gas_limit=10**14, value=0)).succeeded)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert outcomes == [True]
    assert chain.finish().storage(CONTRACT, 0) == 1_025


def test_creations_nest_1024_deep(chain: Chain) -> None:
    # CODECOPY all of this init code to memory, then CREATE with it: every contract creates the next in its constructor.
    init_code = bytes.fromhex("385f5f39385f5ff05f5500")
    chain.state.put(SENDER, balance=10**30)
    chain.env = make_env(gas_limit=10**14)
    assert chain.apply(sign(**creation(init_code, gas_limit=10**14))).succeeded
    created = [account for account in chain.finish().accounts.values() if account.nonce >= 1]
    assert len(created) == 1_025 + 1
