"""eth_createAccessList: the list that gives itself, as geth draws it up."""

from typing import Any

import pytest

from state.execution.errors import InsufficientFunds, IntrinsicGasTooLow
from state.execution.port import AccountOverride, CallMessage, ChainRules
from state.primitives.crypto import private_key_to_address, sign_digest
from state.primitives.types import ZERO_ADDRESS, Address, Gas, Hash32, Wei
from state.queries import AccessListResult
from state.transactions import AccessListEntry, Authorization
from state.transactions.signing import authorization_hash
from tests.unit.state.queries.conftest import GWEI, POOR, RICH, VAULT, SmallChain, contract, small_chain

READS, ASKS, CALLS, REVERTS, TURNS, BURNER, CREATES = (contract(n) for n in range(1, 8))
IDENTITY = Address(bytes(19) + b"\4")


def push(address: Address) -> str:
    return "73" + address.hex()


CODES = {
    READS: "6007545060065f5500",  # sload 7, sstore 0
    ASKS: "".join(push(a) + "31" + "50" for a in (POOR, RICH, ASKS, IDENTITY, VAULT)) + "00",
    CALLS: "5f5f5f5f5f" + push(READS) + "5af100",
    REVERTS: "60095450" + push(POOR) + "3b50" + "5f5ffd",
    # Reads slot 1 if the slot 0 that it read first was cold, and slot 2 if it was warm.
    TURNS: "5a5f54505a900361" + "03e8" + "10" + "601357" + "60025450005b" + "60015450" + "00",
    BURNER: "5f545b600256",
    CREATES: "5f5f5ff0" + "3b50" + "00",
}


@pytest.fixture
def chain(rules: ChainRules) -> SmallChain:
    return small_chain(rules, CODES)


def ask(chain: SmallChain, to: Address | None, overrides: Any = None, **fields: Any) -> AccessListResult:
    known: dict[str, Any] = {"sender": RICH, "to": to, "gas_limit": Gas(1_000_000)}
    return chain.queries.access_list(chain.hash, CallMessage(**(known | fields)), overrides)


def slot(number: int) -> Hash32:
    return Hash32(number.to_bytes(32, "big"))


def entry(address: Address, *slots: int) -> AccessListEntry:
    return AccessListEntry(address=address, storage_keys=tuple(map(slot, slots)))


def test_a_transfer_touches_nothing(chain: SmallChain) -> None:
    assert ask(chain, POOR, value=Wei(1)) == AccessListResult(access_list=(), gas_used=Gas(21_000), error=None)


def test_the_recipient_is_listed_with_its_slots_in_order(chain: SmallChain) -> None:
    assert ask(chain, READS).access_list == (entry(READS, 0, 7),)


def test_sender_recipient_and_precompiles_are_warm_without_a_list(chain: SmallChain) -> None:
    assert ask(chain, ASKS).access_list == tuple(sorted((entry(POOR), entry(VAULT)), key=lambda e: e.address))


def test_other_contracts_are_listed_with_what_they_touch(chain: SmallChain) -> None:
    assert ask(chain, CALLS).access_list == (entry(READS, 0, 7),)


def test_the_gas_is_what_the_message_uses_with_its_list(chain: SmallChain) -> None:
    result = ask(chain, CALLS)
    message = CallMessage(sender=RICH, to=CALLS, gas_limit=Gas(1_000_000), access_list=result.access_list)
    assert result.gas_used == chain.queries.call(chain.hash, message).gas_used


def test_a_failure_is_told_with_the_list_until_then(chain: SmallChain) -> None:
    result = ask(chain, REVERTS)
    assert (result.error, set(result.access_list)) == ("execution reverted", {entry(REVERTS, 9), entry(POOR)})


def test_out_of_gas_is_an_answer_not_an_error(chain: SmallChain) -> None:
    result = ask(chain, BURNER, gas_limit=Gas(100_000))
    assert (result.error, result.gas_used) == ("out of gas", 100_000)
    assert result.access_list == (entry(BURNER, 0),)


def test_a_message_that_a_list_turns_ends_in_a_list_of_both_ways(chain: SmallChain) -> None:
    assert ask(chain, TURNS).access_list == (entry(TURNS, 0, 1, 2),)


def test_what_the_client_lists_stays_but_for_what_is_warm_anyway(chain: SmallChain) -> None:
    given = (entry(POOR, 3), entry(RICH, 1), entry(READS, 5))
    assert set(ask(chain, READS, access_list=given).access_list) == {entry(POOR, 3), entry(READS, 0, 7)}


def test_a_creation_s_own_address_is_not_listed_unless_it_has_slots(chain: SmallChain) -> None:
    assert ask(chain, None, data=bytes.fromhex("3031505f5ff3")).access_list == ()
    (created,) = ask(chain, None, data=bytes.fromhex("60015f555f5ff3")).access_list
    assert created.storage_keys == (slot(0),)


def test_a_contract_that_the_message_creates_is_listed_only_when_named(chain: SmallChain) -> None:
    (created,) = ask(chain, CREATES).access_list
    assert created.storage_keys == ()


def test_authorities_are_warm_without_a_list(chain: SmallChain) -> None:
    key = bytes(31) + b"\x05"
    authority = private_key_to_address(key)
    unsigned = Authorization(chain_id=0, address=READS, nonce=0, y_parity=0, r=0, s=0)
    y_parity, r, s = sign_digest(key, authorization_hash(unsigned))
    signed = Authorization(chain_id=0, address=READS, nonce=0, y_parity=y_parity, r=r, s=s)
    code = bytes.fromhex(push(authority) + "3100")
    overrides = {POOR: AccountOverride(code=code)}
    assert ask(chain, POOR, overrides).access_list == (entry(authority),)
    assert ask(chain, POOR, overrides, authorizations=(signed,)).access_list == ()
    assert ask(
        chain,
        POOR,
        overrides,
        authorizations=(Authorization(chain_id=7, address=READS, nonce=0, y_parity=y_parity, r=r, s=s),),
    ).access_list == (entry(authority),)


def test_what_can_not_start_is_refused_as_in_a_call(chain: SmallChain) -> None:
    with pytest.raises(IntrinsicGasTooLow):
        ask(chain, POOR, gas_limit=Gas(20_000))
    with pytest.raises(InsufficientFunds):
        ask(chain, POOR, sender=ZERO_ADDRESS, gas_price=Wei(2 * GWEI))
