"""Followers hear of blocks from peers, long before L1 has them, and bring transactions to the sequencer."""

import json
from collections.abc import Callable

import pytest

from tests.chaos.network import RpcFailure, wait_for
from tests.e2e.conftest import openledger
from tests.e2e.p2p.conftest import (
    PeerNetwork,
    assert_same_chain,
    head,
    included,
    transfer,
    wait_for_head,
)
from tests.ports import HOST, free_port

NO_L1 = ("--no-batcher", "--no-proposer")
"""Nothing is posted: what a follower has came from peers."""


def test_blocks_and_transactions_travel_over_a_node_in_between(make_network: Callable[[], PeerNetwork]) -> None:
    network = make_network()
    sequencer = network.add_sequencer(*NO_L1)
    near = network.add("near", peers=("sequencer",))
    far = network.add("far", "--p2p-max-peers=1", peers=("near",))
    network.start()
    wait_for_head(far, 5)
    assert head(far, "safe")[0] == 0
    assert_same_chain(sequencer, far)
    assert int(far.call("net_peerCount"), 16) == 1

    sent = [far.call("eth_sendRawTransaction", transfer(0, nonce)) for nonce in range(3)]
    for one in sent:
        assert far.call("eth_getTransactionByHash", one)["hash"] == one
    for one in sent:
        wait_for(lambda one=one: included(far, one) is not None, "inclusion")  # type: ignore[misc]
    assert [included(far, one) for one in sent] == [included(sequencer, one) for one in sent]
    with pytest.raises(RpcFailure, match="nonce too low"):
        far.call("eth_sendRawTransaction", transfer(0, 0, value=2))
    with pytest.raises(RpcFailure, match="insufficient funds"):
        far.call("eth_sendRawTransaction", transfer(0, 3, value=10**30))
    assert far.call("open_equivocations") == []
    assert near.call("eth_syncing") is False


def test_an_operator_connects_and_disconnects_peers(make_network: Callable[[], PeerNetwork]) -> None:
    network = make_network()
    network.add_sequencer(*NO_L1)
    port = free_port()
    follower = network.add("follower", f"--admin-port={port}")
    network.start()
    assert follower.call("net_peerCount") == "0x0"

    def admin(*arguments: str) -> str:
        secret = network.directory / "follower" / "admin.jwt"
        url = f"http://{HOST}:{port}"
        ended = openledger("admin", *arguments, f"--secret={secret}", f"--url={url}")
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    assert json.loads(admin("peers")) == []
    admin("add-peer", f"{HOST}:{network.peer_ports['sequencer']}")
    wait_for_head(follower, 3)
    (peer,) = json.loads(admin("peers"))
    assert (peer["direction"], peer["score"]) == ("outbound", 0.0)
    assert int(peer["head"]["number"], 16) >= 3
    assert "let go" in admin("remove-peer", peer["id"])
    assert "no such peer" in admin("remove-peer", "0x" + "11" * 32)


def test_a_follower_that_starts_late_catches_up_from_peers_and_one_that_was_killed_goes_on(
    make_network: Callable[[], PeerNetwork],
) -> None:
    network = make_network()
    sequencer = network.add_sequencer(*NO_L1)
    network.add("first", peers=("sequencer",))
    late = network.add("late", peers=("first",))
    network.start("sequencer", "first")
    for nonce in range(5):
        sequencer.call("eth_sendRawTransaction", transfer(1, nonce))
    wait_for_head(sequencer, 25)
    network.start("late")
    wait_for_head(late, 26)
    assert_same_chain(sequencer, late)
    late.kill()
    wait_for_head(sequencer, head(sequencer)[0] + 5)
    late.start()
    late.wait_until_up()
    wait_for_head(late, head(sequencer)[0])
    assert_same_chain(sequencer, late)
    assert "Traceback" not in late.log.read_text()


def test_what_peers_told_becomes_safe_and_a_reorg_of_l1_moves_all_nodes(
    make_network: Callable[[], PeerNetwork],
) -> None:
    network = make_network()
    sequencer = network.add_sequencer(f"--batcher-key={network.files.key('batcher')}", "--no-proposer")
    follower = network.add("follower", peers=("sequencer",))
    network.start()
    wait_for_head(follower, 5)
    wait_for_head(follower, 5, "safe")
    for depth in (1, 4):
        network.l1.call("sim_reorg", hex(depth))
        above = max(head(sequencer)[0], head(follower)[0]) + 3
        wait_for_head(sequencer, above)
        wait_for_head(follower, above)
        wait_for_head(follower, above, "safe")
        assert_same_chain(sequencer, follower)
    for evidence in follower.call("open_equivocations"):
        assert evidence["l1Reorg"] is True
    for process in (sequencer, follower):
        assert "Traceback" not in process.log.read_text()
