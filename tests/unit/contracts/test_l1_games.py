"""Factory, permissioned game and anchor registry."""

from __future__ import annotations

import pytest

from contracts.artifacts import artifact
from contracts.signatures import selector
from tests.unit.contracts.harness import Contract, Evm, Reverted
from tests.unit.contracts.networks import ALICE, CHALLENGER, CONFIG, GUARDIAN, OPERATOR, PROPOSER, l1_network

Network = dict[str, Contract]
ZERO = "0x" + "00" * 20


@pytest.fixture
def network(evm: Evm) -> Network:
    evm.at(number=50, timestamp=1_700_000_100)
    return l1_network(evm)


def create(network: Network, number: int, root: bytes = b"\x01" * 32) -> Contract:
    factory = network["DisputeGameFactory"]
    game = factory.call("create", 1, root, number.to_bytes(32, "big"), sender=PROPOSER, value=1_000)
    return Contract(factory.evm, artifact("PermissionedGame"), bytes.fromhex(game[2:]))


def pass_time(network: Network, seconds: int) -> None:
    evm = network["OptimismPortal"].evm
    evm.at(timestamp=evm.timestamp + seconds)


def test_factory_lists_each_game_under_its_claim(network: Network) -> None:
    factory, extra = network["DisputeGameFactory"], (7).to_bytes(32, "big")
    game = create(network, 7)
    now = factory.evm.timestamp
    address = "0x" + game.address.hex()
    assert factory.call("gameCount") == 1
    assert factory.call("gameAtIndex", 0) == (1, now, address)
    assert factory.call("games", 1, b"\x01" * 32, extra) == (address, now)
    assert factory.call("games", 1, b"\x02" * 32, extra) == (ZERO, 0)


def test_game_answers_what_it_claims(network: Network) -> None:
    game = create(network, 7)
    expected = {
        "rootClaim": b"\x01" * 32, "l2SequenceNumber": 7, "l2BlockNumber": 7, "gameType": 1, "status": 0,
        "extraData": (7).to_bytes(32, "big"), "gameCreator": "0x" + PROPOSER.hex(), "resolvedAt": 0,
        "createdAt": game.evm.timestamp, "wasRespectedGameTypeWhenCreated": True, "startingBlockNumber": 0,
        "startingRootHash": CONFIG.anchor_root, "l2ChainId": CONFIG.l2_chain_id,
        "anchorStateRegistry": "0x" + CONFIG.l1_contracts["AnchorStateRegistry"].hex(),
        "gameData": (1, b"\x01" * 32, (7).to_bytes(32, "big")),
    }  # fmt: skip
    assert {name: game.call(name) for name in expected} == expected


def test_finds_the_latest_games_newest_first_and_only_of_a_type(network: Network) -> None:
    factory = network["DisputeGameFactory"]
    for number in range(1, 6):
        create(network, number)
        pass_time(network, 3)
    found = factory.call("findLatestGames", 1, 4, 3)
    assert [int.from_bytes(entry[4], "big") for entry in found] == [5, 4, 3]
    index, metadata, timestamp, root, _ = found[0]
    _, created, address = factory.call("gameAtIndex", 4)
    assert (index, timestamp, root) == (4, created, b"\x01" * 32)
    assert metadata == (1).to_bytes(4, "big") + created.to_bytes(8, "big") + bytes.fromhex(address[2:])
    assert [entry[0] for entry in factory.call("findLatestGames", 1, 1, 100)] == [1, 0]
    assert factory.call("findLatestGames", 0, 4, 3) == ()
    assert factory.call("findLatestGames", 1, 5, 3) == ()


def test_only_the_proposer_proposes_with_the_exact_bond(network: Network) -> None:
    factory = network["DisputeGameFactory"]
    arguments = (1, b"\x01" * 32, (7).to_bytes(32, "big"))
    for bond in (0, 999, 1_001):
        factory.reverts("IncorrectBondAmount", "create", *arguments, sender=PROPOSER, value=bond)
    with pytest.raises(Reverted) as caught:
        factory.send("create", *arguments, sender=ALICE, value=1_000)
    assert caught.value.data == selector("BadAuth()")
    assert factory.call("gameCount") == 0


def test_refuses_repeated_claims_unknown_types_and_old_blocks(network: Network) -> None:
    factory = network["DisputeGameFactory"]
    create(network, 7)
    seven = (7).to_bytes(32, "big")
    options = {"sender": PROPOSER, "value": 1_000}
    factory.reverts("GameAlreadyExists", "create", 1, b"\x01" * 32, seven, **options)
    factory.reverts("NoImplementation", "create", 0, b"\x01" * 32, seven, **options)


def test_game_resolves_for_the_proposer_when_the_clock_has_run_out(network: Network) -> None:
    game = create(network, 7)
    pass_time(network, CONFIG.max_clock_duration - 1)
    game.reverts("ClockNotExpired", "resolve")
    game.reverts("GameNotResolved", "claimCredit", PROPOSER)
    pass_time(network, 1)
    game.reverts("ClockTimeExceeded", "challenge", sender=CHALLENGER)
    outcome = game.send("resolve")
    assert game.events(outcome, "Resolved") == [{"status": 2}]
    assert (game.call("status"), game.call("resolvedAt")) == (2, game.evm.timestamp)
    game.reverts("GameNotInProgress", "resolve")
    before = game.evm.balance(PROPOSER)
    game.send("claimCredit", PROPOSER)
    assert game.evm.balance(PROPOSER) == before + 1_000
    game.reverts("NoCreditToClaim", "claimCredit", PROPOSER)


def test_challenger_strikes_a_claim_and_takes_its_bond(network: Network) -> None:
    game = create(network, 7)
    game.reverts("BadAuth", "challenge", sender=ALICE)
    game.send("challenge", sender=CHALLENGER)
    game.reverts("GameNotInProgress", "challenge", sender=CHALLENGER)
    before = game.evm.balance(CHALLENGER)
    game.send("claimCredit", CHALLENGER)
    assert game.evm.balance(CHALLENGER) == before + 1_000
    game.reverts("NoCreditToClaim", "claimCredit", PROPOSER)


def test_nobody_initialises_a_game_or_the_implementation_again(network: Network) -> None:
    game = create(network, 7)
    for contract in (game, network["PermissionedGame"]):
        contract.reverts("AlreadyInitialized", "initialize", contract.address, ALICE, bytes(32), bytes(32), bytes(32))
    network["PermissionedGame"].reverts("GameNotInProgress", "resolve")
    network["PermissionedGame"].reverts("GameNotInProgress", "challenge", sender=CHALLENGER)


def test_registry_follows_a_game_from_created_to_anchor(network: Network) -> None:
    registry = network["AnchorStateRegistry"]
    game = create(network, 7)

    def seen() -> tuple[bool, ...]:
        names = ("isGameProper", "isGameRespected", "isGameResolved", "isGameFinalized", "isGameClaimValid")
        return tuple(registry.call(name, game.address) for name in names)

    assert seen() == (True, True, False, False, False)
    registry.reverts("InvalidAnchorGame", "setAnchorState", game.address)
    pass_time(network, CONFIG.max_clock_duration)
    game.send("resolve")
    assert seen() == (True, True, True, False, False)
    pass_time(network, CONFIG.dispute_game_finality_delay)
    assert seen()[3:] == (False, False)
    pass_time(network, 1)
    assert seen() == (True, True, True, True, True)
    assert registry.call("getAnchorRoot") == registry.call("anchors", 1) == (CONFIG.anchor_root, 0)
    registry.send("setAnchorState", game.address)
    assert registry.call("getAnchorRoot") == (b"\x01" * 32, 7)
    assert registry.call("getStartingAnchorRoot") == (CONFIG.anchor_root, 0)
    registry.reverts("InvalidAnchorGame", "setAnchorState", game.address)
    with pytest.raises(Reverted) as caught:
        create(network, 7, b"\x02" * 32)  # not beyond the anchor
    assert caught.value.data[:4] == selector("UnexpectedRootClaim(bytes32)")
    create(network, 8, b"\x02" * 32)


def test_strangers_are_not_registered(network: Network) -> None:
    registry = network["AnchorStateRegistry"]
    assert not registry.call("isGameProper", ALICE)
    implementation = network["PermissionedGame"].address
    assert not registry.call("isGameRegistered", implementation)


def test_a_registry_does_not_take_another_registrys_games(network: Network) -> None:
    registry, game = network["AnchorStateRegistry"], create(network, 7)
    used = [variable.slot for variable in registry.artifact.layout.values()]
    slots = {slot: registry.evm.storage(registry.address, slot) for slot in used}
    other = Contract(registry.evm, registry.artifact, b"\x5a" * 20)
    registry.evm.place(other.address, registry.artifact.runtime, slots)
    assert registry.call("isGameRegistered", game.address)
    assert not other.call("isGameRegistered", game.address)


def test_guardian_alone_governs_the_registry(network: Network) -> None:
    registry, game = network["AnchorStateRegistry"], create(network, 7)
    for function, arguments in (
        ("blacklistDisputeGame", (game.address,)),
        ("updateRetirementTimestamp", ()),
        ("setRespectedGameType", (0,)),
    ):
        registry.reverts("Unauthorized", function, *arguments, sender=OPERATOR)
        registry.send(function, *arguments, sender=GUARDIAN)
    assert registry.call("isGameBlacklisted", game.address)
    assert registry.call("isGameRetired", game.address)
    assert not registry.call("isGameProper", game.address)
    assert network["OptimismPortal"].call("respectedGameType") == 0
    pass_time(network, 1)
    later = create(network, 8)
    assert later.call("wasRespectedGameTypeWhenCreated") is False
    assert not registry.call("isGameRespected", later.address)


def test_owner_alone_governs_the_factory(network: Network) -> None:
    factory = network["DisputeGameFactory"]
    for function, arguments, event in (
        ("setImplementation", (0, ALICE), {"impl": "0x" + ALICE.hex(), "gameType": 0}),
        ("setInitBond", (0, 5), {"gameType": 0, "newBond": 5}),
    ):
        factory.reverts("Unauthorized", function, *arguments, sender=ALICE)
        outcome = factory.send(function, *arguments, sender=OPERATOR)
        name = "ImplementationSet" if function == "setImplementation" else "InitBondUpdated"
        assert factory.events(outcome, name) == [event]
    assert (factory.call("gameImpls", 0), factory.call("initBonds", 0)) == ("0x" + ALICE.hex(), 5)
    factory.send("transferOwnership", ALICE, sender=OPERATOR)
    assert factory.call("owner") == "0x" + ALICE.hex()
    factory.send("renounceOwnership", sender=ALICE)
    assert factory.call("owner") == ZERO
