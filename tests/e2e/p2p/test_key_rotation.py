"""Every role of the operator is given to another key, while the old ones are in use (docs/operating.md)."""

import json
from collections.abc import Callable

from client.keys import devnet_account
from contracts.signatures import selector
from node.network.files import write_key
from node.network.rotation import ROLES
from tests.chaos.network import wait_for
from tests.e2e.conftest import openledger
from tests.e2e.p2p.conftest import PeerNetwork, assert_same_chain, head, wait_for_head

FLAGS = {"batcher": "batcher", "proposer": "proposer", "unsafe-block-signer": "p2p-sequencer"}
"""Role -> the option that has its key."""


def newest_proposer(network: PeerNetwork) -> str | None:
    """Who made the newest dispute game on L1."""
    factory = json.loads(network.files.l1_addresses.read_text())["DisputeGameFactory"]

    def ask(contract: str, signature: str, *words: int) -> str:
        data = selector(signature) + b"".join(word.to_bytes(32, "big") for word in words)
        return str(network.l1.call("eth_call", {"to": contract, "data": "0x" + data.hex()}, "latest"))

    count = int(ask(factory, "gameCount()"), 16)
    if not count:
        return None
    game = "0x" + ask(factory, "gameAtIndex(uint256)", count - 1)[-40:]
    return "0x" + ask(game, "gameCreator()")[-40:]


def test_every_role_is_given_to_another_key(make_network: Callable[[], PeerNetwork]) -> None:
    network = make_network()
    files = network.files
    sequencer = network.add_sequencer(
        f"--batcher-key={files.key('batcher')}", f"--proposer-key={files.key('proposer')}",
        f"--l1-addresses={files.l1_addresses}", "--proposer-interval=5",
    )  # fmt: skip
    follower = network.add("follower", peers=("sequencer",))
    network.start()
    wait_for(lambda: newest_proposer(network) is not None, "a dispute game")
    old_proposer = newest_proposer(network)

    new = {role: devnet_account(index) for index, role in enumerate(ROLES, 3)}
    for role, account in new.items():
        key = network.directory / f"new-{role}.key"
        write_key(key, bytes(account.key))
        ended = openledger(
            "network", "rotate", role, str(key), f"--key={files.key('operator')}", f"--l1={network.l1.url}",
            f"--rollup={files.rollup}",
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        assert account.address.lower() in ended.stdout
    built = head(sequencer)[0]
    wait_for_head(sequencer, built + 5)  # what the old keys post and sign now is nobody's
    sequencer.stop()
    sequencer.arguments = [
        one for one in sequencer.arguments if not one.startswith(tuple(f"--{flag}-key=" for flag in FLAGS.values()))
    ]
    sequencer.arguments += [f"--{flag}-key={network.directory / f'new-{role}.key'}" for role, flag in FLAGS.items()]
    sequencer.start()
    sequencer.wait_until_up()

    wait_for_head(sequencer, built + 10, "safe")
    wait_for(lambda: newest_proposer(network) == new["proposer"].address.lower(), "a game of the new proposer")
    assert old_proposer != newest_proposer(network)
    wait_for(lambda: head(follower)[0] > head(sequencer, "safe")[0], "blocks of the new signer at the follower")
    assert_same_chain(sequencer, follower)
    assert follower.call("open_equivocations") == []
    assert "Traceback" not in sequencer.log.read_text()


def test_what_is_not_the_owners_to_give_is_refused(make_network: Callable[[], PeerNetwork]) -> None:
    network = make_network()
    network.start()
    key = network.directory / "stranger.key"
    write_key(key, bytes(devnet_account(3).key))
    for role in ROLES:
        ended = openledger(
            "network", "rotate", role, str(key), f"--key={key}", f"--l1={network.l1.url}",
            f"--rollup={network.files.rollup}",
        )  # fmt: skip
        assert ended.returncode == 1
        assert "owner" in ended.stderr or "DisputeGameFactory is 0x" in ended.stderr
        assert "Traceback" not in ended.stderr
