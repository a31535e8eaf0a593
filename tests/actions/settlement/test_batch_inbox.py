"""Batcher transactions against the real inbox contract on the simulated L1: gas, floor, commitment."""

from typing import Any

from rollup.l1 import TransactionState, calldata_floor_gas
from state.primitives.crypto import keccak256

Settlement = Any
OPERATOR, BATCHER = b"\x01" * 32, b"\x02" * 32


async def test_a_full_batcher_transaction_pays_the_floor_and_commits_to_its_calldata(settlement: Settlement) -> None:
    data = b"".join(keccak256(n.to_bytes(4, "big")) for n in range(3_750))
    sender = settlement.sender(BATCHER)
    status = await sender.submit(b"batch", to=settlement.inbox, data=data)
    settlement.slot()
    await sender.tend()
    receipt = await settlement.l1.receipt(status.hashes[0])
    assert receipt.succeeded
    assert receipt.gas_used == calldata_floor_gas(data)
    (log,) = receipt.receipt.logs
    assert log.address == settlement.inbox
    assert log.data == keccak256(data)


async def test_a_batch_of_zeros_has_gas_enough_to_be_hashed(settlement: Settlement) -> None:
    sender = settlement.sender(BATCHER)
    status = await sender.submit(b"batch", to=settlement.inbox, data=bytes(120_000))
    settlement.slot()
    receipt = await settlement.l1.receipt(status.hashes[0])
    assert receipt.succeeded


async def test_a_refused_estimate_still_gives_gas_enough_to_execute(settlement: Settlement) -> None:
    sender = settlement.sender(OPERATOR)  # not the batcher: the inbox reverts, derivation would not care
    status = await sender.submit(b"batch", to=settlement.inbox, data=b"\x00frame")
    settlement.slot()
    settlement.slot()
    await sender.tend()
    found = sender.status(b"batch")
    assert found is not None
    assert found.state is TransactionState.CONFIRMED
    assert found.succeeded is False
    assert found.hashes == status.hashes
