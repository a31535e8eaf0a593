"""Genesis of the OPEN predeploys: tranches, parameters, treasury, and what is not available yet."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.addresses import OPEN_PREDEPLOYS
from contracts.artifacts import artifact
from contracts.errors import GenesisInconsistent
from contracts.genesis_config import TOTAL_SUPPLY, UPFRONT, GenesisConfig
from contracts.open_genesis import (
    ALLOCATION,
    MONTH,
    PARAMETERS,
    genesis_parameters,
    open_balances,
    parameter_key,
    production_parameters,
    tranche_id,
)
from contracts.signatures import canonical_signature
from tests.unit.contracts.harness import Reverted, canonical_type, encode, selector
from tests.unit.contracts.open_chain import OPEN, OPERATOR, STRANGER, OpenChain, hexed


@pytest.fixture(scope="module")
def shared() -> OpenChain:
    """For tests that only read."""
    return OpenChain()


@pytest.fixture
def chain() -> OpenChain:
    return OpenChain()


def test_vesting_and_upfront_parts_are_the_whole_supply() -> None:
    config = GenesisConfig(operator=OPERATOR, timestamp=1)
    assert sum(open_balances(config).values()) + sum(UPFRONT.values()) == TOTAL_SUPPLY == 10**9 * OPEN


@pytest.mark.parametrize("line", ALLOCATION, ids=lambda line: line.name)
def test_tranches_are_those_of_the_allocation_table(shared: OpenChain, line: Any) -> None:
    found = shared.vesting.call("tranche", tranche_id(line.name))
    upfront = UPFRONT.get(line.name, 0)
    start = shared.config.timestamp
    assert found == (hexed(OPERATOR), line.total, upfront, start, line.cliff, line.duration, upfront)
    assert shared.vesting.call("releasable", tranche_id(line.name)) == 0


def test_a_tranche_accrues_from_zero_after_its_cliff(chain: OpenChain) -> None:
    team = tranche_id("team")
    start = chain.config.timestamp
    chain.evm.at(timestamp=start + 12 * MONTH)
    chain.vesting.reverts("NothingReleasable", "release", team)
    chain.evm.at(timestamp=start + 13 * MONTH)
    assert chain.vesting.call("releasable", team) == 150_000_000 * OPEN // 36
    chain.vesting.send("release", team, sender=STRANGER)
    assert chain.vesting.call("owed", hexed(OPERATOR)) == 150_000_000 * OPEN // 36
    chain.evm.at(timestamp=start + 48 * MONTH)
    chain.vesting.send("release", team, sender=STRANGER)
    assert chain.vesting.call("tranche", team)[6] == 150_000_000 * OPEN


def test_all_of_vesting_is_paid_out_in_the_end_and_no_wei_more(chain: OpenChain) -> None:
    chain.evm.at(timestamp=chain.config.timestamp + 20 * MONTH)
    chain.vesting.send("release", tranche_id("community"))
    chain.evm.at(timestamp=chain.config.timestamp + 100 * MONTH)
    for line in ALLOCATION:
        if line.name != "liquidity":
            chain.vesting.send("release", tranche_id(line.name))
    assert chain.vesting.call("owed", hexed(OPERATOR)) == chain.evm.balance(chain.vesting.address)
    chain.vesting.send("withdrawOwed", sender=OPERATOR)
    assert chain.evm.balance(chain.vesting.address) == 0


def test_only_the_beneficiary_hands_a_tranche_on(chain: OpenChain) -> None:
    team = tranche_id("team")
    chain.vesting.reverts("NotBeneficiary", "setBeneficiary", team, hexed(STRANGER), sender=STRANGER)
    chain.vesting.reverts("ZeroAddress", "setBeneficiary", team, hexed(bytes(20)), sender=OPERATOR)
    chain.vesting.reverts("UnknownTranche", "release", bytes(32))
    chain.vesting.send("setBeneficiary", team, hexed(STRANGER), sender=OPERATOR)
    chain.evm.at(timestamp=chain.config.timestamp + 13 * MONTH)
    chain.vesting.send("release", team)
    assert chain.vesting.call("owed", hexed(STRANGER)) > 0


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_parameters_have_their_devnet_values_and_bounds(shared: OpenChain, parameter: Any) -> None:
    key = parameter_key(parameter.name)
    assert shared.parameters.call("get", key) == parameter.devnet
    assert shared.parameters.call("bounds", key) == (parameter.low, parameter.high)
    assert parameter.low <= parameter.production <= parameter.high


def test_keys_are_listed_in_genesis_order(shared: OpenChain) -> None:
    assert list(shared.parameters.call("keys")) == [parameter_key(p.name) for p in PARAMETERS]
    assert shared.parameters.call("timelock") == hexed(OPERATOR)


def test_only_the_timelock_sets_and_only_inside_the_bounds(chain: OpenChain) -> None:
    key = parameter_key("fee.ownerBps")
    chain.parameters.reverts("NotTimelock", "set", key, 1000, sender=STRANGER)
    chain.parameters.reverts("OutOfBounds", "set", key, 4001, sender=OPERATOR)
    chain.parameters.reverts("OutOfBounds", "set", parameter_key("fee.contributorsBps"), 2499, sender=OPERATOR)
    chain.parameters.reverts("UnknownParameter", "set", bytes(32), 1, sender=OPERATOR)
    chain.parameters.reverts("UnknownParameter", "get", bytes(32))
    chain.parameters.reverts("UnknownParameter", "bounds", bytes(32))
    outcome = chain.parameters.send("set", key, 1000, sender=OPERATOR)
    assert chain.parameters.events(outcome, "ParameterSet") == [{"key": key, "value": 1000}]
    assert chain.parameters.call("get", key) == 1000


def test_the_shares_of_a_fee_never_exceed_it(chain: OpenChain) -> None:
    chain.parameters.send("set", parameter_key("fee.ownerBps"), 3000, sender=OPERATOR)
    chain.parameters.reverts("SplitExceeds", "set", parameter_key("fee.stakersBps"), 2001, sender=OPERATOR)


def test_genesis_refuses_parameters_that_cannot_be() -> None:
    for wrong in ({"fee.nothing": 1}, {"fee.ownerBps": 4001}, {"fee.ownerBps": 3500}):
        with pytest.raises(GenesisInconsistent):
            genesis_parameters(GenesisConfig(operator=OPERATOR, timestamp=1, parameters=wrong))
    config = GenesisConfig(operator=OPERATOR, timestamp=1, parameters=production_parameters(epoch_proposer=STRANGER))
    values = genesis_parameters(config)
    assert values["window.challenge"] == 3 * 86_400
    assert values["epoch.proposer"] == int.from_bytes(STRANGER, "big")


def test_the_treasury_receives_and_grants_by_the_timelock(chain: OpenChain) -> None:
    chain.evm.send(chain.treasury.address, value=3 * OPEN)
    chain.treasury.send("deposit", value=OPEN)
    assert chain.treasury.call("available") == chain.treasury.call("received") == 4 * OPEN
    grant = (hexed(STRANGER), OPEN, b"\1" * 32)
    chain.treasury.reverts("NotTimelock", "grant", *grant, sender=STRANGER)
    chain.treasury.send("grant", *grant, sender=OPERATOR)
    chain.treasury.reverts("GrantTooLarge", "grant", hexed(STRANGER), 3 * OPEN + 1, bytes(32), sender=OPERATOR)
    before = chain.evm.balance(STRANGER)
    chain.treasury.send("withdrawOwed", sender=STRANGER)
    assert chain.evm.balance(STRANGER) == before + OPEN
    assert chain.treasury.call("available") == 3 * OPEN
    with pytest.raises(Reverted):
        chain.evm.send(chain.treasury.address, b"\1\2\3\4", value=1)


LATER = {
    "GOpen": None,
    "Timelock": None,
    "Governor": None,
    "Datanets": {"commitScore", "revealScore"},
    "Models": {"propose", "approve"},
    "Attribution": {
        "challengeRecord", "revealPreimage", "challengeEpoch", "commitVerdict", "revealVerdict", "resolve", "dispute",
    },
    "Treasury": {"openGrant", "releaseMilestone", "cancelGrant"},
}  # fmt: skip


def blank(kind: str) -> Any:
    """An argument of an ABI type."""
    if kind.endswith("[]"):
        return []
    if kind.startswith("("):
        return ("", "", bytes(32), [], [])
    plain = {"address": "0x" + "00" * 20, "string": "", "bytes": b"", "bool": False}
    if kind in plain:
        return plain[kind]
    return bytes(int(kind[5:])) if kind.startswith("bytes") else 0


@pytest.mark.parametrize("name", LATER)
def test_what_comes_later_reverts_not_available(shared: OpenChain, name: str) -> None:
    functions = [e for e in artifact(name).abi if e["type"] == "function"]
    later = LATER[name] or {e["name"] for e in functions}
    assert later <= {e["name"] for e in functions}
    for entry in functions:
        if entry["name"] in later:
            kinds = [canonical_type(p) for p in entry["inputs"]]
            with pytest.raises(Reverted) as caught:
                shared.evm.send(OPEN_PREDEPLOYS[name], selector(entry) + encode(kinds, [blank(k) for k in kinds]))
            assert caught.value.data == selector("NotAvailable()"), canonical_signature(entry)
