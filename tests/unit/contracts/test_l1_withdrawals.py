"""OptimismPortal's withdrawals (PROTOCOL.md sections 11 and 13): real tries, every step, every refusal."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest
import rlp
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from contracts.artifacts import artifact
from contracts.genesis_config import TOTAL_SUPPLY
from contracts.signatures import selector
from contracts.storage import solidity_mapping_slot
from tests.unit.contracts.harness import Contract, Evm, Reverted
from tests.unit.contracts.networks import ALICE, BOB, CHALLENGER, CONFIG, GUARDIAN, PROPOSER, l1_network

STATE_ROOT, BLOCK_HASH = b"\x51" * 32, b"\x52" * 32
NONCE = 1 << 240
Withdrawal = tuple[int, bytes, bytes, int, int, bytes]
WITHDRAWAL: Withdrawal = (NONCE, ALICE, BOB, 5 * 10**18, 100_000, b"")


def hash_of(withdrawal: Withdrawal) -> bytes:
    return keccak(encode(["uint256", "address", "address", "uint256", "uint256", "bytes"], withdrawal))


def trie_key(withdrawal: Withdrawal) -> bytes:
    return keccak(solidity_mapping_slot(0, hash_of(withdrawal)).to_bytes(32, "big"))


def storage_trie(keys: list[bytes], value: bytes = b"\x01") -> HexaryTrie:
    trie = HexaryTrie({})
    for key in keys:
        trie[key] = value
    return trie


def proof_of(trie: HexaryTrie, key: bytes) -> list[bytes]:
    """As eth_getProof answers: no separate entry for a node that lies inside its parent."""
    nodes = [rlp.encode(node) for node in trie.get_proof(key)]
    return [node for i, node in enumerate(nodes) if i == 0 or len(node) >= 32]


@dataclass
class Bridge:
    """The L1 and one proposed output root that holds WITHDRAWAL among fifty others."""

    evm: Evm
    network: dict[str, Contract]
    trie: HexaryTrie
    key: bytes
    withdrawal: Withdrawal = WITHDRAWAL

    @property
    def portal(self) -> Contract:
        return self.network["OptimismPortal"]

    @property
    def output(self) -> tuple[bytes, bytes, bytes, bytes]:
        return (bytes(32), STATE_ROOT, self.trie.root_hash, BLOCK_HASH)

    def propose(self, number: int = 10, root: bytes | None = None) -> Contract:
        factory = self.network["DisputeGameFactory"]
        claim = root or keccak(b"".join(self.output))
        game = factory.call("create", 1, claim, number.to_bytes(32, "big"), sender=PROPOSER, value=1_000)
        return Contract(self.evm, artifact("PermissionedGame"), bytes.fromhex(game[2:]))

    def prove_arguments(self, index: int = 0) -> tuple[object, ...]:
        return (self.withdrawal, index, self.output, proof_of(self.trie, self.key))

    def prove(self, index: int = 0) -> None:
        self.portal.send("proveWithdrawalTransaction", *self.prove_arguments(index), sender=ALICE)

    def wait(self, seconds: int = 100) -> None:
        self.evm.at(timestamp=self.evm.timestamp + seconds, number=self.evm.state.block_number + 1)


def make_bridge(evm: Evm, withdrawal: Withdrawal = WITHDRAWAL, others: list[bytes] | None = None) -> Bridge:
    evm.at(number=50, timestamp=1_700_000_100)
    key = trie_key(withdrawal)
    others = [keccak(bytes([i])) for i in range(50)] if others is None else others
    return Bridge(evm, l1_network(evm), storage_trie([*others, key]), key, withdrawal)


@pytest.fixture
def bridge(evm: Evm) -> Bridge:
    return make_bridge(evm)


def proven(bridge: Bridge) -> Contract:
    game = bridge.propose()
    bridge.wait(1)
    bridge.prove()
    return game


def matured(bridge: Bridge) -> Contract:
    """Proven, resolved for the proposer, and old enough in every respect."""
    game = proven(bridge)
    bridge.wait()
    assert game.call("resolve") == 2
    bridge.wait()
    return game


def test_pays_the_target_once_proven_resolved_and_matured(bridge: Bridge) -> None:
    game = proven(bridge)
    digest, who = hash_of(WITHDRAWAL), "0x" + ALICE.hex()
    assert bridge.portal.call("provenWithdrawals", digest, ALICE) == (
        "0x" + game.address.hex(), bridge.evm.timestamp,
    )  # fmt: skip
    assert bridge.portal.call("numProofSubmitters", digest) == 1
    assert bridge.portal.call("proofSubmitters", digest, 0) == who
    bridge.wait()
    game.send("resolve")
    bridge.wait()
    before = bridge.evm.balance(BOB)
    bridge.portal.call("checkWithdrawal", digest, ALICE)
    outcome = bridge.portal.send("finalizeWithdrawalTransaction", WITHDRAWAL, sender=ALICE)
    assert bridge.portal.events(outcome, "WithdrawalFinalized") == [{"withdrawalHash": digest, "success": True}]
    assert bridge.evm.balance(BOB) - before == WITHDRAWAL[3]
    assert bridge.evm.balance(bridge.portal.address) == TOTAL_SUPPLY - WITHDRAWAL[3]
    assert bridge.portal.call("finalizedWithdrawals", digest)
    bridge.portal.reverts("OptimismPortal_AlreadyFinalized", "finalizeWithdrawalTransaction", WITHDRAWAL, sender=ALICE)


def test_proving_announces_the_withdrawal_twice(bridge: Bridge) -> None:
    bridge.propose()
    bridge.wait(1)
    outcome = bridge.portal.send("proveWithdrawalTransaction", *bridge.prove_arguments(), sender=ALICE)
    digest, who = hash_of(WITHDRAWAL), "0x" + ALICE.hex()
    assert bridge.portal.events(outcome, "WithdrawalProven") == [
        {"withdrawalHash": digest, "from": who, "to": "0x" + BOB.hex()}
    ]
    assert bridge.portal.events(outcome, "WithdrawalProvenExtension1") == [
        {"withdrawalHash": digest, "proofSubmitter": who}
    ]


def test_anybody_finalises_with_another_submitters_proof(bridge: Bridge) -> None:
    matured(bridge)
    bridge.portal.reverts("OptimismPortal_Unproven", "finalizeWithdrawalTransaction", WITHDRAWAL, sender=BOB)
    function = "finalizeWithdrawalTransactionExternalProof"
    bridge.portal.send(function, WITHDRAWAL, ALICE, sender=BOB)
    assert bridge.portal.call("finalizedWithdrawals", hash_of(WITHDRAWAL))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_refuses_a_proof_with_any_byte_changed(bridge: Bridge, data: st.DataObject) -> None:
    if bridge.network["DisputeGameFactory"].call("gameCount") == 0:
        bridge.propose()
        bridge.wait(1)
    nodes = proof_of(bridge.trie, bridge.key)
    which = data.draw(st.integers(0, len(nodes) - 1))
    where = data.draw(st.integers(0, len(nodes[which]) - 1))
    flip = data.draw(st.integers(1, 255))
    node = bytearray(nodes[which])
    node[where] ^= flip
    nodes[which] = bytes(node)
    bridge.portal.reverts(
        "InvalidMerkleProof", "proveWithdrawalTransaction", WITHDRAWAL, 0, bridge.output, nodes, sender=ALICE
    )


@pytest.mark.parametrize("change", ["drop the leaf", "drop the root", "empty", "append", "repeat"])
def test_refuses_a_proof_of_the_wrong_length(bridge: Bridge, change: str) -> None:
    bridge.propose()
    bridge.wait(1)
    nodes = proof_of(bridge.trie, bridge.key)
    changed = {
        "drop the leaf": nodes[:-1],
        "drop the root": nodes[1:],
        "empty": [],
        "append": [*nodes, nodes[-1]],
        "repeat": [nodes[0], *nodes],
    }[change]
    bridge.portal.reverts("InvalidMerkleProof", "proveWithdrawalTransaction", WITHDRAWAL, 0, bridge.output, changed)


def test_refuses_oversized_proofs_before_it_hashes_them(bridge: Bridge) -> None:
    bridge.propose()
    bridge.wait(1)
    for nodes in ([bytes(1025)], [b"\xc0"] * 65):
        with pytest.raises(Reverted):
            bridge.portal.send("proveWithdrawalTransaction", WITHDRAWAL, 0, bridge.output, nodes)


def test_refuses_a_withdrawal_that_was_never_sent(bridge: Bridge) -> None:
    bridge.propose()
    bridge.wait(1)
    never = (NONCE + 1, *WITHDRAWAL[1:])
    nodes = proof_of(bridge.trie, trie_key(never))  # a proof of absence
    bridge.portal.reverts("InvalidMerkleProof", "proveWithdrawalTransaction", never, 0, bridge.output, nodes)


def test_refuses_a_value_other_than_true(evm: Evm) -> None:
    bridge = make_bridge(evm)
    bridge.trie = storage_trie([bridge.key, keccak(b"x")], b"\x02")
    bridge.propose()
    bridge.wait(1)
    bridge.portal.reverts("InvalidMerkleProof", "proveWithdrawalTransaction", *bridge.prove_arguments())


def neighbour(key: bytes, nibbles: int, salt: int = 1) -> bytes:
    """A key that shares exactly that many first nibbles."""
    word = int.from_bytes(key, "big") ^ (salt << (252 - 4 * nibbles))
    return word.to_bytes(32, "big")


@pytest.mark.parametrize(
    "depths", [[], [0], [1], [1, 2], [9], [10], [12, 13], [61], [62], [63], list(range(1, 64)), [5, 40, 63]]
)
def test_walks_tries_of_any_shape(evm: Evm, depths: list[int]) -> None:
    """Deep neighbours make extensions, and children that lie inside their parents."""
    key = trie_key(WITHDRAWAL)
    bridge = make_bridge(evm, others=[neighbour(key, d) for d in depths])
    bridge.propose()
    bridge.wait(1)
    bridge.prove()
    assert bridge.portal.call("provenWithdrawals", hash_of(WITHDRAWAL), ALICE)[1] == evm.timestamp


def test_a_full_branch_holds_the_withdrawal_too(evm: Evm) -> None:
    key = trie_key(WITHDRAWAL)
    bridge = make_bridge(evm, others=[neighbour(key, d, salt) for d in (0, 3, 20) for salt in range(1, 16)])
    bridge.propose()
    bridge.wait(1)
    bridge.prove()


def test_longest_data_of_the_message_passer_can_be_withdrawn(evm: Evm) -> None:
    withdrawal = (NONCE, ALICE, BOB, 1, 2_000_000, b"\x5a" * 32_768)
    bridge = make_bridge(evm, withdrawal)
    matured(bridge)
    outcome = bridge.portal.send("finalizeWithdrawalTransaction", withdrawal, sender=ALICE)
    assert bridge.portal.events(outcome, "WithdrawalFinalized")[0]["success"]


def test_output_root_must_be_the_games_claim(bridge: Bridge) -> None:
    bridge.propose(root=b"\x09" * 32)
    bridge.wait(1)
    bridge.portal.reverts(
        "OptimismPortal_InvalidOutputRootProof", "proveWithdrawalTransaction", *bridge.prove_arguments()
    )


def test_proves_only_in_a_later_second_than_the_game(bridge: Bridge) -> None:
    bridge.propose()
    bridge.portal.reverts(
        "OptimismPortal_InvalidProofTimestamp", "proveWithdrawalTransaction", *bridge.prove_arguments()
    )


def test_each_missing_step_has_its_own_reason(bridge: Bridge) -> None:
    digest = hash_of(WITHDRAWAL)
    check = ("checkWithdrawal", digest, ALICE)
    bridge.portal.reverts("OptimismPortal_Unproven", *check)
    game = proven(bridge)
    bridge.wait(CONFIG.proof_maturity_delay)
    bridge.portal.reverts("OptimismPortal_ProofNotOldEnough", *check)
    bridge.wait(1)
    bridge.portal.reverts("OptimismPortal_InvalidRootClaim", *check)
    game.send("resolve")
    bridge.portal.reverts("OptimismPortal_InvalidRootClaim", *check)
    bridge.wait(CONFIG.dispute_game_finality_delay)
    bridge.portal.reverts("OptimismPortal_InvalidRootClaim", *check)
    bridge.wait(1)
    bridge.portal.call(*check)


def test_a_struck_claim_proves_and_pays_nothing(bridge: Bridge) -> None:
    game = proven(bridge)
    game.send("challenge", sender=CHALLENGER)
    assert game.call("status") == 1
    bridge.portal.reverts("OptimismPortal_InvalidDisputeGame", "proveWithdrawalTransaction", *bridge.prove_arguments())
    bridge.wait()
    bridge.portal.reverts("OptimismPortal_InvalidRootClaim", "checkWithdrawal", hash_of(WITHDRAWAL), ALICE)


def test_guardian_blacklists_retires_and_pauses(bridge: Bridge) -> None:
    game = matured(bridge)
    registry, system_config = bridge.network["AnchorStateRegistry"], bridge.network["SystemConfig"]
    check = ("checkWithdrawal", hash_of(WITHDRAWAL), ALICE)
    bridge.portal.call(*check)

    system_config.send("pause", sender=GUARDIAN)
    for function in ("proveWithdrawalTransaction", "finalizeWithdrawalTransaction"):
        arguments = bridge.prove_arguments() if function.startswith("prove") else (WITHDRAWAL,)
        bridge.portal.reverts("OptimismPortal_CallPaused", function, *arguments, sender=ALICE)
    bridge.portal.reverts("OptimismPortal_InvalidRootClaim", *check)
    system_config.send("unpause", sender=GUARDIAN)
    bridge.portal.call(*check)

    registry.send("blacklistDisputeGame", game.address, sender=GUARDIAN)
    assert bridge.portal.call("disputeGameBlacklist", game.address)
    bridge.portal.reverts("OptimismPortal_InvalidRootClaim", *check)
    bridge.portal.reverts("OptimismPortal_ImproperDisputeGame", "proveWithdrawalTransaction", *bridge.prove_arguments())


def test_retired_games_must_be_replaced(bridge: Bridge) -> None:
    matured(bridge)
    bridge.network["AnchorStateRegistry"].send("updateRetirementTimestamp", sender=GUARDIAN)
    bridge.portal.reverts("OptimismPortal_InvalidRootClaim", "checkWithdrawal", hash_of(WITHDRAWAL), ALICE)
    bridge.wait(1)
    game = bridge.propose(number=11)
    bridge.wait(1)
    bridge.prove(index=1)
    bridge.wait()
    game.send("resolve")
    bridge.wait()
    bridge.portal.send("finalizeWithdrawalTransaction", WITHDRAWAL, sender=ALICE)


# A contract that answers to any call with CALLER's l2Sender() in storage slot 0.
RECORDER = (
    bytes.fromhex("60205f60045f") + b"\x63" + selector("l2Sender()") + bytes.fromhex("60e01b5f52335afa505f515f55")
)


def test_target_sees_who_sent_the_withdrawal_on_l2(evm: Evm) -> None:
    withdrawal = (NONCE, ALICE, b"\x0d" * 20, 3, 200_000, b"hello")
    bridge = make_bridge(evm, withdrawal)
    evm.place(b"\x0d" * 20, RECORDER)
    matured(bridge)
    bridge.portal.send("finalizeWithdrawalTransaction", withdrawal, sender=ALICE)
    assert evm.storage(b"\x0d" * 20, 0) == int.from_bytes(ALICE, "big")
    assert bridge.portal.call("l2Sender") == "0x000000000000000000000000000000000000dead"


def test_failing_target_finalises_and_keeps_the_value_in_escrow(evm: Evm) -> None:
    withdrawal = (NONCE, ALICE, b"\x0e" * 20, 3, 50_000, b"")
    bridge = make_bridge(evm, withdrawal)
    evm.place(b"\x0e" * 20, bytes.fromhex("5f5ffd"))
    matured(bridge)
    outcome = bridge.portal.send("finalizeWithdrawalTransaction", withdrawal, sender=ALICE)
    assert bridge.portal.events(outcome, "WithdrawalFinalized")[0]["success"] is False
    assert evm.balance(bridge.portal.address) == TOTAL_SUPPLY


def test_target_always_gets_the_gas_that_it_asked_for(bridge: Bridge) -> None:
    matured(bridge)
    bridge.portal.reverts(
        "OptimismPortal_InsufficientGas", "finalizeWithdrawalTransaction", WITHDRAWAL, sender=ALICE, gas=170_000
    )
    bridge.portal.send("finalizeWithdrawalTransaction", WITHDRAWAL, sender=ALICE, gas=300_000)


def test_target_cannot_finalise_another_withdrawal_inside(evm: Evm) -> None:
    """The target calls back with its own calldata, which is the same finalisation."""
    portal = l1_network(evm)["OptimismPortal"]
    reenter = b"\x0f" * 20
    # Copies its calldata, calls the caller with it, keeps the first word of what that returned or reverted with.
    evm.place(reenter, bytes.fromhex("365f5f37" + "60205f365f5f335af1" + "5f51600055"))
    inner = (NONCE, ALICE, BOB, 1, 0, b"")
    call = portal.data("finalizeWithdrawalTransaction", inner)
    bridge = make_bridge(evm, (NONCE, ALICE, reenter, 0, 300_000, call))
    matured(bridge)
    bridge.portal.send("finalizeWithdrawalTransaction", bridge.withdrawal, sender=ALICE)
    expected = selector("OptimismPortal_NoReentrancy()").ljust(32, b"\0")
    assert evm.storage(reenter, 0) == int.from_bytes(expected, "big")


def test_portal_is_no_target(evm: Evm) -> None:
    portal = l1_network(evm)["OptimismPortal"]
    bridge = make_bridge(evm, (NONCE, ALICE, portal.address, 1, 0, b""))
    bridge.propose()
    bridge.wait(1)
    portal.reverts("OptimismPortal_BadTarget", "proveWithdrawalTransaction", *bridge.prove_arguments())


def test_native_withdrawals_need_an_l1_whose_coin_is_open(evm: Evm) -> None:
    bridge = make_bridge(evm)
    config = dataclasses.replace(CONFIG, custom_gas_token=True)
    slot = artifact("SystemConfig").layout["isCustomGasToken"].slot
    matured(bridge)
    evm.state.set_storage(config.l1_contracts["SystemConfig"], slot, 1)
    bridge.portal.reverts(
        "OptimismPortal_NotAllowedOnCGTMode", "finalizeWithdrawalTransaction", WITHDRAWAL, sender=ALICE
    )


def nibble_path(key: bytes, start: int, count: int, leaf: bool) -> bytes:
    """Hex-prefix encoding of part of a key."""
    nibbles = key.hex()[start : start + count]
    flag = (2 if leaf else 0) + count % 2
    return bytes.fromhex(f"{flag:x}" + ("" if count % 2 else "0") + nibbles)


def malformed_proofs(key: bytes) -> dict[str, list[bytes]]:
    """Nodes that hash correctly and would pass a careless reader; no honest trie has them."""
    path = nibble_path(key, 0, 64, leaf=True)
    leaf = rlp.encode([path, b"\x01"])
    branch_leaf = rlp.encode([nibble_path(key, 1, 63, leaf=True), b"\x01"])

    def branch(child: object, items: int = 17) -> bytes:
        nodes: list[object] = [b""] * items
        nodes[int(key.hex()[0], 16)] = child
        return rlp.encode(nodes)

    return {
        "two bytes of value": [rlp.encode([path, b"\x01\x02"])],
        "a list for a value": [rlp.encode([path, [b"\x01"]])],
        "a leaf that ends early": [rlp.encode([nibble_path(key, 0, 10, leaf=True), b"\x01"])],
        "an extension that ends with the key": [rlp.encode([nibble_path(key, 0, 64, leaf=False), b"\x01"])],
        "an extension by nothing": [rlp.encode([b"\x00", keccak(leaf)]), leaf],
        "an unknown path flag": [rlp.encode([b"\x40" + path[1:], b"\x01"])],
        "an empty path": [rlp.encode([b"", keccak(leaf)]), leaf],
        "bytes after the node": [leaf + b"\x00"],
        "a string for a node": [rlp.encode(leaf)],
        "a child of 33 bytes": [branch(keccak(branch_leaf) + b"\x00"), branch_leaf],
        "a branch of 18": [branch(keccak(branch_leaf), 18), branch_leaf],
        "a branch of 16": [branch(keccak(branch_leaf), 16), branch_leaf],
        "a node of one item": [rlp.encode([path])],
        "an empty node": [b"\xc0"],
        "a length beyond the node": [b"\xf8\xff" + leaf[2:]],
    }


@pytest.mark.parametrize("shape", malformed_proofs(bytes(32)))
def test_refuses_nodes_that_no_honest_trie_has(evm: Evm, shape: str) -> None:
    bridge = make_bridge(evm)
    nodes = malformed_proofs(bridge.key)[shape]
    output = (bytes(32), STATE_ROOT, keccak(nodes[0]), BLOCK_HASH)
    bridge.propose(root=keccak(b"".join(output)))
    bridge.wait(1)
    bridge.portal.reverts("InvalidMerkleProof", "proveWithdrawalTransaction", WITHDRAWAL, 0, output, nodes)


def test_hand_made_nodes_of_the_right_shape_pass(evm: Evm) -> None:
    """So that the refusals above are for the shape and for nothing else."""
    bridge = make_bridge(evm)
    leaf = rlp.encode([nibble_path(bridge.key, 1, 63, leaf=True), b"\x01"])
    nodes: list[bytes] = [b""] * 17
    nodes[int(bridge.key.hex()[0], 16)] = keccak(leaf)
    root = rlp.encode(nodes)
    output = (bytes(32), STATE_ROOT, keccak(root), BLOCK_HASH)
    bridge.propose(root=keccak(b"".join(output)))
    bridge.wait(1)
    bridge.portal.send("proveWithdrawalTransaction", WITHDRAWAL, 0, output, [root, leaf], sender=ALICE)
    assert bridge.portal.call("numProofSubmitters", hash_of(WITHDRAWAL)) == 1
