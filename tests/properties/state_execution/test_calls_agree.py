"""eth_call under both executors: random messages, overrides and precompile inputs give one outcome or one refusal."""

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.errors import InvalidTransaction
from state.execution.errors import OverrideRefused
from state.execution.fast import FastExecutor
from state.execution.overrides import pretended
from state.execution.port import (
    AccountOverride,
    BlockEnv,
    BlockOverrides,
    CallMessage,
    ChainRules,
    Executor,
    TransactionOutcome,
)
from state.execution.reference import ReferenceExecutor
from state.primitives.crypto import private_key_to_address, sign_digest
from state.primitives.types import Address
from state.transactions import AccessListEntry, Authorization
from state.transactions.signing import authorization_hash
from state.world.readers import DictState

L1 = ChainRules(chain_id=900, is_optimism=False)
L2 = ChainRules(chain_id=161299, is_optimism=True)
KEY = bytes(31) + b"\x07"
SENDER = private_key_to_address(KEY)
ECHO = Address(b"\xe0" * 20)
FORWARD = Address(b"\xf0" * 20)
NOBODY = Address(b"\x99" * 20)
BASE_FEE = 1_000

# Copies its calldata to memory and returns it, after storing and logging the first word.
ECHO_CODE = bytes.fromhex("365f5f375f515f5560205fa0365ff3")
# Calls the address in the first word of its calldata with the rest; returns what that returned, or reverts with it.
FORWARD_CODE = bytes.fromhex("6020360360205f375f5f602036035f345f355af13d5f5f3e601e573d5ffd5b3d5ff3")
ENV = BlockEnv(
    number=100,
    timestamp=1_700_000_000,
    fee_recipient=Address(b"\x42" + bytes(18) + b"\x11"),
    prev_randao=bytes(32),
    gas_limit=30_000_000,
    base_fee_per_gas=BASE_FEE,
    parent_hash=bytes(32),
)
PRECOMPILES = [Address(n.to_bytes(20, "big")) for n in (*range(1, 18), 0x100)]
TARGETS = [ECHO, FORWARD, NOBODY, SENDER, *PRECOMPILES]


def parent_state() -> DictState:
    state = DictState()
    state.put(SENDER, balance=10**18)
    state.put(ECHO, nonce=1, code=ECHO_CODE, storage={0: 5})
    state.put(FORWARD, nonce=1, balance=3, code=FORWARD_CODE)
    state.put(SURROUNDINGS, nonce=1, code=SURROUNDINGS_CODE)
    return state


def authorization(address: Address) -> Authorization:
    unsigned = Authorization(chain_id=0, address=address, nonce=1, y_parity=0, r=0, s=0)
    y_parity, r, s = sign_digest(KEY, authorization_hash(unsigned))
    return Authorization(chain_id=0, address=address, nonce=1, y_parity=y_parity, r=r, s=s)


targets = st.sampled_from(TARGETS)
payloads = st.one_of(
    st.binary(max_size=300),
    st.integers(0, 10).map(lambda n: bytes(192 * n)),
    st.builds(lambda to, data: bytes(12) + to + data, targets, st.binary(max_size=256)),
    st.builds(
        lambda to, size: bytes(12) + to + bytes(size), targets, st.sampled_from([64, 128, 160, 213, 256, 384, 512])
    ),
)
messages = st.builds(
    CallMessage,
    sender=st.sampled_from([SENDER, NOBODY]),
    to=st.one_of(targets, st.none()),
    gas_limit=st.sampled_from([20_000, 60_000, 300_000, 5_000_000]),
    gas_price=st.sampled_from([0, 0, 0, 1, BASE_FEE, 2 * BASE_FEE]),
    value=st.sampled_from([0, 0, 0, 1, 10**19]),
    data=payloads,
    access_list=st.lists(
        st.builds(AccessListEntry, address=targets, storage_keys=st.just((bytes(32),))), max_size=2
    ).map(tuple),
    authorizations=st.lists(targets.map(authorization), max_size=1).map(tuple),
)
accounts = st.builds(
    AccountOverride,
    nonce=st.one_of(st.none(), st.integers(0, 3)),
    balance=st.one_of(st.none(), st.integers(0, 10**20)),
    code=st.one_of(st.none(), st.sampled_from([b"", ECHO_CODE, b"\x5f\x54\x5f\x52\x60\x20\x5f\xf3"])),
    state=st.one_of(st.none(), st.just({0: 9})),
    state_diff=st.sampled_from([{}, {0: 4}]),
    move_precompile_to=st.one_of(st.none(), st.sampled_from([NOBODY, ECHO, PRECOMPILES[1], PRECOMPILES[3]])),
)
overrides = st.one_of(
    st.none(),
    st.dictionaries(
        st.sampled_from([SENDER, ECHO, FORWARD, NOBODY, PRECOMPILES[1], PRECOMPILES[3]]), accounts, max_size=2
    ),
)
# All of number, timestamp, fee recipient, prevRandao, gas limit, base fee, blob base fee, and a block hash.
SURROUNDINGS = Address(b"\xb0" * 20)
SURROUNDINGS_CODE = bytes.fromhex("435f52426020524160405244606052456080524860a0524a60c05260634060e0526101005ff3")
blocks = st.builds(
    BlockOverrides,
    number=st.one_of(st.none(), st.integers(0, 2**64 - 1)),
    timestamp=st.one_of(st.none(), st.integers(0, 2**64 - 1)),
    gas_limit=st.one_of(st.none(), st.integers(0, 2**64 - 1)),
    fee_recipient=st.one_of(st.none(), targets),
    prev_randao=st.one_of(st.none(), st.binary(min_size=32, max_size=32)),
    base_fee_per_gas=st.one_of(st.none(), st.integers(0, 2 * BASE_FEE)),
    blob_base_fee=st.one_of(st.none(), st.integers(0, 2**256 - 1)),
)


def run(
    executor: Executor, rules: ChainRules, message: CallMessage, changed: Any, block: BlockOverrides | None = None
) -> TransactionOutcome | str:
    try:
        state, env = pretended(parent_state(), ENV, rules, changed, block)
        return executor.call(state, env, rules, message)
    except (InvalidTransaction, OverrideRefused) as refused:
        return f"{type(refused).__name__}: {refused}"


@pytest.mark.parametrize("rules", [L1, L2], ids=["L1", "L2"])
@settings(max_examples=200, deadline=None)
@given(message=messages, changed=overrides)
def test_both_executors_answer_calls_alike(rules: ChainRules, message: CallMessage, changed: Any) -> None:
    assert run(FastExecutor(), rules, message, changed) == run(ReferenceExecutor(), rules, message, changed)


@pytest.mark.parametrize("rules", [L1, L2], ids=["L1", "L2"])
@settings(max_examples=100, deadline=None)
@given(block=blocks, priced=st.booleans())
def test_both_executors_see_the_same_pretended_block(rules: ChainRules, block: BlockOverrides, priced: bool) -> None:
    message = CallMessage(sender=SENDER, to=SURROUNDINGS, gas_limit=1_000_000, gas_price=2 * BASE_FEE if priced else 0)
    fast = run(FastExecutor(), rules, message, None, block)
    assert fast == run(ReferenceExecutor(), rules, message, None, block)
    if isinstance(fast, TransactionOutcome) and block.number is not None:
        assert int.from_bytes(fast.output[:32], "big") == block.number


@pytest.mark.parametrize("executor", [FastExecutor(), ReferenceExecutor()], ids=["fast", "reference"])
def test_the_contracts_above_do_what_they_say(executor: Executor) -> None:
    def call(to: Address, data: bytes) -> TransactionOutcome:
        outcome = run(executor, L2, CallMessage(sender=SENDER, to=to, gas_limit=1_000_000, data=data), None)
        assert isinstance(outcome, TransactionOutcome)
        return outcome

    assert call(ECHO, b"abc").output == b"abc"
    assert len(call(ECHO, b"abc").logs) == 1
    assert call(FORWARD, bytes(12) + ECHO + b"abc").output == b"abc"
    assert call(FORWARD, bytes(12) + PRECOMPILES[3] + b"abc").output == b"abc"
    failed = call(FORWARD, bytes(12) + PRECOMPILES[7] + b"abc")
    assert (failed.succeeded, failed.error, failed.output) == (False, "execution reverted", b"")


CALLS_ITSELF = bytes.fromhex("5f5f5f5f5f305af100")
CREATES_ITSELF = bytes.fromhex("385f5f39385f5ff000")


@pytest.mark.parametrize("code", [CALLS_ITSELF, CREATES_ITSELF], ids=["call", "create"])
def test_frames_nest_to_the_evms_limit_of_1024(code: bytes) -> None:
    """Some 7,000 Python frames: a lower recursion limit, or a small thread stack, would show here."""
    state = parent_state()
    state.put(ECHO, nonce=1, code=code)
    message = CallMessage(sender=SENDER, to=ECHO, gas_limit=10**12)
    outcomes: list[TransactionOutcome] = []

    def run_both() -> None:
        outcomes.extend(executor.call(state, ENV, L2, message) for executor in (FastExecutor(), ReferenceExecutor()))

    thread = threading.Thread(target=run_both)
    thread.start()
    thread.join()
    assert outcomes[0] == outcomes[1]
    assert outcomes[0].succeeded
    assert outcomes[0].gas_used > 1_024 * 100
