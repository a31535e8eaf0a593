"""Models: the life of a checkpoint, its licences and its price."""

from __future__ import annotations

from typing import Any

import pytest
from eth_hash.auto import keccak

from contracts.storage import mapping_slot
from tests.unit.contracts.harness import Reverted
from tests.unit.contracts.open_chain import OWNER, PRICE_IN, PRICE_OUT, STRANGER, OpenChain, hexed

BENCH = keccak(b"bench")


@pytest.fixture
def chain() -> OpenChain:
    chain = OpenChain()
    chain.accept(chain.create_datanet(), keccak(b"content"))
    chain.datanets.send("publishVersion", 1, sender=OWNER)
    return chain


def state(chain: OpenChain, model: int) -> int:
    return int(chain.models.call("model", model)[1])


def test_a_model_passes_through_its_states(chain: OpenChain) -> None:
    model = chain.register_model([1])
    assert state(chain, model) == 2
    chain.train(model, 1)
    assert state(chain, model) == 3
    chain.models.send("recordEvaluation", model, 1, BENCH, -5, b"\3" * 32, sender=OWNER)
    assert state(chain, model) == 4
    assert chain.models.call("evaluation", model, 1, BENCH) == (-5, b"\3" * 32)
    chain.models.send("deploy", model, 1, PRICE_IN, PRICE_OUT, 250_000, sender=OWNER)
    assert state(chain, model) == 5
    chain.models.send("retire", model, sender=OWNER)
    assert state(chain, model) == 6


def test_checkpoint_remembers_its_recipe_and_datanet_versions(chain: OpenChain) -> None:
    model = chain.register_model([1])
    chain.train(model, 1)
    chain.models.send("recordIndex", model, 1, b"\4" * 32, b"\5" * 32, b"\6" * 32, sender=OWNER)
    found = chain.models.call("checkpoint", model, 1)
    assert found[:3] == (b"\1" * 32, b"\2" * 32, 3)
    assert found[9:12] == (b"\4" * 32, b"\5" * 32, b"\6" * 32)
    assert found[12:] == ((1,), (1,))


def test_lineage_is_kept_one_level_at_a_time(chain: OpenChain) -> None:
    first = chain.register_model([1])
    second = chain.register_model([1], [first])
    third = chain.register_model([], [first, second])
    assert chain.models.call("parents", third) == (first, second)
    with pytest.raises(Reverted):
        chain.register_model([], [4])
    with pytest.raises(Reverted):
        chain.register_model([2])


@pytest.mark.parametrize(
    ("license_", "reason"),
    [
        ((False, True, True, 0, 0), "commercial use"),
        ((True, False, True, 0, 0), "derivatives"),
        ((True, True, True, 0, 1), "expired"),
    ],
)
def test_training_is_refused_where_the_licence_forbids_it(
    chain: OpenChain, license_: tuple[Any, ...], reason: str
) -> None:
    datanet = chain.create_datanet(license=(*license_[:4], license_[4] and chain.evm.timestamp + 5))
    chain.datanets.send("publishVersion", datanet, sender=OWNER)
    model = chain.register_model([datanet])
    chain.mine(5)
    data = chain.models.reverts(
        "LicenseForbids", "recordTraining", model, bytes(32), bytes(32), 0, [1, datanet], [1, 1], sender=OWNER
    )
    assert reason.encode() in data


def test_training_needs_published_versions(chain: OpenChain) -> None:
    model = chain.register_model([1])
    arguments = (model, bytes(32), bytes(32), 0)
    chain.models.reverts("NoDatanets", "recordTraining", *arguments, [], [], sender=OWNER)
    chain.models.reverts("LengthMismatch", "recordTraining", *arguments, [1], [1, 1], sender=OWNER)
    chain.models.reverts("UnknownModel", "recordTraining", 7, bytes(32), bytes(32), 0, [1], [1], sender=OWNER)
    with pytest.raises(Reverted) as caught:
        chain.train(model, 1, version=2)
    assert caught.value.data[:4] == keccak(b"UnknownVersion(uint256,uint32)")[:4]


def test_only_an_evaluated_checkpoint_is_deployed(chain: OpenChain) -> None:
    model = chain.register_model([1])
    deploy = (PRICE_IN, PRICE_OUT, 0)
    chain.models.reverts("UnknownCheckpoint", "deploy", model, 1, *deploy, sender=OWNER)
    chain.train(model, 1)
    chain.models.reverts("NotEvaluated", "deploy", model, 1, *deploy, sender=OWNER)
    chain.models.send("recordEvaluation", model, 1, BENCH, 1, bytes(32), sender=OWNER)
    chain.models.reverts("PriceTooHigh", "deploy", model, 1, 2**128, 0, 0, sender=OWNER)
    chain.models.reverts("WrongEvidence", "deploy", model, 1, 1, 1, 1_000_001, sender=OWNER)
    chain.models.send("deploy", model, 1, *deploy, sender=OWNER)


def test_a_price_never_changes_and_old_checkpoints_keep_theirs(chain: OpenChain) -> None:
    model = chain.deploy_model(1)
    chain.models.reverts("PriceFixed", "deploy", model, 1, PRICE_IN + 1, PRICE_OUT, 0, sender=OWNER)
    assert chain.train(model, 1) == 2
    assert chain.inference.call("quote", model, 1000, 0) == PRICE_IN
    chain.models.send("recordEvaluation", model, 2, BENCH, 1, bytes(32), sender=OWNER)
    chain.models.send("deploy", model, 2, 2 * PRICE_IN, PRICE_OUT, 0, sender=OWNER)
    assert chain.inference.call("quote", model, 1000, 0) == 2 * PRICE_IN
    assert chain.models.call("terms", model, 1)[1] == PRICE_IN
    chain.models.send("deploy", model, 1, PRICE_IN, PRICE_OUT, 0, sender=OWNER)
    assert chain.models.call("offer", model)[0] == 1


def test_a_retired_model_takes_no_more_steps_and_serves_nobody(chain: OpenChain) -> None:
    model = chain.deploy_model(1)
    chain.models.send("retire", model, sender=OWNER)
    chain.models.reverts("ModelRetired", "deploy", model, 1, PRICE_IN, PRICE_OUT, 0, sender=OWNER)
    chain.models.reverts("ModelRetired", "retire", model, sender=OWNER)
    chain.inference.reverts("NotDeployed", "quote", model, 1, 1)


def test_only_the_owner_acts_and_may_hand_the_model_on(chain: OpenChain) -> None:
    model = chain.register_model([1])
    for name, arguments in (
        ("recordTraining", (model, bytes(32), bytes(32), 0, [1], [1])),
        ("recordIndex", (model, 1, bytes(32), bytes(32), bytes(32))),
        ("recordEvaluation", (model, 1, BENCH, 0, bytes(32))),
        ("deploy", (model, 1, 0, 0, 0)),
        ("retire", (model,)),
        ("transferOwnership", (model, hexed(STRANGER))),
    ):
        chain.models.reverts("NotOwner", name, *arguments, sender=STRANGER)
    chain.models.reverts("ZeroAddress", "transferOwnership", model, hexed(bytes(20)), sender=OWNER)
    chain.models.send("transferOwnership", model, hexed(STRANGER), sender=OWNER)
    chain.train(model, 1, sender=STRANGER)


def test_quote_rounds_up_to_a_wei(chain: OpenChain) -> None:
    model = chain.deploy_model(1, price_in=1, price_out=999)
    assert chain.inference.call("quote", model, 1, 0) == 1
    assert chain.inference.call("quote", model, 1, 1) == 1
    assert chain.inference.call("quote", model, 2, 1) == 2
    assert chain.inference.call("quote", model, 0, 0) == 0


def test_registering_needs_a_name(chain: OpenChain) -> None:
    chain.models.reverts("EmptyName", "register", ("", "", bytes(32), [], []), sender=OWNER)


def test_layout_keeps_models_in_a_mapping(chain: OpenChain) -> None:
    model = chain.register_model([1])
    slot = mapping_slot(chain.models.artifact.layout["_models"].slot, model)
    assert chain.evm.storage(chain.models.address, slot) == int.from_bytes(OWNER, "big")
