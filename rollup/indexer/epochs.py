"""Epochs of rewards, their trees' proofs, and what one contributor earned (CONTRACTS.md 0a)."""

from eth_utils.address import to_checksum_address

from contracts.rewards import RewardTree
from rollup.indexer.ledger import add_up, earned_by, tree_at, unreadable_by
from rollup.indexer.memory import Memory
from rollup.indexer.pages import decode_id, encode_id
from rollup.indexer.snapshot import Answer, Snapshot


def epoch(snapshot: Snapshot, memory: Memory, number: int) -> Answer:
    """An epoch, and whether the chain's own data gives its root; None for one that is not proposed."""
    if not 1 <= number <= int(snapshot.view("Attribution", "proposedEpoch")):
        return snapshot.named(epoch=None)
    add_up(snapshot, memory)
    found = _epoch(snapshot, number)
    tree = tree_at(memory, found["toBlock"])
    lost = unreadable_by(memory, found["toBlock"])
    recomputed = {
        "recomputedRoot": None if tree is None else tree.root,
        "rootMatches": tree is not None and tree.root == found["root"],
        "accounts": 0 if tree is None else len(tree.amounts),
        "unreadableBatches": lost,
    }
    return snapshot.named(epoch=found | recomputed)


def epochs(snapshot: Snapshot, _memory: Memory, cursor: bytes | None, limit: int) -> Answer:
    """A page of epochs by number."""
    after, count = decode_id(cursor), int(snapshot.view("Attribution", "proposedEpoch"))
    last = min(after + limit, count)
    return snapshot.named(
        epochs=[_epoch(snapshot, number) for number in range(after + 1, last + 1)],
        proposed=count,
        final=int(snapshot.view("Attribution", "finalEpoch")),
        next=encode_id(last) if last < count else None,
    )


def epoch_proofs(snapshot: Snapshot, memory: Memory, number: int, cursor: bytes | None, limit: int) -> Answer:
    """A page of an epoch's leaves, by account, each with the proof that `claim` takes while this epoch is the newest
    final one. None for an epoch that is not proposed, or whose root the chain's data doesn't give."""
    tree = None
    if 1 <= number <= int(snapshot.view("Attribution", "proposedEpoch")):
        add_up(snapshot, memory)
        found = _epoch(snapshot, number)
        tree = tree_at(memory, found["toBlock"])
        tree = tree if tree is not None and tree.root == found["root"] else None
    if tree is None:
        return snapshot.named(proofs=None, next=None)
    accounts, after = sorted(tree.amounts, key=str.lower), decode_id(cursor)
    page = accounts[after : after + limit]
    more = after + limit < len(accounts)
    return snapshot.named(
        root=tree.root,
        total=tree.total,
        accounts=len(accounts),
        proofs=[_leaf(tree, account) for account in page],
        next=encode_id(after + limit) if more else None,
    )


def _leaf(tree: RewardTree, account: str) -> Answer:
    return {"account": account.lower(), "cumulative": tree.amount(account), "proof": tree.proof(account)}


def _epoch(snapshot: Snapshot, number: int) -> Answer:
    return {"epoch": number, **snapshot.view("Attribution", "epoch", number)}


def earnings(snapshot: Snapshot, memory: Memory, account: bytes) -> Answer:
    """What an account earned with its data, and the arguments of `Attribution.claim` for what it may claim now."""
    add_up(snapshot, memory)
    who = to_checksum_address(account)
    final = int(snapshot.view("Attribution", "finalEpoch"))
    found = _epoch(snapshot, final) if final else None
    tree = None if found is None else tree_at(memory, found["toBlock"])
    matches = tree is not None and found is not None and tree.root == found["root"]
    cumulative = tree.amount(who) if tree is not None and matches else 0
    claimed = int(snapshot.view("Attribution", "claimed", account))
    earned = earned_by(memory, who, snapshot.number)
    return snapshot.named(
        earnings={
            "account": account,
            "earned": earned,
            "epoch": final or None,
            "root": None if found is None else found["root"],
            "rootMatches": matches,
            "cumulative": cumulative,
            "claimed": claimed,
            "claimable": max(0, cumulative - claimed),
            "pending": earned - cumulative,
            "owed": int(snapshot.view("Attribution", "owed", account)),
            "proof": tree.proof(who) if tree is not None and cumulative else None,
        }
    )
