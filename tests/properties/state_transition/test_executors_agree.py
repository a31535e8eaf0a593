"""Random programs and transactions under both executors: the same outcomes, the same changes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.errors import InvalidTransaction
from state.execution.fast import FastExecutor
from state.execution.fees import L1_BLOCK_ADDRESS
from state.execution.port import BlockEnv, ChainRules
from state.execution.reference import ReferenceExecutor
from state.primitives.crypto import keccak256, private_key_to_address, sign_digest
from state.primitives.types import Address, BlockNumber, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.transactions import (
    AccessListEntry,
    Authorization,
    DepositTransaction,
    ExecutableTransaction,
    SignedTransaction,
    TransactionType,
    sign_transaction,
)
from state.transactions.signing import authorization_hash
from state.transition import CheckedExecutor
from state.world.readers import DictState
from tests.properties.evm_stack import evm_stack

KEYS = [bytes(31) + bytes((n,)) for n in (1, 2, 3)]
EOAS = [private_key_to_address(key) for key in KEYS]
CONTRACTS = [Address(b"\xc0" * 19 + bytes((n,))) for n in range(3)]
ODD = [Address(bytes(19) + bytes((n,))) for n in (1, 4, 9)] + [Address(b"\x99" * 20)]
P256 = Address((0x100).to_bytes(20, "big"))
VAULT = Address(bytes.fromhex("4200000000000000000000000000000000000011"))
EVERYONE = [*EOAS, *CONTRACTS, *ODD, P256, VAULT]
BASE_FEE = 1_000

L2 = ChainRules(chain_id=161299, is_optimism=True)
L1 = ChainRules(chain_id=900, is_optimism=False)


def push(value: int | bytes) -> bytes:
    data = value if isinstance(value, bytes) else value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return bytes((0x5F + len(data),)) + data


addresses = st.sampled_from(EVERYONE).map(push)
small = st.integers(0, 3).map(push)
words = st.one_of(small, st.integers(0, 2**256 - 1).map(push), addresses)
offsets = st.integers(0, 96).map(push)
gases = st.sampled_from([0, 2_300, 30_000, 10**6]).map(push)


def calling(opcode: int, *, has_value: bool) -> st.SearchStrategy[bytes]:
    value = st.sampled_from([0, 0, 1, 10**6]).map(push) if has_value else st.just(b"")
    # Pushed last comes first: gas, address, [value], argument offset and size, return offset and size.
    parts = st.tuples(offsets, offsets, offsets, offsets, value, addresses, gases)
    return parts.map(lambda items: b"".join(items) + bytes((opcode,)))


def creating(opcode: int) -> st.SearchStrategy[bytes]:
    init_codes = st.sampled_from(
        [b"", b"\xfe", b"\x33\xff", bytes.fromhex("60016000f3"), bytes.fromhex("60ef60005360016000f3"), b"\x5f\x5f\xfd"]
    )

    def program(parts: tuple[bytes, int, int]) -> bytes:
        init_code, value, salt = parts
        store = push(init_code.ljust(32, b"\0")) + push(0) + b"\x52" if init_code else b""
        operands = push(len(init_code)) + push(0) + push(value)
        return store + (push(salt) if opcode == 0xF5 else b"") + operands + bytes((opcode,))

    return st.tuples(init_codes, st.sampled_from([0, 1]), st.integers(0, 2)).map(program)


def operation(opcode: int, *operands: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.tuples(*operands).map(lambda items: b"".join(reversed(items)) + bytes((opcode,)))


statements = st.one_of(
    *(operation(opcode, words, words) for opcode in (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0A, 0x0B, 0x10, 0x12)),
    *(operation(opcode, words, words) for opcode in (0x14, 0x16, 0x1A, 0x1B, 0x1C, 0x1D)),
    *(operation(opcode, words, words, words) for opcode in (0x08, 0x09)),
    *(operation(opcode, words) for opcode in (0x15, 0x19, 0x35, 0x40, 0x54, 0x5C)),
    *(operation(opcode, addresses) for opcode in (0x31, 0x3B, 0x3F)),
    *(operation(opcode) for opcode in (0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3A, 0x3D, 0x41, 0x42, 0x43, 0x44, 0x45)),
    *(operation(opcode) for opcode in (0x46, 0x47, 0x48, 0x4A, 0x50, 0x58, 0x59, 0x5A, 0x5B, 0x80, 0x81, 0x90)),
    operation(0x55, small, small),
    operation(0x55, small, words),
    operation(0x5D, small, words),
    operation(0x20, offsets, offsets),
    operation(0x51, offsets),
    operation(0x52, offsets, words),
    operation(0x53, offsets, words),
    operation(0x5E, offsets, offsets, offsets),
    operation(0x37, offsets, offsets, offsets),
    operation(0x39, offsets, offsets, offsets),
    operation(0x3E, offsets, small, offsets),
    operation(0x3C, addresses, offsets, offsets, offsets),
    operation(0xA0, offsets, offsets),
    operation(0xA2, offsets, offsets, words, words),
    calling(0xF1, has_value=True),
    calling(0xF2, has_value=True),
    calling(0xF4, has_value=False),
    calling(0xFA, has_value=False),
    creating(0xF0),
    creating(0xF5),
)
endings = st.one_of(
    st.just(b"\x00"),
    operation(0xF3, offsets, offsets),
    operation(0xFD, offsets, offsets),
    operation(0xFF, addresses),
    operation(0x56, words),
    st.sampled_from([b"\xfe", b"\x0c", b"\x50" * 8, b"\x5b\x5f\x56"]),
)
programs = st.tuples(st.lists(statements, max_size=14).map(b"".join), endings).map(b"".join)


@st.composite
def states(draw: st.DrawFn) -> DictState:
    state = DictState()
    for eoa in EOAS:
        state.put(eoa, balance=10**18, nonce=draw(st.integers(0, 1)))
    for contract in CONTRACTS:
        storage = draw(st.dictionaries(st.integers(0, 3), st.integers(1, 9), max_size=3))
        state.put(contract, nonce=1, balance=draw(st.integers(0, 5)), code=draw(programs), storage=storage)
    scalars, operator = 5 << 96 | 7 << 64, draw(st.sampled_from([0, 9_000_000 << 64 | 11]))
    state.put(L1_BLOCK_ADDRESS, nonce=1, code=b"\x00", storage={1: 10**9, 3: scalars, 7: 10**7, 8: operator})
    if draw(st.booleans()):
        state.put(EOAS[2], balance=10**18, nonce=1, code=b"\xef\x01\x00" + draw(st.sampled_from(EVERYONE)))
    return state


@st.composite
def authorizations(draw: st.DrawFn, rules: ChainRules) -> Authorization:
    key = draw(st.sampled_from(KEYS))
    unsigned = Authorization(
        chain_id=draw(st.sampled_from([0, rules.chain_id, 5])),
        address=draw(st.sampled_from([Address(bytes(20)), *CONTRACTS, *ODD])),
        nonce=Nonce(draw(st.integers(0, 3))),
        y_parity=0,
        r=0,
        s=0,
    )
    y_parity, r, s = sign_digest(key, authorization_hash(unsigned))
    return Authorization(
        chain_id=unsigned.chain_id, address=unsigned.address, nonce=unsigned.nonce, y_parity=y_parity, r=r, s=s
    )


@st.composite
def user_transactions(draw: st.DrawFn, rules: ChainRules, nonce: int) -> SignedTransaction:
    kind = draw(st.sampled_from([TransactionType.LEGACY, TransactionType.DYNAMIC_FEE, TransactionType.SET_CODE]))
    if draw(st.booleans()):
        kind = TransactionType.DYNAMIC_FEE
    creates = kind != TransactionType.SET_CODE and draw(st.integers(0, 4)) == 0
    fee = draw(st.sampled_from([BASE_FEE + 3, BASE_FEE + 7, BASE_FEE * 3] * 3 + [BASE_FEE, 1]))
    typed = kind != TransactionType.LEGACY
    entries = (
        [AccessListEntry(address=a, storage_keys=(Hash32(bytes(32)),)) for a in draw(access_lists)] if typed else []
    )
    return SignedTransaction(
        type=kind,
        chain_id=rules.chain_id,
        nonce=Nonce(nonce + draw(st.sampled_from([0] * 15 + [1]))),
        gas_limit=Gas(draw(st.sampled_from([21_000, 100_000, 200_000, 600_000, 2_000_000]))),
        max_fee_per_gas=Wei(fee),
        max_priority_fee_per_gas=Wei(draw(st.sampled_from([0, 3])) if typed else fee),
        to=None if creates else draw(st.sampled_from(EVERYONE)),
        value=Wei(draw(st.sampled_from([0, 1, 10**5] * 3 + [10**19]))),
        data=draw(programs) if creates else draw(st.binary(max_size=40)),
        access_list=tuple(entries),
        authorizations=tuple(draw(st.lists(authorizations(rules), min_size=1, max_size=3)))
        if kind == TransactionType.SET_CODE
        else (),
        y_parity=0,
        r=0,
        s=0,
    )


access_lists = st.lists(st.sampled_from(EVERYONE), max_size=2)


@st.composite
def transactions(draw: st.DrawFn, rules: ChainRules, nonces: dict[Address, int]) -> ExecutableTransaction:
    if not rules.is_optimism or draw(st.integers(0, 3)):
        key = draw(st.sampled_from(KEYS))
        return sign_transaction(draw(user_transactions(rules, nonces[private_key_to_address(key)])), key)
    creates = draw(st.booleans())
    return DepositTransaction(
        source_hash=keccak256(draw(st.binary(min_size=1, max_size=4))),
        sender=draw(st.sampled_from([*EOAS, Address(b"\x77" * 20)])),
        to=None if creates else draw(st.sampled_from(EVERYONE)),
        mint=Wei(draw(st.sampled_from([0, 10**6]))),
        value=Wei(draw(st.sampled_from([0, 0, 1, 10**30]))),
        gas_limit=Gas(draw(st.sampled_from([20_000, 60_000, 500_000, 900_000]))),
        is_system_transaction=False,
        data=draw(programs) if creates else draw(st.binary(max_size=40)),
    )


def make_env(**changes: Any) -> BlockEnv:
    fields: dict[str, Any] = {
        "number": BlockNumber(1_000),
        "timestamp": UnixSeconds(1_700_000_000),
        "fee_recipient": VAULT,
        "prev_randao": Hash32(b"\x07" * 32),
        "gas_limit": Gas(3_000_000),
        "base_fee_per_gas": Wei(BASE_FEE),
        "parent_hash": Hash32(bytes(32)),
        "ancestor_hash": lambda number: keccak256(str(number).encode()),
    }
    return BlockEnv(**(fields | changes))


@pytest.mark.parametrize("rules", [L2, L1], ids=["L2", "L1"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_both_executors_do_the_same_with_random_programs(
    rules: ChainRules, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    executor = CheckedExecutor(FastExecutor(), ReferenceExecutor(), _evidence(tmp_path_factory))
    state = data.draw(states())
    with python_frames():
        _run_block(executor, state, rules, data)


@contextmanager
def python_frames() -> Iterator[None]:
    """Room for 1,024 nested calls, which Hypothesis takes away while a test runs."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _run_block(executor: CheckedExecutor, state: DictState, rules: ChainRules, data: st.DataObject) -> None:
    block = executor.begin_block(state, make_env(), rules)
    nonces = {eoa: state.accounts[eoa].nonce for eoa in EOAS}
    for _ in range(data.draw(st.integers(1, 5))):
        tx = data.draw(transactions(rules, nonces))
        try:
            with evm_stack():
                outcome = block.apply(tx)
        except InvalidTransaction:
            continue
        if tx.sender in nonces:
            nonces[tx.sender] += 1
        assert outcome.succeeded == (outcome.error is None)
    block.finish()


def _evidence(factory: pytest.TempPathFactory) -> Path:
    return factory.getbasetemp() / "evidence"
