"""`kill -9` of sequencer, follower and L1 at random instants under load (the seed is printed)."""

import os
import random
import time
from pathlib import Path

import pytest

from tests.chaos.network import Load, Network, describe, wait_for
from tests.chaos.posted import assert_posted_once

CI_ROUNDS = 10
NIGHTLY_ROUNDS = int(os.environ.get("OPENLEDGER_ROUNDS", "200"))


def kill_rounds(directory: Path, rounds: int, seed: int) -> None:
    print(f"seed {seed}, {rounds} rounds")
    rng = random.Random(seed)
    network = Network.create(directory)
    load = Load(network)
    try:
        network.start()
        load.start()
        wait_for(lambda: bool(load.acknowledged), "the first transfer")
        for number in range(rounds):
            victim = network.processes[(number + rng.randrange(3)) % 3]
            time.sleep(rng.uniform(0.3, 2.5))
            follower_safe = network.heads(network.follower)["safe"]
            victim.kill()
            time.sleep(rng.uniform(0.0, 1.0))
            victim.start()
            victim.wait_until_up()
            sealed = dict(load.sealed)
            found = network.hashes_at(network.sequencer, list(sealed))
            lost = [height for height, block_hash in sealed.items() if found[height] != block_hash]
            assert not lost, f"sealed blocks {lost} were lost"
            assert network.hash_at(network.follower, follower_safe[0]) == follower_safe[1]
            print(f"round {number + 1}: killed {victim.name}, sealed up to {max(sealed)}")
        load.end()
        head = network.heads(network.sequencer)["unsafe"][0]
        network.wait_until_safe(head)
        network.assert_agreement()
        sent = [(transaction,) for transaction in load.acknowledged]
        receipts = network.follower.call_each("eth_getTransactionReceipt", sent)
        for transaction, receipt in zip(load.acknowledged, receipts, strict=True):
            in_pool = receipt or network.sequencer.call("eth_getTransactionByHash", transaction)
            assert in_pool, f"acknowledged transaction {transaction} is gone"
        posted = assert_posted_once(network)
        assert posted >= head
        print(f"{len(load.acknowledged)} transactions, {head} blocks, posted up to {posted}")
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}\n{describe(network)}") from error
    finally:
        load.end()
        network.stop()


def _seed() -> int:
    return int(os.environ.get("OPENLEDGER_SEED", random.SystemRandom().randrange(2**32)))


@pytest.mark.slow
def test_ten_kills_lose_nothing_and_post_nothing_twice(tmp_path: Path) -> None:
    kill_rounds(tmp_path, CI_ROUNDS, _seed())


@pytest.mark.nightly
@pytest.mark.timeout(7_200)
def test_two_hundred_kills_lose_nothing_and_post_nothing_twice(tmp_path: Path) -> None:
    kill_rounds(tmp_path, NIGHTLY_ROUNDS, _seed())


def reorg_rounds(directory: Path, depths: list[int], seed: int) -> None:
    print(f"seed {seed}, depths {depths}")
    rng = random.Random(seed)
    network = Network.create(directory)
    load = Load(network)
    try:
        network.start()
        load.start()
        wait_for(lambda: int(network.l1.call("eth_blockNumber"), 16) > 14, "fifteen L1 blocks")
        for depth in depths:
            time.sleep(rng.uniform(0.5, 3.0))
            network.l1.call("sim_reorg", hex(depth))
            before = network.heads(network.sequencer)["safe"][0]
            number = network.wait_until_agreed(before, f"a safe head above {before} after a reorg of {depth}")
            print(f"reorg of depth {depth}: agreed again at {number}")
        load.end()
        network.wait_until_safe(network.heads(network.sequencer)["unsafe"][0])
        network.assert_agreement()
        for transaction in load.acknowledged:
            wait_for(
                lambda t=transaction: network.follower.call("eth_getTransactionReceipt", t) is not None,  # type: ignore[misc]
                f"inclusion of {transaction}",
            )
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}\n{describe(network)}") from error
    finally:
        load.end()
        network.stop()


@pytest.mark.slow
def test_the_safe_head_follows_l1_reorgs_and_transactions_come_back(tmp_path: Path) -> None:
    reorg_rounds(tmp_path, [1, 3, 8], _seed())


@pytest.mark.nightly
def test_many_l1_reorgs_of_every_depth(tmp_path: Path) -> None:
    reorg_rounds(tmp_path, [depth for _ in range(6) for depth in range(1, 9)], _seed())
