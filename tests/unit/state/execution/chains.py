"""Builders for execution tests: funded keys, signed transactions, environments, and a chain that runs every
transaction under both executors."""

from typing import Any

from state.execution.port import AccountOverride, BlockEnv, BlockExecution, CallMessage, ChainRules, TransactionOutcome
from state.primitives.crypto import keccak256, private_key_to_address, sign_digest
from state.primitives.types import Address, BlockNumber, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.transactions import (
    Authorization,
    DepositTransaction,
    ExecutableTransaction,
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
    sign_transaction,
)
from state.transactions.signing import authorization_hash
from state.transition import CheckedExecutor
from state.world.readers import DictState

KEY = bytes(31) + b"\x01"
OTHER_KEY = bytes(31) + b"\x02"
SENDER = private_key_to_address(KEY)
OTHER = private_key_to_address(OTHER_KEY)
RECIPIENT = Address(b"\x22" * 20)
CONTRACT = Address(b"\xc0" * 20)
FEE_RECIPIENT = Address(bytes.fromhex("4200000000000000000000000000000000000011"))
L2 = ChainRules(chain_id=161299, is_optimism=True)
L1 = ChainRules(chain_id=900, is_optimism=False)
GWEI = 10**9
FUNDS = 10**18


def make_env(**changes: Any) -> BlockEnv:
    fields: dict[str, Any] = {
        "number": BlockNumber(1_000),
        "timestamp": UnixSeconds(1_700_000_000),
        "fee_recipient": FEE_RECIPIENT,
        "prev_randao": Hash32(b"\x07" * 32),
        "gas_limit": Gas(30_000_000),
        "base_fee_per_gas": Wei(GWEI),
        "parent_hash": Hash32(b"\x09" * 32),
        "parent_beacon_block_root": Hash32(b"\x0b" * 32),
        "ancestor_hash": lambda number: keccak256(str(number).encode()),
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
        "to": RECIPIENT,
        "value": Wei(1),
        "data": b"",
        "y_parity": 0,
        "r": 0,
        "s": 0,
    }
    return sign_transaction(SignedTransaction(**(fields | changes)), key)


def authorize(key: bytes, delegate: Address, nonce: int, chain_id: int = L2.chain_id) -> Authorization:
    unsigned = Authorization(chain_id=chain_id, address=delegate, nonce=Nonce(nonce), y_parity=0, r=0, s=0)
    y_parity, r, s = sign_digest(key, authorization_hash(unsigned))
    return Authorization(chain_id=chain_id, address=delegate, nonce=Nonce(nonce), y_parity=y_parity, r=r, s=s)


def deposit(**changes: Any) -> DepositTransaction:
    fields: dict[str, Any] = {
        "source_hash": Hash32(bytes(32)),
        "sender": OTHER,
        "to": RECIPIENT,
        "mint": Wei(0),
        "value": Wei(0),
        "gas_limit": Gas(100_000),
        "is_system_transaction": False,
        "data": b"",
    }
    return DepositTransaction(**(fields | changes))


class Chain:
    """A state in memory on which every transaction runs under both executors, which must agree."""

    def __init__(self, executor: CheckedExecutor, rules: ChainRules = L2) -> None:
        self.rules = rules
        self.state = DictState()
        self.state.put(SENDER, balance=FUNDS)
        self._executor = executor
        self._block: BlockExecution | None = None
        self.env = make_env()

    def apply(self, transaction: ExecutableTransaction) -> TransactionOutcome:
        """The outcome in the block that is open, or in a new one."""
        if self._block is None:
            self._block = self._executor.begin_block(self.state, self.env, self.rules)
        return self._block.apply(transaction)

    def finish(self) -> DictState:
        """The state after the open block."""
        block = self._block or self._executor.begin_block(self.state, self.env, self.rules)
        self.state.apply(block.finish())
        self._block = None
        return self.state

    def call(self, overrides: dict[Address, AccountOverride] | None = None, **changes: Any) -> TransactionOutcome:
        fields: dict[str, Any] = {"sender": SENDER, "to": CONTRACT, "gas_limit": Gas(1_000_000)}
        message = CallMessage(**(fields | changes))
        return self._executor.call(self.state, self.env, self.rules, message, overrides)

    def balance(self, address: Address) -> int:
        account = self.state.account(address)
        return 0 if account is None else account.balance
