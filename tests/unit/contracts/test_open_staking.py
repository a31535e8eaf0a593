"""Stake pools: shares, rewards, cooling, slashing."""

from __future__ import annotations

import pytest

from tests.unit.contracts.open_chain import OPEN, OTHER, STRANGER, WORKER, OpenChain, hexed, padded

POOL = (2, padded(WORKER))
DEAD = 10**9


@pytest.fixture
def chain() -> OpenChain:
    return OpenChain()


def stake(chain: OpenChain, who: bytes, amount: int) -> None:
    chain.staking.send("stake", *POOL, sender=who, value=amount)


def worth(chain: OpenChain, who: bytes) -> int:
    return int(chain.staking.call("stakeOf", *POOL, hexed(who)))


def shares(chain: OpenChain, who: bytes) -> int:
    return int(chain.staking.call("sharesOf", *POOL, hexed(who)))


def leave(chain: OpenChain, who: bytes) -> int:
    return int(chain.staking.call("requestUnstake", *POOL, shares(chain, who), sender=who))


def test_the_first_stake_leaves_dead_shares_behind(chain: OpenChain) -> None:
    stake(chain, STRANGER, OPEN)
    assert worth(chain, STRANGER) == OPEN - DEAD
    assert chain.staking.call("totalStake", *POOL) == OPEN
    stake(chain, OTHER, OPEN)
    assert worth(chain, OTHER) == OPEN


def test_a_reward_raises_everybodys_worth_in_proportion(chain: OpenChain) -> None:
    stake(chain, STRANGER, OPEN)
    stake(chain, OTHER, 3 * OPEN)
    chain.staking.send("reward", *POOL, value=4 * OPEN)
    assert worth(chain, OTHER) == 6 * OPEN
    assert 2 * OPEN - 2 * DEAD <= worth(chain, STRANGER) <= 2 * OPEN


def test_a_reward_without_stakers_is_the_treasurys(chain: OpenChain) -> None:
    chain.staking.send("reward", *POOL, value=7)
    assert chain.staking.call("owed", hexed(chain.treasury.address)) == 7
    stake(chain, STRANGER, OPEN)
    leave(chain, STRANGER)
    chain.staking.send("reward", *POOL, value=7)
    assert chain.staking.call("owed", hexed(chain.treasury.address)) == 14


def test_unstaking_pays_after_the_window(chain: OpenChain) -> None:
    stake(chain, STRANGER, OPEN)
    ticket = leave(chain, STRANGER)
    assert worth(chain, STRANGER) == 0
    chain.mine(29)
    chain.staking.reverts("TooEarly", "unstake", ticket, sender=STRANGER)
    chain.mine(1)
    chain.staking.reverts("NotTicketOwner", "unstake", ticket, sender=OTHER)
    chain.staking.send("unstake", ticket, sender=STRANGER)
    assert chain.staking.call("owed", hexed(STRANGER)) == OPEN - DEAD
    chain.staking.reverts("NotTicketOwner", "unstake", ticket, sender=STRANGER)


def test_slashing_reaches_active_and_cooling_stake_alike(chain: OpenChain) -> None:
    stake(chain, STRANGER, OPEN)
    stake(chain, OTHER, OPEN)
    ticket = leave(chain, OTHER)
    chain.staking.send("slash", *POOL, 1_000, b"\1" * 32, sender=chain.datanets.address)
    assert chain.staking.call("totalStake", *POOL) == OPEN - OPEN // 10
    chain.mine(30)
    chain.staking.send("unstake", ticket, sender=OTHER)
    assert chain.staking.call("owed", hexed(OTHER)) == OPEN - OPEN // 10
    assert chain.staking.call("owed", hexed(chain.treasury.address)) == 2 * (OPEN // 10)


def test_a_newcomer_after_a_total_slash_gets_what_it_staked(chain: OpenChain) -> None:
    stake(chain, STRANGER, OPEN)
    chain.staking.send("slash", *POOL, 10_000, bytes(32), sender=chain.attribution.address)
    assert chain.staking.call("totalStake", *POOL) == 1
    stake(chain, OTHER, OPEN)
    assert worth(chain, OTHER) >= OPEN - 1


def test_only_listed_contracts_slash(chain: OpenChain) -> None:
    chain.staking.reverts("NotListed", "slash", *POOL, 1, bytes(32), sender=STRANGER)
    chain.staking.reverts("WrongBps", "slash", *POOL, 10_001, bytes(32), sender=chain.datanets.address)


def test_refuses_small_stakes_and_unknown_kinds(chain: OpenChain) -> None:
    chain.staking.reverts("StakeTooSmall", "stake", *POOL, value=10**16 - 1)
    chain.staking.reverts("UnknownKind", "stake", 3, bytes(32), value=OPEN)
    chain.staking.reverts("UnknownKind", "reward", 3, bytes(32), value=OPEN)


def test_refuses_to_unstake_more_than_is_held(chain: OpenChain) -> None:
    stake(chain, STRANGER, OPEN)
    for count in (0, shares(chain, STRANGER) + 1):
        chain.staking.reverts("NotEnoughShares", "requestUnstake", *POOL, count, sender=STRANGER)


def test_inflating_a_fresh_pool_costs_the_attacker_more_than_the_victim(chain: OpenChain) -> None:
    stake(chain, STRANGER, 10**16)
    chain.staking.send("requestUnstake", *POOL, shares(chain, STRANGER) - 1, sender=STRANGER)
    chain.staking.send("reward", *POOL, sender=STRANGER, value=1000 * OPEN)
    stake(chain, OTHER, 10 * OPEN)
    victims_loss = 10 * OPEN - worth(chain, OTHER)
    attackers_loss = 1000 * OPEN - worth(chain, STRANGER)
    assert victims_loss < OPEN // 1000 < attackers_loss


def test_reward_many_checks_its_sum(chain: OpenChain) -> None:
    rewards = [(2, padded(WORKER), 3), (1, padded(1), 4)]
    chain.staking.reverts("WrongValue", "rewardMany", rewards, value=8)
    chain.staking.send("rewardMany", rewards, value=7)


def test_every_wei_in_the_contract_is_somebodys(chain: OpenChain) -> None:
    stake(chain, STRANGER, 5 * OPEN)
    stake(chain, OTHER, 7 * OPEN)
    chain.staking.send("reward", *POOL, value=OPEN + 1)
    leave(chain, OTHER)
    chain.staking.send("slash", *POOL, 333, bytes(32), sender=chain.datanets.address)
    ticket = leave(chain, STRANGER)
    chain.mine(30)
    for number, who in ((1, OTHER), (ticket, STRANGER)):
        chain.staking.send("unstake", number, sender=who)
    owed = sum(chain.staking.call("owed", hexed(who)) for who in (OTHER, STRANGER, chain.treasury.address))
    left = chain.staking.call("totalStake", *POOL)
    dust = chain.evm.balance(chain.staking.address) - owed - left
    assert 0 <= dust <= 2
