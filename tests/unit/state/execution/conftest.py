"""Builders for execution tests: a funded key, signed transactions, an environment, states in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from state.execution.port import BlockEnv, ChainRules
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, BlockNumber, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.transactions import RecoveredTransaction, SignedTransaction, TransactionType, sign_transaction
from state.world.readers import DictState

KEY = bytes(31) + b"\x01"
SENDER = private_key_to_address(KEY)
FEE_RECIPIENT = Address(bytes.fromhex("4200000000000000000000000000000000000011"))
L2 = ChainRules(chain_id=161299, is_optimism=True)
L1 = ChainRules(chain_id=900, is_optimism=False)
GWEI = 10**9


def make_env(**changes: Any) -> BlockEnv:
    fields: dict[str, Any] = {
        "number": BlockNumber(10),
        "timestamp": UnixSeconds(1_700_000_000),
        "fee_recipient": FEE_RECIPIENT,
        "prev_randao": Hash32(b"\x07" * 32),
        "gas_limit": Gas(30_000_000),
        "base_fee_per_gas": Wei(GWEI),
        "parent_hash": Hash32(b"\x09" * 32),
    }
    return BlockEnv(**(fields | changes))


def sign(rules: ChainRules = L2, key: bytes = KEY, **changes: Any) -> RecoveredTransaction:
    fields: dict[str, Any] = {
        "type": TransactionType.DYNAMIC_FEE,
        "chain_id": rules.chain_id,
        "nonce": Nonce(0),
        "gas_limit": Gas(21_000),
        "max_fee_per_gas": Wei(2 * GWEI),
        "max_priority_fee_per_gas": Wei(GWEI // 2),
        "to": Address(b"\x22" * 20),
        "value": Wei(1),
        "data": b"",
        "y_parity": 0,
        "r": 0,
        "s": 0,
    }
    return sign_transaction(SignedTransaction(**(fields | changes)), key)


@dataclass
class Chain:
    """A state in memory with one funded key."""

    rules: ChainRules = L2
    state: DictState = field(default_factory=DictState)


@pytest.fixture
def chain() -> Chain:
    built = Chain()
    built.state.put(SENDER, balance=10**18)
    return built


@pytest.fixture
def env() -> BlockEnv:
    return make_env()


SignedFactory = Callable[..., RecoveredTransaction]
