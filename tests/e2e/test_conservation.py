"""Nothing is lost and nothing is made: fees to the wei, and the portal's equation term by term (DESIGN.md section 4).

The demo's traffic and every way over the bridge run on a devnet; fees are compared while it runs, from balances at two
blocks, and the portal's equation after it stopped, from both databases.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import rlp
from eth_abi.abi import decode
from web3 import Web3

from client.bridge import Bridge, WithdrawalStatus, deposit_hash
from client.chain import Chain
from client.demo import DemoOptions, DemoResult, run_demo
from client.demo.ledger import split_ledger
from client.errors import TransactionReverted
from client.keys import devnet_account
from client.staking import StakeKind, Staking, model_pool, worker_pool
from contracts.addresses import (
    L2_TO_L1_MESSAGE_PASSER,
    OPEN_PREDEPLOYS,
    SIMULATED_L1,
    checksum,
)
from contracts.genesis_config import TOTAL_SUPPLY, WEI_PER_OPEN
from contracts.signatures import selector, topic
from state.database import ChainDatabase, LevelDBStore
from state.primitives.types import Hash32
from state.transactions import decode_transaction
from tests.e2e.conftest import Devnet

pytestmark = pytest.mark.slow

PORTAL = SIMULATED_L1["OptimismPortal"]
DEPOSITED = topic("TransactionDeposited(address,address,uint256,bytes)")
FINALIZED = topic("WithdrawalFinalized(bytes32,bool)")
PASSED = topic("MessagePassed(uint256,address,address,uint256,uint256,bytes,bytes32)")
DONATE = selector("donateETH()")
DESTROY_ITSELF = bytes.fromhex("30ff")
"""ADDRESS SELFDESTRUCT as initcode: made and gone in one transaction, its value with it (EIP-6780)."""
DESTROYED = 3 * WEI_PER_OPEN // 4


class Silent:
    def stage(self, name: str, total: int) -> Callable[[], None]:
        return lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened, and where it is on disk."""

    result: DemoResult
    chain: Chain
    devnet: Devnet


@pytest.fixture(scope="module")
def story(devnet: Devnet) -> Story:
    options = DemoOptions(rpc_url=devnet.rpc, l1_rpc_url=devnet.l1_rpc, inferences=200)
    return Story(result=run_demo(options, Silent()), chain=Chain(devnet.rpc), devnet=devnet)


def growth(story: Story, amount_at: Callable[[int], int]) -> int:
    settlement = story.result.settlement
    return amount_at(settlement.last_block) - amount_at(settlement.first_block - 1)


def test_fees_are_platform_owner_stakers_and_contributors_to_the_wei(story: Story) -> None:
    ledger, settlement = story.result.ledger, story.result.settlement
    assert ledger.difference == 0
    assert min(ledger.platform, ledger.owners, ledger.stakers, ledger.contributors) > 0
    assert ledger.fees == settlement.fees
    assert ledger == split_ledger(story.chain, settlement.first_block, settlement.last_block)


def test_contracts_books_agree_with_their_balances(story: Story) -> None:
    ledger, chain = story.result.ledger, story.chain
    treasury, attribution = chain.contract("Treasury"), chain.contract("Attribution")
    assert growth(story, lambda b: treasury.functions.received().call(block_identifier=b)) == ledger.platform
    assert growth(story, lambda b: attribution.functions.owedBy(b).call(block_identifier=b)) == ledger.contributors
    staking = chain.contract("Staking").functions.totalStake
    pools = [(StakeKind.MODEL, model_pool(number)) for number in range(1, story.result.datanets + 1)]
    pools.append((StakeKind.WORKER, worker_pool(story.result.cast.worker.address)))
    stakers = sum(growth(story, lambda b, p=pool: staking(*p).call(block_identifier=b)) for pool in pools)
    assert stakers == ledger.stakers
    assert Staking(chain).total(*pools[0]) > 0


def test_every_wei_for_contributors_was_claimed(story: Story) -> None:
    assert sum(story.result.rewards.values()) == story.result.ledger.contributors
    where = Web3.to_checksum_address(checksum(OPEN_PREDEPLOYS["Attribution"]))
    bond = story.chain.contract("Attribution").functions.owed(story.result.cast.worker.address).call()
    assert story.chain.balance(where) == bond > 0  # the epoch's, given back to who proposed it


@pytest.fixture(scope="module")
def stopped(story: Story) -> Iterator[tuple[ChainDatabase, ChainDatabase]]:
    """(L2's database, L1's) after deposits, withdrawals, a donation and a destruction, with the devnet stopped."""
    l2, l1 = story.chain, Chain(story.devnet.l1_rpc)
    bridge, account = Bridge(l2, l1), devnet_account(4)
    bridge.wait_for_deposit(bridge.deposit(account, 5 * WEI_PER_OPEN))
    portal = l1.contract("OptimismPortal", checksum(PORTAL))
    l1.transact(account, portal.functions.donateETH(), value=3 * WEI_PER_OPEN)
    # A deposit whose call fails on L2: what it minted stays with its sender.
    treasury = Web3.to_checksum_address(checksum(OPEN_PREDEPLOYS["Treasury"]))
    failing = portal.functions.depositTransaction(treasury, WEI_PER_OPEN, 100_000, False, b"\x12\x34\x56\x78")
    failed = deposit_hash(l1.transact(account, failing, value=WEI_PER_OPEN), portal)
    with pytest.raises(TransactionReverted):  # it takes a nonce of the account: nothing else is sent before it is there
        bridge.wait_for_deposit(failed)

    _, paid = bridge.withdraw(account, WEI_PER_OPEN)
    _, refused = bridge.withdraw(account, WEI_PER_OPEN // 2, to=checksum(SIMULATED_L1["SystemConfig"]), data=b"\x99")
    l2.transact(account, l2.contract("L2ToL1MessagePasser").functions.burn())
    bridge.withdraw(account, 2 * WEI_PER_OPEN)
    creation = {"value": DESTROYED, "data": DESTROY_ITSELF, "gas": 100_000, "chainId": l2.chain_id}
    fees = {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**6}
    nonce = l2.web3.eth.get_transaction_count(account.address)
    signed = account.sign_transaction({**creation, **fees, "nonce": nonce})
    l2.wait(l2.web3.eth.send_raw_transaction(signed.raw_transaction))

    for withdrawal in (paid, refused):
        bridge.wait_for(withdrawal, WithdrawalStatus.READY_TO_PROVE)
        bridge.prove(account, withdrawal)
    for withdrawal, succeeds in ((paid, True), (refused, False)):
        bridge.wait_for(withdrawal, WithdrawalStatus.READY_TO_FINALIZE)
        assert bridge.finalize(account, withdrawal) is succeeds
    bridge.deposit(account, WEI_PER_OPEN)  # perhaps not delivered any more
    story.devnet.processes.stop()
    databases = [_open(story.devnet.directory / name / "chain") for name in ("sequencer", "l1")]
    try:
        yield databases[0], databases[1]
    finally:
        for database in databases:
            database.close()


def _open(path: Path) -> ChainDatabase:
    return ChainDatabase(LevelDBStore(path))


def balance(leaf: bytes | None) -> int:
    """Of an account's leaf, by an RLP decoder that is not ours."""
    return 0 if leaf is None else int.from_bytes(rlp.decode(leaf)[1], "big")


def logs(db: ChainDatabase, emitter: bytes, event: bytes, first: int = 0) -> Iterator[tuple[list[bytes], bytes]]:
    """(topics, data) of the canonical chain's logs."""
    for _, block_hash in canonical(db, first):
        for receipt in db.receipts(block_hash) or ():
            for log in receipt.logs:
                if log.address == emitter and log.topics[0] == event:
                    yield list(log.topics), log.data


def canonical(db: ChainDatabase, first: int = 0) -> Iterator[tuple[int, Hash32]]:
    for number in range(first, db.require_header(db.flat_head()).number + 1):
        block_hash = db.canonical_hash(number)
        assert block_hash is not None
        yield number, block_hash


def origin_number(db: ChainDatabase) -> int:
    """Of the L2 head, from its L1-attributes transaction."""
    block = db.block(db.flat_head())
    assert block is not None
    return int.from_bytes(decode_transaction(block.transactions[0]).data[28:36], "big")


def donated(l1: ChainDatabase) -> int:
    total = 0
    for _, block_hash in canonical(l1):
        block, receipts = l1.block(block_hash), l1.receipts(block_hash)
        assert block is not None
        assert receipts is not None
        for raw, receipt in zip(block.transactions, receipts, strict=True):
            transaction = decode_transaction(raw)
            if transaction.to == PORTAL and transaction.data == DONATE and receipt.succeeded:
                total += transaction.value
    return total


def test_portal_holds_what_exists_on_l2_and_is_on_its_way(stopped: tuple[ChainDatabase, ChainDatabase]) -> None:
    l2, l1 = stopped
    portal = balance(l1.flat_account(PORTAL))
    supply = sum(balance(leaf) for _, leaf in l2.iterate_flat_accounts())
    passer = balance(l2.flat_account(L2_TO_L1_MESSAGE_PASSER))
    deposits = [
        int.from_bytes(decode(["bytes"], data)[0][:32], "big")
        for _, data in logs(l1, PORTAL, DEPOSITED, first=origin_number(l2) + 1)
    ]
    withdrawals = {}
    for _, data in logs(l2, L2_TO_L1_MESSAGE_PASSER, PASSED):
        value, _, _, key = decode(["uint256", "uint256", "bytes", "bytes32"], data)
        withdrawals[key] = value
    for topics, data in logs(l1, PORTAL, FINALIZED):
        if decode(["bool"], data)[0]:
            del withdrawals[topics[1]]
    terms = {
        "L2 supply": supply,
        "message passer": -passer,
        "undelivered deposits": sum(deposits),
        "unfinalised or failed withdrawals": sum(withdrawals.values()),
        "donations": donated(l1),
        "destroyed": DESTROYED,
    }
    print({"portal": portal, **terms})
    assert sorted(withdrawals.values()) == [WEI_PER_OPEN // 2, 2 * WEI_PER_OPEN]
    assert terms["donations"] == 3 * WEI_PER_OPEN
    assert passer >= 2 * WEI_PER_OPEN
    assert portal != TOTAL_SUPPLY
    assert portal == sum(terms.values())
