"""Whatever people do, no predeploy owes more than it holds, and no coin is made or lost."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.addresses import OPEN_PREDEPLOYS
from contracts.datanets import contribution_commitment
from contracts.records import encode_record, record_fee
from contracts.rewards import ContributionOwners, FeeRates, RewardTree, add_rewards, batch_rewards
from tests.unit.contracts.open_chain import (
    BUYER,
    BUYER_KEY,
    CONTRIBUTOR,
    OPEN,
    OTHER,
    OWNER,
    PRICE_IN,
    PRICE_OUT,
    STRANGER,
    WORKER,
    OpenChain,
    batch_of,
    hexed,
    padded,
    record,
)

PEOPLE = (OWNER, CONTRIBUTOR, BUYER, OTHER, STRANGER, WORKER)
CONTRACTS = ("vesting", "staking", "datanets", "inference", "attribution", "treasury")
POOLS = ((1, padded(1)), (2, padded(WORKER)))
TOKENS = st.integers(1, 100_000)
AMOUNTS = st.integers(10**16, 20 * OPEN)
CONTRIBUTION_OWNERS = {
    number: ContributionOwners(contributor=hexed(CONTRIBUTOR), datanet_owner=hexed(OWNER), revenue_share_bps=1000)
    for number in (1, 2)
}


class Economy(RuleBasedStateMachine):
    """Random actions of six accounts; the model keeps only what the contracts can't be asked for."""

    @initialize()
    def start(self) -> None:
        self.chain = OpenChain()
        self.chain.serve()
        self.chain.allot()
        self.supply = self.coins()
        self.cumulative = 0  # of the buyer's session
        self.nonce = 0
        self.batches = 0
        self.earned: dict[str, int] = {}
        self.pending: list[dict[str, int]] = []  # rewards of batches that no epoch has counted
        self.requests: list[tuple[bytes, int]] = []
        self.answered: list[tuple[bytes, dict[str, int], int]] = []
        self.tickets: list[tuple[int, bytes]] = []
        self.contents = 0
        self.open_contributions: list[int] = []
        self.epoch = self.next_block = 0
        self.root = bytes(32)
        self.trees: list[RewardTree] = []

    def coins(self) -> int:
        return sum(self.chain.evm.balance(who) for who in (*PEOPLE, *OPEN_PREDEPLOYS.values(), b"\xaa" * 20))

    @rule(seconds=st.integers(1, 40))
    def time_passes(self, seconds: int) -> None:
        self.chain.mine(seconds)

    @rule(tokens=st.lists(st.tuples(TOKENS, TOKENS), min_size=1, max_size=4))
    def settle(self, tokens: list[tuple[int, int]]) -> None:
        fees = [record_fee(*pair, PRICE_IN, PRICE_OUT) for pair in tokens]
        if sum(fees) > self.chain.inference.call("allocation", hexed(BUYER), hexed(WORKER)):
            return
        self.cumulative += sum(fees)
        batch = batch_of(*(record(tokens_in=i, tokens_out=o) for i, o in tokens), nonce=self.nonce)
        self.nonce += 1
        self.chain.settle(batch, (BUYER_KEY, self.cumulative))
        self.pending.append(batch_rewards(batch, {(1, 1): (PRICE_IN, PRICE_OUT)}, FeeRates(), CONTRIBUTION_OWNERS))
        self.chain.mine()

    @rule(amount=AMOUNTS)
    def deposit(self, amount: int) -> None:
        self.chain.allot(amount=amount)

    @rule(part=st.integers(1, 3))
    def give_notice_and_withdraw(self, part: int) -> None:
        allocated = self.chain.inference.call("allocation", hexed(BUYER), hexed(WORKER))
        if allocated >= part:
            self.chain.inference.send("requestWithdrawal", hexed(WORKER), allocated // part, sender=BUYER)
            self.chain.mine(30)
            self.chain.inference.send("withdraw", hexed(WORKER), sender=BUYER)

    @rule()
    def ask(self) -> None:
        price = self.chain.inference.call("quote", 1, 1000, 1000)
        arguments = (1, hexed(WORKER), bytes(32), "", b"", 1000, 1000, self.chain.evm.timestamp + 30)
        request = self.chain.inference.call("request", *arguments, sender=OTHER, value=price)
        self.requests.append((request, self.chain.evm.timestamp + 30))

    @precondition(lambda self: self.requests)
    @rule()
    def answer_or_refund(self) -> None:
        request, deadline = self.requests.pop()
        if self.chain.evm.timestamp > deadline:
            self.chain.inference.send("refund", request)
            return
        said = record(request_id=request, shares=((2, 1_000_000),))
        self.chain.inference.send("fulfil", request, "", encode_record(said), sender=WORKER)
        rewards = batch_rewards(batch_of(said), {(1, 1): (PRICE_IN, PRICE_OUT)}, FeeRates(), CONTRIBUTION_OWNERS)
        self.answered.append((request, rewards, self.chain.evm.timestamp + 5))
        self.nonce += 1

    @precondition(lambda self: self.answered)
    @rule()
    def release(self) -> None:
        request, rewards, ready = self.answered.pop()
        self.chain.mine(max(1, ready - self.chain.evm.timestamp))
        self.chain.inference.send("release", request)
        self.pending.append(rewards)
        self.chain.mine()

    @rule(pool=st.sampled_from(POOLS), who=st.sampled_from(PEOPLE), amount=AMOUNTS)
    def stake(self, pool: tuple[int, bytes], who: bytes, amount: int) -> None:
        self.chain.staking.send("stake", *pool, sender=who, value=amount)

    @rule(pool=st.sampled_from(POOLS), who=st.sampled_from((OTHER, STRANGER, BUYER)), part=st.integers(1, 3))
    def request_unstake(self, pool: tuple[int, bytes], who: bytes, part: int) -> None:
        shares = self.chain.staking.call("sharesOf", *pool, hexed(who)) // part
        if shares:
            self.tickets.append((self.chain.staking.call("requestUnstake", *pool, shares, sender=who), who))

    @precondition(lambda self: self.tickets)
    @rule()
    def unstake(self) -> None:
        ticket, who = self.tickets.pop(0)
        self.chain.mine(30)
        self.chain.staking.send("unstake", ticket, sender=who)

    @rule(pool=st.sampled_from(POOLS), bps=st.integers(0, 2_000))
    def slash(self, pool: tuple[int, bytes], bps: int) -> None:
        if pool[0] == 1:  # the worker must stay able to settle
            self.chain.staking.send("slash", *pool, bps, bytes(32), sender=self.chain.datanets.address)

    @rule()
    def contribute(self) -> None:
        self.contents += 1
        content = padded(10**6 + self.contents)
        self.chain.datanets.send(
            "commitContribution", contribution_commitment(hexed(STRANGER), 1, content, bytes(32)), sender=STRANGER
        )
        self.chain.mine()
        arguments = (1, content, 1, "", bytes(32))
        value = OPEN + OPEN // 10
        self.open_contributions.append(self.chain.datanets.call("contribute", *arguments, sender=STRANGER, value=value))

    @precondition(lambda self: self.open_contributions)
    @rule(accepted=st.booleans())
    def finalize_contribution(self, accepted: bool) -> None:
        if not accepted:
            self.chain.mine(20)
        sender = OWNER if accepted else OTHER
        self.chain.datanets.send("finalize", self.open_contributions.pop(), sender=sender)

    @precondition(lambda self: self.pending)
    @rule()
    def epoch_passes(self) -> None:
        for rewards in self.pending:
            self.earned = add_rewards(self.earned, rewards)
        self.pending.clear()
        self.chain.mine()
        tree = RewardTree.build(self.earned)
        block = self.chain.evm.state.block_number - 1
        self.epoch += 1
        arguments = (self.epoch, self.root, self.next_block, block, tree.root, tree.total)
        self.chain.attribution.send("proposeEpoch", *arguments, sender=OTHER, value=OPEN)
        assert tree.total == self.chain.attribution.call("owedBy", block)
        self.root, self.next_block = tree.root, block + 1
        self.chain.mine(5)
        self.chain.attribution.send("finalizeEpoch", self.epoch)
        self.trees.append(tree)

    @precondition(lambda self: self.trees)
    @rule(who=st.sampled_from((CONTRIBUTOR, OWNER)))
    def claim(self, who: bytes) -> None:
        tree = self.trees[-1]
        if tree.amount(hexed(who)) > self.chain.attribution.call("claimed", hexed(who)):
            self.chain.attribution.send("claim", hexed(who), tree.amount(hexed(who)), tree.proof(hexed(who)))

    @rule(name=st.sampled_from(CONTRACTS), who=st.sampled_from(PEOPLE))
    def withdraw_owed(self, name: str, who: bytes) -> None:
        contract = getattr(self.chain, name)
        if contract.call("owed", hexed(who)):
            contract.send("withdrawOwed", sender=who)

    @rule(name=st.sampled_from(("staking", "vesting")))
    def treasury_collects(self, name: str) -> None:
        source = getattr(self.chain, name)
        if source.call("owed", hexed(self.chain.treasury.address)):
            self.chain.treasury.send("collect", hexed(source.address))

    def owed(self, name: str) -> int:
        contract = getattr(self.chain, name)
        everybody = (*PEOPLE, self.chain.config.operator, self.chain.treasury.address)
        return sum(contract.call("owed", hexed(who)) for who in everybody)

    def held(self, name: str) -> int:
        return self.chain.evm.balance(getattr(self.chain, name).address)

    @invariant()
    def no_coin_is_made_or_lost(self) -> None:
        assert self.coins() == self.supply

    @invariant()
    def inference_holds_its_allocations_escrow_and_credits_exactly(self) -> None:
        price = self.chain.inference.call("quote", 1, 1000, 1000)
        escrow = (len(self.requests) + len(self.answered)) * price
        allocated = self.chain.inference.call("allocation", hexed(BUYER), hexed(WORKER))
        assert self.held("inference") == allocated + escrow + self.owed("inference")

    @invariant()
    def staking_holds_its_pools_and_credits(self) -> None:
        active = sum(self.chain.staking.call("totalStake", *pool) for pool in POOLS)
        assert self.held("staking") >= active + self.owed("staking")

    @invariant()
    def datanets_holds_open_bonds_and_credits_exactly(self) -> None:
        bonds = len(self.open_contributions) * (OPEN + OPEN // 10)
        assert self.held("datanets") == bonds + self.owed("datanets")

    @invariant()
    def attribution_holds_unclaimed_rewards_and_credits_exactly(self) -> None:
        claimed = sum(self.chain.attribution.call("claimed", hexed(who)) for who in (CONTRIBUTOR, OWNER))
        unclaimed = self.chain.attribution.call("owedBy", self.chain.evm.state.block_number) - claimed
        assert self.held("attribution") == unclaimed + self.owed("attribution")

    @invariant()
    def treasury_holds_what_can_be_granted(self) -> None:
        assert self.held("treasury") == self.chain.treasury.call("available") + self.owed("treasury")


TestEconomy = Economy.TestCase
TestEconomy.settings = settings(max_examples=6, stateful_step_count=40, deadline=None)
