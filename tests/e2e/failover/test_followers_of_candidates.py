"""Wallets at a follower notice little of a leader that dies: their transactions are in blocks once, whoever builds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.network import Process, wait_for
from tests.e2e.failover.etcd_cluster import EtcdCluster
from tests.e2e.p2p.conftest import PeerNetwork, assert_same_chain, head, included, transfer, wait_for_head

CANDIDATES = ("candidate-0", "candidate-1", "candidate-2")


@pytest.fixture
def network(tmp_path: Path, make_etcd: Callable[[int], EtcdCluster]) -> Iterator[PeerNetwork]:
    etcd = make_etcd(1)
    made = PeerNetwork.create(tmp_path / "network")
    key = f"--p2p-sequencer-key={made.files.key('unsafe_block_signer')}"
    for index, name in enumerate(CANDIDATES):
        made.add(
            name, "--role=sequencer", key, f"--etcd={','.join(etcd.urls)}", f"--candidate-name={name}", "--readers=0",
            "--audit-share=0", f"--batcher-key={made.files.key('batcher')}", "--no-proposer", peers=CANDIDATES[:index],
        )  # fmt: skip
    made.add("follower", peers=CANDIDATES)
    yield made
    made.stop()


def leader(network: PeerNetwork, asked: Process) -> Process:
    """Whom a candidate sees lead."""
    found: list[str] = []

    def seen() -> bool:
        leader = asked.call("open_leadership")["leader"]
        found[:] = [] if leader is None else [leader["name"]]
        return bool(found)

    wait_for(seen, "an elected leader")
    return network.nodes[found[0]]


def test_a_leader_that_is_killed_takes_no_wallets_transaction_with_it(
    network: PeerNetwork, tell: Callable[[str], None]
) -> None:
    network.start()
    follower = network.nodes["follower"]
    wait_for_head(follower, 3)
    nonce = 0
    sent: list[str] = []
    for _ in range(2):
        dying = leader(network, network.nodes[CANDIDATES[0]])
        for _ in range(5):
            sent.append(follower.call("eth_sendRawTransaction", transfer(2, nonce)))
            nonce += 1
        dying.kill()
        for _ in range(5):  # the first of these wait for the next leader
            sent.append(follower.call("eth_sendRawTransaction", transfer(2, nonce)))
            nonce += 1
        dying.start()
        dying.wait_until_up()
    wait_for(lambda: all(included(follower, one) is not None for one in sent), "inclusion of all transactions")
    assert (
        int(follower.call("eth_getTransactionCount", "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", "latest"), 16) == 20
    )
    above = head(follower)[0] + 2
    for name in CANDIDATES:
        wait_for_head(network.nodes[name], above)
        assert_same_chain(network.nodes[name], follower)
    wait_for_head(follower, above, "safe")
    assert follower.call("open_equivocations") == []
    standings = [network.nodes[name].call("open_leadership")["standing"] for name in CANDIDATES]
    assert standings.count("leader") == 1, standings
    for process in network.nodes.values():
        assert "Traceback" not in process.log.read_text(), process.name
    tell(f"two leaders killed, {len(sent)} transactions of a follower's wallet in blocks, none twice, no equivocation")
