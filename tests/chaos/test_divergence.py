"""A sequencer whose fast executor errs: its own audit finds the block, and nothing is built or posted on it any more.

Real processes: L1, the node, its reader and its auditor. Only the module that launches the node has the fault.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from eth_account import Account

from client.keys import devnet_account
from state.primitives.crypto import keccak256
from tests import compared
from tests.chaos.diverging_node import FAVOURED
from tests.chaos.network import CHAIN_ID, Network, Process, wait_for
from tests.chaos.posted import posted_ranges

pytestmark = pytest.mark.slow


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """L1 and a faulty sequencer; the follower is not started."""
    found = Network.create(tmp_path)
    found.sequencer.module = "tests.chaos.diverging_node"
    compared.leave_out(tmp_path / "sequencer", "one sequencer that errs on purpose")
    try:
        for process in (found.l1, found.sequencer):
            process.start()
            process.wait_until_up()
        yield found
    finally:
        found.stop()


def _transfer(network: Network, nonce: int, to: str) -> str:
    """The hash of a transfer that the sequencer took."""
    fields = {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": to, "value": 1, "gas": 21_000}
    fees = {"maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9}
    signed = Account.sign_transaction(fields | fees, devnet_account(0).key)
    return str(network.sequencer.call("eth_sendRawTransaction", signed.raw_transaction.to_0x_hex()))


def _end(process: Process) -> int:
    """Its exit status, once it has ended by itself."""
    assert process.running is not None
    return process.running.wait(timeout=600)


def _events(log: str, name: str) -> list[str]:
    return [line for line in log.splitlines() if f"] {name} " in line]


def _live_honestly(network: Network) -> None:
    """A transfer that both executors agree on becomes safe: all of the node works, its batcher too."""
    transaction = _transfer(network, 0, "0x" + "22" * 20)

    def safe() -> bool:
        receipt = network.sequencer.call("eth_getTransactionReceipt", transaction)
        return receipt is not None and network.heads(network.sequencer)["safe"][0] >= int(receipt["blockNumber"], 16)

    wait_for(safe, "a safe transfer")
    assert httpx.get(f"{network.sequencer.url}/healthz", timeout=60).status_code == 200


def _refused(url: str) -> bool:
    try:
        httpx.get(url, timeout=60)
    except httpx.ConnectError:
        return True
    return False


def test_sequencer_whose_audit_finds_a_wrong_block_stops_for_good_and_posts_nothing_more(network: Network) -> None:
    _live_honestly(network)
    wrong = _transfer(network, 1, "0x" + FAVOURED.hex())
    assert _end(network.sequencer) == 1, network.sequencer.tail()

    log = network.sequencer.log.read_text(errors="replace")
    (event,) = _events(log, "audit.diverged")
    assert "[critical" in event
    evidence = Path(re.findall(r"error: executors disagree on .*; both results are in (\S+)", log)[0])
    assert log.rstrip().splitlines()[-1].startswith("error: executors disagree on a stored block of block ")
    assert "Traceback" not in log
    facts = json.loads(evidence.read_text())
    hashes = ["0x" + keccak256(bytes.fromhex(raw[2:])).hex() for raw in facts["transactions"]]
    assert wrong in hashes
    assert "state_root" in facts["header"]
    assert "state_root" in facts["oracle"]
    number = int(facts["block"])
    assert _refused(f"{network.sequencer.url}/healthz"), "nobody may take this node for a healthy one"

    after = log[log.index(event) + len(event) :]
    assert not _events(after, "sequencer.origin"), "no block was begun on the wrong one after its audit"
    assert len(_events(after, "engine.sealed")) <= 1, "at most the one that was being built was ended"
    assert not _events(after, "batcher.posted"), "nothing went to L1 after the audit"
    _l1_goes_on(network, 2)  # what was on its way at the verdict is in a block
    posted = posted_ranges(network)
    assert posted, "the batcher worked until then"
    _l1_goes_on(network, 3)
    _is_not_started_again(network, evidence)
    _l1_goes_on(network, 3)
    assert posted_ranges(network) == posted
    print(f"wrong block {number}, last block on L1 {posted[-1][1]}")


def _l1_goes_on(network: Network, blocks: int) -> None:
    head = int(network.l1.call("eth_blockNumber"), 16)
    wait_for(lambda: int(network.l1.call("eth_blockNumber"), 16) >= head + blocks, f"{blocks} more L1 blocks")


def _is_not_started_again(network: Network, evidence: Path) -> None:
    """Whatever restarts processes must not make the node go on, not even one without the fault."""
    network.sequencer.module = "node"
    network.sequencer.log.unlink()
    network.sequencer.start()
    assert _end(network.sequencer) == 1, network.sequencer.tail()
    (line,) = network.sequencer.log.read_text().splitlines()
    assert line.startswith("error: the executors disagreed on a block of this node before")
    assert str(evidence) in line


def test_node_with_a_fresh_directory_takes_over_from_l1(network: Network) -> None:
    """What the error tells to do: the honest blocks are on L1, and a correct node derives them and goes on."""
    _live_honestly(network)
    honest = network.heads(network.sequencer)["safe"]
    _transfer(network, 1, "0x" + FAVOURED.hex())
    assert _end(network.sequencer) == 1
    directory = network.files.directory
    places = (str(directory / "sequencer"), str(directory / "fresh"))
    arguments = [one.replace(*places) for one in network.sequencer.arguments]
    fresh = Process("fresh", arguments, network.sequencer.url, directory / "fresh.log")
    network.processes.append(fresh)
    fresh.start()
    fresh.wait_until_up()
    wait_for(lambda: network.heads(fresh)["unsafe"][0] > honest[0], "the next blocks")
    assert network.hash_at(fresh, honest[0]) == honest[1]
