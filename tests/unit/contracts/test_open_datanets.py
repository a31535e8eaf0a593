"""Datanets: commitments, acceptance, the sparse tree and its versions."""

from __future__ import annotations

import random

import pytest
from eth_hash.auto import keccak

from contracts.datanets import (
    EMPTY_ROOTS,
    content_leaf,
    contribution_commitment,
    sparse_proof,
    sparse_root,
)
from contracts.storage import mapping_slot
from tests.unit.contracts.open_chain import CONTRIBUTOR, OPEN, OWNER, STRANGER, OpenChain, hexed

CONTENT = keccak(b"rows")
SALT = keccak(b"salt")


@pytest.fixture
def chain() -> OpenChain:
    return OpenChain()


def commit(chain: OpenChain, datanet: int, who: bytes, content: bytes = CONTENT) -> None:
    commitment = contribution_commitment(hexed(who), datanet, content, SALT)
    chain.datanets.send("commitContribution", commitment, sender=who)


PAID = OPEN + OPEN // 10


def test_create_keeps_name_licence_and_policy(chain: OpenChain) -> None:
    number = chain.create_datanet(license=(True, False, True, 250, chain.evm.timestamp + 1))
    owner, versions, accepted, name, uri, _, license_, policy = chain.datanets.call("datanet", number)
    assert (number, owner, versions, accepted, name, uri) == (1, hexed(OWNER), 0, 0, "Law", "ipfs://law")
    assert license_ == (True, False, True, 250, chain.evm.timestamp + 1)
    assert policy == (OPEN, OPEN // 10, 5000, 3, 10, 10)
    assert chain.datanets.call("datanetCount") == 1


def test_create_takes_exactly_the_fee_to_the_treasury() -> None:
    chain = OpenChain(datanet_creationFee=5)
    arguments = ("Law", "", bytes(32), (True, True, True, 0, 0), (0, 0, 0, 0, 0, 0))
    chain.datanets.reverts("WrongValue", "create", *arguments, value=4)
    chain.datanets.send("create", *arguments, value=5)
    assert chain.treasury.call("received") == 5


def test_create_refuses_impossible_licences_and_policies(chain: OpenChain) -> None:
    good_license, good_policy = (True, True, True, 0, 0), (0, 0, 0, 0, 0, 0)
    for error, name, license_, policy in (
        ("EmptyName", "", good_license, good_policy),
        ("WrongLicense", "x", (True, True, True, 10_001, 0), good_policy),
        ("WrongLicense", "x", (True, True, True, 0, chain.evm.timestamp), good_policy),
        ("WrongPolicy", "x", good_license, (0, 0, 10_001, 0, 0, 0)),
        ("WrongPolicy", "x", good_license, (0, 0, 0, 32, 0, 0)),
        ("WrongPolicy", "x", good_license, (0, 0, 0, 0, 90 * 86_400 + 1, 0)),
    ):
        chain.datanets.reverts(error, "create", name, "", bytes(32), license_, policy)


def test_contribution_waits_for_the_owner_and_gets_its_bond_back(chain: OpenChain) -> None:
    datanet = chain.create_datanet()
    number = chain.contribute(datanet, CONTENT)
    contributor, status, rows, _, of, content, _ = chain.datanets.call("contribution", number)
    assert (contributor, status, rows, of, content) == (hexed(CONTRIBUTOR), 1, 5, datanet, CONTENT)
    assert chain.datanets.call("contributionURI", number) == "ipfs://x"
    chain.datanets.send("finalize", number, sender=OWNER)
    assert chain.datanets.call("contribution", number)[1] == 2
    assert chain.datanets.call("owed", hexed(CONTRIBUTOR)) == PAID
    assert chain.datanets.call("reputation", hexed(CONTRIBUTOR)) == (1, 0, 0)
    chain.datanets.reverts("WrongStatus", "finalize", number, sender=OWNER)
    before = chain.evm.balance(CONTRIBUTOR)
    chain.datanets.send("withdrawOwed", sender=CONTRIBUTOR)
    assert chain.evm.balance(CONTRIBUTOR) == before + PAID
    chain.datanets.reverts("NothingOwed", "withdrawOwed", sender=CONTRIBUTOR)


def test_refuses_a_contribution_without_an_earlier_commitment(chain: OpenChain) -> None:
    datanet = chain.create_datanet()
    arguments = (datanet, CONTENT, 5, "", SALT)
    chain.datanets.reverts("NotCommitted", "contribute", *arguments, sender=CONTRIBUTOR, value=PAID)
    commit(chain, datanet, CONTRIBUTOR)
    chain.datanets.reverts("CommittedTooLate", "contribute", *arguments, sender=CONTRIBUTOR, value=PAID)
    chain.mine()
    chain.datanets.reverts("NotCommitted", "contribute", *arguments, sender=STRANGER, value=PAID)
    chain.datanets.reverts("WrongValue", "contribute", *arguments, sender=CONTRIBUTOR, value=PAID - 1)
    chain.datanets.reverts("NoRows", "contribute", datanet, CONTENT, 0, "", SALT, sender=CONTRIBUTOR, value=PAID)
    chain.datanets.reverts("UnknownDatanet", "contribute", 9, CONTENT, 5, "", SALT, sender=CONTRIBUTOR, value=PAID)
    chain.datanets.send("contribute", *arguments, sender=CONTRIBUTOR, value=PAID)


def test_refuses_a_commitment_twice(chain: OpenChain) -> None:
    commit(chain, 1, CONTRIBUTOR)
    commitment = contribution_commitment(hexed(CONTRIBUTOR), 1, CONTENT, SALT)
    chain.datanets.reverts("AlreadyCommitted", "commitContribution", commitment, sender=STRANGER)


def test_refuses_a_content_root_that_is_there_already(chain: OpenChain) -> None:
    datanet = chain.create_datanet()
    chain.accept(datanet, CONTENT)
    commit(chain, datanet, STRANGER)
    chain.mine()
    chain.datanets.reverts("DuplicateContent", "contribute", datanet, CONTENT, 5, "", SALT, sender=STRANGER, value=PAID)


def test_the_earliest_commitment_displaces_a_copy_that_was_contributed_first(chain: OpenChain) -> None:
    datanet = chain.create_datanet()
    commit(chain, datanet, CONTRIBUTOR)
    chain.mine()
    copy = chain.contribute(datanet, CONTENT, sender=STRANGER)
    original = chain.datanets.call("contribute", datanet, CONTENT, 5, "", SALT, sender=CONTRIBUTOR, value=PAID)
    assert chain.datanets.call("contribution", copy)[1] == 3
    assert chain.datanets.call("owed", hexed(STRANGER)) == PAID
    assert chain.datanets.call("reputation", hexed(STRANGER)) == (0, 1, 0)
    chain.datanets.send("finalize", original, sender=OWNER)


def test_an_unreviewed_contribution_expires_after_its_windows(chain: OpenChain) -> None:
    datanet = chain.create_datanet()
    number = chain.contribute(datanet, CONTENT)
    chain.mine(19)
    chain.datanets.reverts("StillOpen", "finalize", number, sender=STRANGER)
    chain.mine(1)
    chain.datanets.send("finalize", number, sender=STRANGER)
    assert chain.datanets.call("contribution", number)[1] == 4
    assert chain.datanets.call("owed", hexed(CONTRIBUTOR)) == PAID
    assert chain.datanets.call("root", datanet) == EMPTY_ROOTS[32]
    commit(chain, datanet, STRANGER)
    chain.mine()
    chain.datanets.send("contribute", datanet, CONTENT, 5, "", SALT, sender=STRANGER, value=PAID)


def test_an_empty_version_has_the_empty_root(chain: OpenChain) -> None:
    datanet = chain.create_datanet()
    assert chain.datanets.call("publishVersion", datanet, sender=OWNER) == 1
    root, published, block, count = chain.datanets.call("version", datanet, 1)
    assert (root, count) == (EMPTY_ROOTS[32], 0)
    assert (published, block) == (chain.evm.timestamp, chain.evm.state.block_number)


def test_only_the_owner_publishes(chain: OpenChain) -> None:
    datanet = chain.create_datanet()
    chain.datanets.reverts("NotOwner", "publishVersion", datanet, sender=STRANGER)
    chain.datanets.reverts("UnknownDatanet", "publishVersion", 2, sender=OWNER)
    chain.datanets.reverts("UnknownVersion", "version", datanet, 1)


def skip_to(chain: OpenChain, number: int) -> None:
    """Pretend that contributions up to `number` were made."""
    slot = chain.datanets.artifact.layout["_contribution_count"].slot
    chain.evm.state.set_storage(chain.datanets.address, slot, number)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_roots_equal_the_reference_whatever_the_order_of_acceptance(chain: OpenChain, seed: int) -> None:
    chance = random.Random(seed)
    nets = [chain.create_datanet(bond=0), chain.create_datanet(bond=0)]
    leaves: dict[int, dict[int, bytes]] = {net: {} for net in nets}
    pending = []
    for step in range(12):
        if step % 4 == 3:
            skip_to(chain, chance.choice([30, 1_000, 70_000, 2**31 + chance.randrange(1000)]) + step)
        content = keccak(bytes([seed, step]))
        net = chance.choice(nets)
        pending.append((chain.contribute(net, content, rows=step + 1), net, content_leaf(content, step + 1)))
    chance.shuffle(pending)
    for number, net, leaf in pending:
        chain.datanets.send("finalize", number, sender=OWNER)
        leaves[net][number] = leaf
        assert chain.datanets.call("root", net) == sparse_root(leaves[net])
    for number, net, _ in chance.sample(pending, 6):
        proof = sparse_proof(leaves[net], number)
        chain.datanets.send("withdrawContribution", number, proof, sender=CONTRIBUTOR)
        del leaves[net][number]
        assert chain.datanets.call("root", net) == sparse_root(leaves[net])
    content = keccak(b"late")
    late = chain.accept(nets[0], content)
    leaves[nets[0]][late] = content_leaf(content, 5)
    assert chain.datanets.call("root", nets[0]) == sparse_root(leaves[nets[0]])


def test_a_withdrawn_contribution_stays_in_old_versions_only(chain: OpenChain) -> None:
    datanet = chain.create_datanet()
    one, two = chain.accept(datanet, CONTENT), chain.accept(datanet, keccak(b"other"))
    leaves = {one: content_leaf(CONTENT, 5), two: content_leaf(keccak(b"other"), 5)}
    chain.datanets.send("publishVersion", datanet, sender=OWNER)
    proof = sparse_proof(leaves, one)
    chain.datanets.reverts("NotContributor", "withdrawContribution", one, proof, sender=STRANGER)
    chain.datanets.reverts("WrongProof", "withdrawContribution", one, (*proof[:31], SALT), sender=CONTRIBUTOR)
    chain.datanets.send("withdrawContribution", one, proof, sender=CONTRIBUTOR)
    chain.datanets.reverts("WrongStatus", "withdrawContribution", one, proof, sender=CONTRIBUTOR)
    chain.datanets.reverts("UnknownContribution", "withdrawContribution", 99, proof, sender=CONTRIBUTOR)
    chain.datanets.send("publishVersion", datanet, sender=OWNER)
    assert chain.datanets.call("version", datanet, 1)[0] == sparse_root(leaves)
    assert chain.datanets.call("version", datanet, 2)[0] == sparse_root({two: leaves[two]})
    assert chain.datanets.call("version", datanet, 2)[3] == 1


def test_acceptance_stays_cheap_as_ids_grow(chain: OpenChain) -> None:
    datanet = chain.create_datanet(bond=0)
    used = []
    for last in (0, 1_000, 1_000_000):
        if last:
            skip_to(chain, last)
        for i in range(3):
            number = chain.contribute(datanet, keccak(b"%d" % (last + i)))
            used.append(chain.datanets.send("finalize", number, sender=OWNER).gas_used)
    print("gas of acceptances after ids 0, 1,000 and 1,000,000:", used)
    assert max(used[2], used[5], used[8]) < 350_000


def test_layout_keeps_contributions_in_a_mapping(chain: OpenChain) -> None:
    number = chain.contribute(chain.create_datanet(), CONTENT)
    slot = mapping_slot(chain.datanets.artifact.layout["_contributions"].slot, number)
    assert chain.evm.storage(chain.datanets.address, slot) == int.from_bytes(CONTRIBUTOR, "big")
