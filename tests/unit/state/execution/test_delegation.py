"""EIP-7702 under both executors: which authorizations count, what they cost, what delegated accounts do."""

import dataclasses

import pytest

from state.primitives.types import UINT64_MAX, Address
from state.transactions import TransactionType
from tests.unit.state.execution.chains import (
    CONTRACT,
    FUNDS,
    KEY,
    OTHER,
    OTHER_KEY,
    SENDER,
    Chain,
    authorize,
    sign,
)

ZERO = Address(bytes(20))
STORE_ONE = bytes.fromhex("60015f55")


def set_code(*authorizations: object, **changes: object) -> object:
    fields = {"type": TransactionType.SET_CODE, "gas_limit": 300_000, "value": 0} | changes
    return sign(authorizations=authorizations, **fields)


def test_delegates_and_moves_the_authoritys_nonce(chain: Chain) -> None:
    chain.apply(set_code(authorize(OTHER_KEY, CONTRACT, 0)))
    account = chain.finish().account(OTHER)
    assert chain.state.code(account.code_hash) == b"\xef\x01\x00" + CONTRACT
    assert account.nonce == 1


def test_delegated_account_runs_the_code_on_its_own_storage(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=STORE_ONE)
    outcome = chain.apply(set_code(authorize(OTHER_KEY, CONTRACT, 0), to=OTHER))
    assert outcome.succeeded
    assert chain.finish().storage(OTHER, 0) == 1
    assert chain.state.storage(CONTRACT, 0) == 0


def test_zero_address_takes_a_delegation_back(chain: Chain) -> None:
    chain.state.put(OTHER, nonce=4, code=b"\xef\x01\x00" + CONTRACT)
    chain.apply(set_code(authorize(OTHER_KEY, ZERO, 4)))
    account = chain.finish().account(OTHER)
    assert chain.state.code(account.code_hash) == b""
    assert account.nonce == 5


def test_sender_can_authorize_itself_with_the_nonce_after_its_own(chain: Chain) -> None:
    chain.apply(set_code(authorize(KEY, CONTRACT, 1)))
    account = chain.finish().account(SENDER)
    assert (account.nonce, len(chain.state.code(account.code_hash))) == (2, 23)


@pytest.mark.parametrize(
    "void",
    [
        authorize(OTHER_KEY, CONTRACT, 1),
        authorize(OTHER_KEY, CONTRACT, 0, chain_id=77),
        authorize(OTHER_KEY, CONTRACT, UINT64_MAX),
        dataclasses.replace(authorize(OTHER_KEY, CONTRACT, 0), y_parity=2),
        dataclasses.replace(authorize(OTHER_KEY, CONTRACT, 0), r=0),
    ],
    ids=["nonce", "chain", "nonce_max", "parity", "signature"],
)
def test_void_tuples_are_skipped_and_paid_for(chain: Chain, void: object) -> None:
    outcome = chain.apply(set_code(void))
    assert outcome.succeeded
    assert outcome.gas_used == 21_000 + 25_000
    assert chain.finish().account(OTHER) is None


def test_any_chain_is_authorized_by_chain_id_zero(chain: Chain) -> None:
    chain.apply(set_code(authorize(OTHER_KEY, CONTRACT, 0, chain_id=0)))
    assert chain.finish().account(OTHER).nonce == 1


def test_authority_with_other_code_is_left_alone(chain: Chain) -> None:
    chain.state.put(OTHER, code=b"\x60\x00")
    chain.apply(set_code(authorize(OTHER_KEY, CONTRACT, 0)))
    assert chain.finish().account(OTHER).nonce == 0


def test_existing_authority_gets_half_its_price_back(chain: Chain) -> None:
    chain.state.put(OTHER, balance=1)
    outcome = chain.apply(set_code(authorize(OTHER_KEY, CONTRACT, 0)))
    spent = 21_000 + 25_000
    assert outcome.gas_used == spent - min(12_500, spent // 5)


def test_delegations_stay_when_the_call_reverts(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("5f5ffd"))
    outcome = chain.apply(set_code(authorize(OTHER_KEY, CONTRACT, 0), to=OTHER))
    assert outcome.error == "execution reverted"
    assert chain.finish().account(OTHER).nonce == 1


def test_delegation_to_a_precompile_runs_nothing(chain: Chain) -> None:
    chain.state.put(OTHER, nonce=1, code=b"\xef\x01\x00" + bytes(19) + b"\x02")
    outcome = chain.apply(sign(to=OTHER, gas_limit=100_000, data=b"\1"))
    assert (outcome.succeeded, outcome.output) == (True, b"")


def test_delegations_are_followed_once(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=b"\xef\x01\x00" + OTHER)
    chain.state.put(OTHER, nonce=1, code=b"\xef\x01\x00" + CONTRACT)
    outcome = chain.apply(sign(to=OTHER, gas_limit=100_000))
    assert outcome.error == "invalid opcode: opcode 0xef not defined"


def test_delegated_sender_pays_init_code_once_when_it_creates(chain: Chain) -> None:
    # py-evm takes a frame whose caller is the origin for the transaction's own and would charge again.
    chain.state.put(SENDER, balance=FUNDS, code=b"\xef\x01\x00" + CONTRACT)
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("60205f5ff0505a5f5260205ff3"))
    outcome = chain.apply(sign(to=SENDER, gas_limit=200_000, value=0))
    assert outcome.succeeded
    assert outcome.gas_used == 21_000 + (3 + 2 + 2) + (32_000 + 2 + 3) + (2 + 2 + 2 + 3) + (3 + 2)
