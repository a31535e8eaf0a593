"""Builders for transition tests: a small network with one funded key, and blocks on it."""

from collections.abc import Sequence
from typing import Any

from state.blocks import encode_holocene_extra_data
from state.database import ChainDatabase, Heads, MemoryStore
from state.execution.port import ChainRules, Executor
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.transactions import (
    DepositTransaction,
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
    encode_transaction,
    sign_transaction,
)
from state.transition import BlockAttributes, BlockBuilder, GenesisSpec, SealedBlock, genesis_record

KEY = bytes(31) + b"\x01"
SENDER = private_key_to_address(KEY)
SEQUENCER_FEE_VAULT = Address(bytes.fromhex("4200000000000000000000000000000000000011"))
EXTRA_DATA = encode_holocene_extra_data(250, 6)
GENESIS_TIME = 1_700_000_000
GWEI = 10**9


def genesis_json(chain_id: int, alloc: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "config": {"chainId": chain_id},
        "timestamp": hex(GENESIS_TIME),
        "gasLimit": hex(20_000_000),
        "baseFeePerGas": hex(GWEI),
        "extraData": "0x" + EXTRA_DATA.hex(),
        "coinbase": "0x" + SEQUENCER_FEE_VAULT.hex(),
        "alloc": {SENDER.hex(): {"balance": hex(10**21)}} | (alloc or {}),
    }


class Network:
    """A chain in memory that grows block by block."""

    def __init__(self, rules: ChainRules, executor: Executor, alloc: dict[str, Any] | None = None) -> None:
        self.rules = rules
        self.executor = executor
        self.genesis = genesis_record(GenesisSpec.from_json(genesis_json(rules.chain_id, alloc)), rules)
        self.db = ChainDatabase(MemoryStore())
        self.db.initialise(self.genesis)
        self.nonce = 0

    @property
    def head(self) -> Hash32:
        return self.db.flat_head()

    def attributes(self, **changes: Any) -> BlockAttributes:
        parent = self.db.require_header(self.head)
        fields: dict[str, Any] = {
            "timestamp": UnixSeconds(parent.timestamp + 2),
            "fee_recipient": SEQUENCER_FEE_VAULT,
            "prev_randao": Hash32(b"\x05" * 32),
            "gas_limit": Gas(20_000_000),
            "extra_data": EXTRA_DATA,
        }
        return BlockAttributes(**(fields | changes))

    def builder(self, **changes: Any) -> BlockBuilder:
        return BlockBuilder(self.db, self.executor, self.rules, self.head, self.attributes(**changes))

    def seal(self, transactions: Sequence[RecoveredTransaction | DepositTransaction], **changes: Any) -> SealedBlock:
        builder = self.builder(**changes)
        for tx in transactions:
            raw = encode_transaction(tx) if isinstance(tx, DepositTransaction) else tx.raw
            builder.apply(tx, raw)
        return builder.seal()

    def commit(self, sealed: SealedBlock) -> None:
        block_hash = sealed.record.hash
        self.db.commit_block(
            sealed.record, Heads(unsafe=block_hash, safe=self.genesis.hash, finalized=self.genesis.hash)
        )

    def sign(self, **changes: Any) -> RecoveredTransaction:
        fields: dict[str, Any] = {
            "type": TransactionType.DYNAMIC_FEE,
            "chain_id": self.rules.chain_id,
            "nonce": Nonce(self.nonce),
            "gas_limit": Gas(21_000),
            "max_fee_per_gas": Wei(3 * GWEI),
            "max_priority_fee_per_gas": Wei(1),
            "to": Address(b"\x22" * 20),
            "value": Wei(7),
            "data": b"",
            "y_parity": 0,
            "r": 0,
            "s": 0,
        }
        self.nonce += 1
        return sign_transaction(SignedTransaction(**(fields | changes)), KEY)


L2 = ChainRules(chain_id=161299, is_optimism=True)
L1 = ChainRules(chain_id=900, is_optimism=False)
