"""A sandbox over the L2's rules on a memory store, with an outside clock that tests move."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from rollup.sandbox import Sandbox, SandboxChain
from state.blocks import encode_holocene_extra_data
from state.database import BlockRecord, ChainDatabase, MemoryStore
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import RecoveredTransaction, SignedTransaction, TransactionType, sign_transaction
from state.transition import GenesisSpec
from tests.compared import both_executors

GENESIS_TIME = 1_700_000_000
CHAIN_ID = 161_299
KEYS = [bytes([n]) * 32 for n in (1, 2)]
ALICE, BOB = (private_key_to_address(key) for key in KEYS)
NOBODY = Address(b"\x42" * 20)
MESSAGE_PASSER = Address(bytes.fromhex("4200000000000000000000000000000000000016"))
WHAT_TIME = Address(b"\x77" * 20)
"""Returns TIMESTAMP, and logs nothing."""
RETURNS_TIMESTAMP = bytes.fromhex("4260005260206000f3")


def genesis_json() -> dict[str, object]:
    alloc: dict[str, object] = {"0x" + address.hex(): {"balance": hex(10**21)} for address in (ALICE, BOB)}
    alloc["0x" + WHAT_TIME.hex()] = {"balance": "0x0", "code": "0x" + RETURNS_TIMESTAMP.hex()}
    return {
        "config": {"chainId": CHAIN_ID},
        "timestamp": hex(GENESIS_TIME),
        "gasLimit": hex(20_000_000),
        "baseFeePerGas": hex(10**9),
        "extraData": "0x" + encode_holocene_extra_data(250, 6).hex(),
        "alloc": alloc,
    }


def transfer(key: int = 0, *, nonce: int = 0, value: int = 1, to: Address | None = NOBODY, **fields: object):  # type: ignore[no-untyped-def]
    """A signed transfer of the account with KEYS[key]."""
    given = {"gas_limit": Gas(21_000), "max_fee_per_gas": Wei(10**10), "data": b""} | fields
    return sign_transaction(
        SignedTransaction(
            type=TransactionType.DYNAMIC_FEE,
            chain_id=CHAIN_ID,
            nonce=Nonce(nonce),
            max_priority_fee_per_gas=Wei(10**6),
            to=to,
            value=Wei(value),
            y_parity=0,
            r=0,
            s=0,
            **given,  # type: ignore[arg-type]
        ),
        KEYS[key],
    )


def made_up(sender: Address, *, nonce: int = 0, value: int = 1, to: Address | None = NOBODY) -> RecoveredTransaction:
    """A transaction that `sender` has not signed."""
    signed = transfer(nonce=nonce, value=value, to=to)
    return RecoveredTransaction(
        transaction=signed.transaction, sender=sender, raw=signed.raw, hash=signed.hash, is_impersonated=True
    )


@dataclass
class Told:
    """SandboxEvents that remembers."""

    added: list[BlockRecord] = field(default_factory=list)
    dropped: list[BlockRecord] = field(default_factory=list)

    def on_blocks(self, added: Sequence[BlockRecord], dropped: Sequence[BlockRecord]) -> None:
        self.added += added
        self.dropped += dropped


@dataclass
class Bench:
    """The sandbox, who is told, and the time outside."""

    thread: ThreadPoolExecutor
    now: float = GENESIS_TIME
    told: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        self.db = ChainDatabase(MemoryStore())
        chain = SandboxChain(self.db, both_executors(), GenesisSpec.from_json(genesis_json()))
        self.sandbox = Sandbox(chain, clock=lambda: self.now, thread=self.thread, events=self.told)

    @property
    def number(self) -> int:
        return self.sandbox.chain.head.number

    @property
    def timestamp(self) -> int:
        return self.sandbox.chain.head.timestamp


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    with ThreadPoolExecutor(max_workers=1) as thread:
        yield Bench(thread)
        await asyncio.sleep(0)
