"""Where the OPEN is: issued once at genesis, and measured by balances at a block.

The genesis allocation is 1,000,000,000 OPEN (CONTRACTS.md 01). Deposits of coins that L1 had beside that escrow add to
what is on L2, withdrawals take from it. The sum of all balances is measured where the answer is about the head of a
reader's own database and there are not too many accounts to add up; elsewhere it is null, and so is what follows from
it.
"""

from typing import Final

from contracts.addresses import FEE_VAULTS, OP_PREDEPLOYS, OPEN_PREDEPLOYS
from contracts.genesis_config import TOTAL_SUPPLY, TRANCHES
from contracts.open_genesis import tranche_id
from rollup.indexer.memory import Memory
from rollup.indexer.snapshot import Answer, Snapshot
from state.world.accounts import decode_account

MOST_ACCOUNTS: Final = 200_000
"""Accounts that are added up: a second or two."""
_BRIDGE: Final = "L2ToL1MessagePasser"
_HOLDERS: Final = (*OPEN_PREDEPLOYS, *FEE_VAULTS, _BRIDGE)
"""Contracts whose coins are nobody's to spend now. Wrapped OPEN is not among them: it circulates."""


def supply(snapshot: Snapshot, _memory: Memory) -> Answer:
    """The genesis supply and where it is. Wei."""
    addresses = OPEN_PREDEPLOYS | OP_PREDEPLOYS
    held = {str(name): int(snapshot.balance(addresses[name])) for name in _HOLDERS}
    on_l2 = _sum_of_balances(snapshot)
    tranches = [_tranche(snapshot, name) for name in TRANCHES]
    in_contracts = sum(held.values())
    return snapshot.named(
        supply={
            "total": TOTAL_SUPPLY,
            "vestingLocked": sum(tranche["total"] - tranche["released"] for tranche in tranches),
            "tranches": tranches,
            "staked": held["Staking"],
            "treasury": held["Treasury"],
            "attribution": held["Attribution"],
            "inference": held["Inference"],
            "datanets": held["Datanets"],
            "governance": held["GOpen"],
            "feeVaults": sum(held[name] for name in FEE_VAULTS),
            "withdrawnToL1": held[_BRIDGE],
            "predeploys": held,
            "wrapped": int(snapshot.balance(addresses["WrappedOpen"])),
            "onL2": on_l2,
            "depositedBeyondGenesis": None if on_l2 is None else on_l2 - TOTAL_SUPPLY,
            "circulating": None if on_l2 is None else on_l2 - in_contracts,
        }
    )


def _tranche(snapshot: Snapshot, name: str) -> Answer:
    key = tranche_id(name)
    beneficiary, total, upfront, start, cliff, duration, released = snapshot.view("Vesting", "tranche", key)
    return {
        "name": name,
        "beneficiary": beneficiary,
        "total": total,
        "upfront": upfront,
        "start": start,
        "cliff": cliff,
        "duration": duration,
        "released": released,
        "releasable": snapshot.view("Vesting", "releasable", key),
    }


def _sum_of_balances(snapshot: Snapshot) -> int | None:
    """Wei of all accounts after the snapshot's block, where that can be added up."""
    database = snapshot.queries.database
    if not snapshot.queries.stands_still or database.flat_head() != snapshot.hash:
        return None
    total = 0
    for count, (_, leaf) in enumerate(database.iterate_flat_accounts()):
        if count == MOST_ACCOUNTS:
            return None
        total += decode_account(leaf).balance
    return total
