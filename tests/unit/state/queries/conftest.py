"""A chain of one block with a few contracts, and builders of what is asked about it."""

from dataclasses import dataclass
from typing import Any

import pytest

from state.blocks import EMPTY_TRIE_ROOT, Header
from state.database import BlockRecord, ChainDatabase, MemoryStore
from state.execution.fast import FastExecutor
from state.execution.port import BlockOverrides, ChainRules
from state.primitives.crypto import keccak256
from state.primitives.types import ZERO_HASH, Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei
from state.queries import BlockRequest, SimulatedBlockResult, SimulationRequest, StateQueries
from state.transactions import CallRequest
from state.world.commit import commit_changes
from state.world.types import Account, StateChanges

L1 = ChainRules(chain_id=900, is_optimism=False)
L2 = ChainRules(chain_id=161299, is_optimism=True)
RICH, POOR, VAULT = Address(b"\x11" * 20), Address(b"\x12" * 20), Address(b"\x42" + bytes(18) + b"\x11")
GWEI = 10**9
FUNDS = 10**18
HOLOCENE = bytes.fromhex("00000000fa00000006")


def contract(number: int) -> Address:
    """An address that nothing else has."""
    return Address(bytes([0xC0, number]) * 10)


@dataclass(frozen=True, kw_only=True)
class SmallChain:
    """One block, and questions to it."""

    db: ChainDatabase
    hash: Hash32
    header: Header
    queries: StateQueries
    rules: ChainRules

    def simulate(self, *blocks: BlockRequest, **flags: Any) -> list[SimulatedBlockResult]:
        """eth_simulateV1 on the chain's one block."""
        fields = {"block_time": 2, "gas_cap": 50_000_000} | flags
        return self.queries.simulate(self.hash, SimulationRequest(blocks=blocks, **fields))


def small_chain(rules: ChainRules, codes: dict[Address, str], *, rich: Address = RICH) -> SmallChain:
    """A chain on which `rich` has FUNDS and each of `codes`, in hex, stands at its address with nonce 1."""
    changes = StateChanges(accounts={rich: Account(balance=Wei(FUNDS))})
    for address, text in codes.items():
        code = bytes.fromhex(text)
        changes.accounts[address] = Account(nonce=1, code_hash=keccak256(code))
        changes.codes[keccak256(code)] = code
    db = ChainDatabase(MemoryStore())
    commit = commit_changes(db, EMPTY_TRIE_ROOT, changes)
    header = Header(
        parent_hash=ZERO_HASH,
        fee_recipient=VAULT,
        state_root=commit.state_root,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=BlockNumber(0),
        gas_limit=Gas(20_000_000),
        gas_used=Gas(0),
        timestamp=UnixSeconds(1_000),
        extra_data=HOLOCENE,
        prev_randao=ZERO_HASH,
        base_fee_per_gas=Wei(GWEI),
        withdrawals_root=EMPTY_TRIE_ROOT,
    )
    record = BlockRecord(
        hash=header.hash,
        header=header,
        transactions=(),
        transaction_hashes=(),
        senders=(),
        receipts=(),
        receipt_extras=(),
        delta=commit.delta,
    )
    db.initialise(record)
    return SmallChain(
        db=db, hash=record.hash, header=header, queries=StateQueries(db, FastExecutor(), rules), rules=rules
    )


def request(to: Address | None = None, **fields: Any) -> CallRequest:
    """A call from RICH with nothing else in it."""
    empty: dict[str, Any] = {
        "sender": RICH,
        "gas": None,
        "gas_price": None,
        "max_fee_per_gas": None,
        "max_priority_fee_per_gas": None,
        "value": 0,
        "nonce": None,
        "data": b"",
        "access_list": (),
        "authorizations": (),
        "chain_id": None,
    }
    return CallRequest(to=to, **(empty | fields))


def block(*calls: CallRequest, accounts: Any = None, **overrides: Any) -> BlockRequest:
    """A block to simulate."""
    return BlockRequest(calls=calls, accounts=accounts or {}, overrides=BlockOverrides(**overrides))


@pytest.fixture(params=[L1, L2], ids=["L1", "L2"])
def rules(request: pytest.FixtureRequest) -> ChainRules:
    """Both kinds of chain."""
    found: ChainRules = request.param
    return found
