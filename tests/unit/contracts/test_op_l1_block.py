"""L1Block: the packed words that op-geth reads (PROTOCOL.md section 2)."""

from __future__ import annotations

import pytest

from contracts.addresses import DEPOSITOR_ACCOUNT, L1_BLOCK
from contracts.artifacts import artifact
from contracts.signatures import selector
from tests.unit.contracts.harness import Contract, Evm, Reverted

BASE_SCALAR, BLOB_SCALAR, SEQUENCE, TIME, NUMBER = 0xA1A2A3A4, 0xB1B2B3B4, 0xC1C2, 0xD1D2D3D4D5D6D7D8, 0xE1E2E3
BASE_FEE, BLOB_FEE = 2**200 + 7, 2**190 + 5
HASH, BATCHER = bytes(range(32)), bytes(range(32, 64))
OPERATOR_SCALAR, OPERATOR_CONSTANT = 0xF1F2F3F4, 0x0102030405060708


def calldata() -> bytes:
    packed = selector("setL1BlockValuesIsthmus()")
    for value, size in (
        (BASE_SCALAR, 4), (BLOB_SCALAR, 4), (SEQUENCE, 8), (TIME, 8), (NUMBER, 8), (BASE_FEE, 32), (BLOB_FEE, 32),
    ):  # fmt: skip
        packed += value.to_bytes(size, "big")
    return packed + HASH + BATCHER + OPERATOR_SCALAR.to_bytes(4, "big") + OPERATOR_CONSTANT.to_bytes(8, "big")


@pytest.fixture
def l1_block(evm: Evm) -> Contract:
    built = artifact("L1Block")
    return Contract(evm, built, evm.place(L1_BLOCK, built.runtime))


def test_takes_the_specified_calldata(l1_block: Contract) -> None:
    assert len(calldata()) == 176
    assert calldata()[:4].hex() == "098999be"


def test_writes_each_word_of_the_op_layout(l1_block: Contract) -> None:
    l1_block.evm.send(L1_BLOCK, calldata(), sender=DEPOSITOR_ACCOUNT, gas=1_000_000)
    expected = [
        TIME << 64 | NUMBER,
        BASE_FEE,
        int.from_bytes(HASH, "big"),
        BASE_SCALAR << 96 | BLOB_SCALAR << 64 | SEQUENCE,
        int.from_bytes(BATCHER, "big"),
        0,
        0,
        BLOB_FEE,
        OPERATOR_SCALAR << 64 | OPERATOR_CONSTANT,
        0,
    ]
    assert [l1_block.evm.storage(L1_BLOCK, slot) for slot in range(10)] == expected


def test_getters_unpack_what_was_set(l1_block: Contract) -> None:
    l1_block.evm.send(L1_BLOCK, calldata(), sender=DEPOSITOR_ACCOUNT)
    expected = {
        "number": NUMBER, "timestamp": TIME, "basefee": BASE_FEE, "hash": HASH, "sequenceNumber": SEQUENCE,
        "blobBaseFeeScalar": BLOB_SCALAR, "baseFeeScalar": BASE_SCALAR, "batcherHash": BATCHER,
        "l1FeeOverhead": 0, "l1FeeScalar": 0, "blobBaseFee": BLOB_FEE, "operatorFeeScalar": OPERATOR_SCALAR,
        "operatorFeeConstant": OPERATOR_CONSTANT, "isCustomGasToken": False, "gasPayingTokenSymbol": "OPEN",
        "DEPOSITOR_ACCOUNT": "0x" + DEPOSITOR_ACCOUNT.hex(),
    }  # fmt: skip
    assert {name: l1_block.call(name) for name in expected} == expected


def test_obeys_the_depositor_only(l1_block: Contract) -> None:
    l1_block.reverts("NotDepositor", "setL1BlockValuesIsthmus")
    assert l1_block.artifact.entry("error", "NotDepositor")
    assert selector("NotDepositor()").hex() == "3cc50b45"


def test_refuses_short_calldata(l1_block: Contract) -> None:
    with pytest.raises(Reverted):
        l1_block.evm.send(L1_BLOCK, calldata()[:-1], sender=DEPOSITOR_ACCOUNT)
