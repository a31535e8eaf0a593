"""OptimismPortal's deposits (PROTOCOL.md section 3) and their gas market."""

from __future__ import annotations

import dataclasses

import pytest

from contracts.addresses import alias_l1_address
from contracts.genesis_config import TOTAL_SUPPLY
from tests.unit.contracts.harness import RICH, Contract, Evm, Outcome
from tests.unit.contracts.networks import ALICE, BOB, CONFIG, GUARDIAN, l1_network


@pytest.fixture
def portal(evm: Evm) -> Contract:
    evm.at(number=100)
    return l1_network(evm)["OptimismPortal"]


def opaque(mint: int, value: int, gas: int, creation: bool, data: bytes) -> bytes:
    return b"".join(
        (mint.to_bytes(32, "big"), value.to_bytes(32, "big"), gas.to_bytes(8, "big"), bytes([creation]), data)
    )


def deposited(portal: Contract, outcome: Outcome) -> dict[str, object]:
    [event] = portal.events(outcome, "TransactionDeposited")
    return event


@pytest.mark.parametrize("size", [0, 1, 31, 32, 100, 5_000, 99_000])
def test_packs_mint_value_gas_creation_and_data(portal: Contract, size: int) -> None:
    data = bytes(i % 251 for i in range(size))
    gas = 40 * size + 21_000
    outcome = portal.send("depositTransaction", BOB, 7, gas, False, data, value=5, sender=ALICE)
    assert deposited(portal, outcome) == {
        "from": "0x" + ALICE.hex(), "to": "0x" + BOB.hex(), "version": 0,
        "opaqueData": opaque(5, 7, gas, False, data),
    }  # fmt: skip
    assert portal.evm.balance(portal.address) == TOTAL_SUPPLY + 5


@pytest.mark.parametrize("size", [10, 22, 23, 24])
def test_event_data_is_abi_encoded_to_the_byte(portal: Contract, size: int) -> None:
    outcome = portal.send("depositTransaction", BOB, 0, 100_000, False, b"\xff" * size, sender=ALICE)
    [log] = outcome.logs
    words = -(-(73 + size) // 32)
    assert len(log.data) == 64 + 32 * words
    assert log.data[64 + 73 + size :] == bytes(32 * words - 73 - size)


def test_plain_coin_is_a_deposit_to_its_sender(portal: Contract) -> None:
    outcome = portal.evm.send(portal.address, value=9, sender=ALICE)
    assert deposited(portal, outcome) == {
        "from": "0x" + ALICE.hex(), "to": "0x" + ALICE.hex(), "version": 0,
        "opaqueData": opaque(9, 9, 100_000, False, b""),
    }  # fmt: skip


def test_aliases_a_contract_but_not_a_delegated_account(portal: Contract) -> None:
    contract = portal.evm.place(b"\xc0" * 20, b"\x00")
    outcome = portal.send("depositTransaction", BOB, 0, 21_000, False, b"", sender=contract, origin=ALICE)
    assert deposited(portal, outcome)["from"] == "0x" + alias_l1_address(contract).hex()
    delegated = portal.evm.place(b"\xc1" * 20, bytes.fromhex("ef0100") + BOB)
    outcome = portal.send("depositTransaction", BOB, 0, 21_000, False, b"", sender=delegated, origin=ALICE)
    assert deposited(portal, outcome)["from"] == "0x" + delegated.hex()


def test_alias_wraps_at_the_end_of_the_address_space(portal: Contract) -> None:
    contract = portal.evm.place(b"\xff" * 20, b"\x00")
    outcome = portal.send("depositTransaction", BOB, 0, 21_000, False, b"", sender=contract, origin=ALICE)
    assert deposited(portal, outcome)["from"] == "0x1111000000000000000000000000000000001110"


def test_creation_has_no_target(portal: Contract) -> None:
    portal.reverts("OptimismPortal_BadTarget", "depositTransaction", BOB, 0, 100_000, True, b"")
    outcome = portal.send("depositTransaction", bytes(20), 0, 100_000, True, b"\x00", sender=ALICE)
    assert deposited(portal, outcome)["opaqueData"] == opaque(0, 0, 100_000, True, b"\x00")


def test_gas_limit_covers_the_data(portal: Contract) -> None:
    assert portal.call("minimumGasLimit", 10) == 21_400
    portal.reverts("OptimismPortal_GasLimitTooLow", "depositTransaction", BOB, 0, 21_399, False, bytes(10))
    portal.send("depositTransaction", BOB, 0, 21_400, False, bytes(10))


def test_refuses_more_data_than_a_deposit_may_have(portal: Contract) -> None:
    arguments = (BOB, 0, 5_000_000, False, bytes(120_001))
    portal.reverts("OptimismPortal_CalldataTooLarge", "depositTransaction", *arguments)


def test_memory_of_a_small_deposit_stays_cheap(portal: Contract) -> None:
    outcome = portal.send("depositTransaction", BOB, 0, 21_000, False, b"", sender=ALICE)
    assert outcome.gas_used < 150_000


def test_one_block_sells_no_more_than_the_limit(portal: Contract) -> None:
    portal.send("depositTransaction", BOB, 0, 3_000_000, False, b"")
    portal.reverts("OutOfGas", "depositTransaction", BOB, 0, 1_000_001, False, b"")
    portal.send("depositTransaction", BOB, 0, 1_000_000, False, b"")
    assert portal.call("params") == (10**9, 4_000_000, 100)


def test_price_rises_after_a_full_block_and_falls_over_empty_ones(portal: Contract) -> None:
    portal.send("depositTransaction", BOB, 0, 4_000_000, False, b"")
    portal.evm.at(number=101)
    portal.send("depositTransaction", BOB, 0, 400_000, False, b"")
    raised = 10**9 + 10**9 * 3_600_000 // 400_000 // 8
    assert portal.call("params") == (raised, 400_000, 101)
    portal.evm.at(number=103)  # the block of the purchase was on target, one empty block followed
    portal.send("depositTransaction", BOB, 0, 21_000, False, b"")
    assert portal.call("params") == (raised - raised // 8, 21_000, 103)
    portal.evm.at(number=10_000)
    portal.send("depositTransaction", BOB, 0, 21_000, False, b"")
    assert portal.call("params")[0] == 10**9


def test_burns_the_l1_gas_that_the_l2_gas_costs(portal: Contract) -> None:
    outcome = portal.send("depositTransaction", BOB, 0, 2_000_000, False, b"")
    assert 2_000_000 <= outcome.gas_used < 2_010_000
    portal.evm.at(number=101, base_fee=4 * 10**9)
    price = portal.call("params")[0]
    outcome = portal.send("depositTransaction", BOB, 0, 2_000_000, False, b"")
    price = portal.call("params")[0]
    expected = 2_000_000 * price // (4 * 10**9)
    assert expected <= outcome.gas_used < expected + 10_000


def test_donations_are_no_deposits(portal: Contract) -> None:
    assert portal.send("donateETH", value=4).logs == []
    assert portal.evm.balance(portal.address) == TOTAL_SUPPLY + 4


def test_deposits_go_on_while_withdrawals_are_paused(evm: Evm) -> None:
    network = l1_network(evm)
    network["SystemConfig"].send("pause", sender=GUARDIAN)
    portal = network["OptimismPortal"]
    assert portal.call("paused")
    assert portal.events(portal.evm.send(portal.address, value=1, sender=ALICE), "TransactionDeposited")


def test_native_deposits_need_an_l1_whose_coin_is_open(evm: Evm) -> None:
    portal = l1_network(evm, dataclasses.replace(CONFIG, custom_gas_token=True))["OptimismPortal"]
    arguments = (BOB, 0, 21_000, False, b"")
    portal.reverts("OptimismPortal_NotAllowedOnCGTMode", "depositTransaction", *arguments, value=1)
    portal.send("depositTransaction", *arguments, sender=RICH)
