"""The unsafe head's state as the pool asks for it."""

from typing import Final

from contracts.addresses import L1_BLOCK
from state.database import ChainDatabase
from state.execution.fees import L1FeeParams, l1_fee, operator_fee
from state.primitives.types import Address, Gas, Hash32, Wei
from state.transactions import RecoveredTransaction
from state.world.readers import FlatState
from state.world.types import Account

MOST_ACCOUNTS: Final = 16_384
"""Remembered between two writes."""


class DatabaseHead:
    """Reads the flat tables, which are the unsafe head's."""

    def __init__(self, db: ChainDatabase, *, is_optimism: bool) -> None:
        self._db = db
        self._state = FlatState(db)
        self._is_optimism = is_optimism
        self._sequence = -1
        self._accounts: dict[Address, Account | None] = {}
        self._gas_limit: int | None = None
        self._params: L1FeeParams | None = None

    def _look_again_after_writes(self) -> None:
        """Forget what was read before the database's last write; a burst of admissions between two blocks reads once.

        The sequence moves on after each write, so that what is read while one is under way is kept at most until then.
        """
        sequence = self._db.sequence
        if sequence != self._sequence:
            self._accounts, self._gas_limit, self._params = {}, None, None
            self._sequence = sequence

    def account(self, address: Address) -> Account | None:
        self._look_again_after_writes()
        try:
            return self._accounts[address]
        except KeyError:
            account = self._state.account(address)
            if len(self._accounts) < MOST_ACCOUNTS:
                self._accounts[address] = account
            return account

    def code(self, code_hash: Hash32) -> bytes:
        return self._state.code(code_hash)

    def block_gas_limit(self) -> int:
        self._look_again_after_writes()
        if self._gas_limit is None:
            self._gas_limit = self._db.require_header(self._db.flat_head()).gas_limit
        return self._gas_limit

    def op_fees(self, transaction: RecoveredTransaction) -> Wei:
        """L1 fee and operator fee on the gas limit, by the prices of the unsafe head."""
        if not self._is_optimism:
            return Wei(0)
        params = self._fee_params()
        fee = l1_fee(transaction.raw, params) + operator_fee(Gas(transaction.transaction.gas_limit), params)
        return Wei(fee)

    def _fee_params(self) -> L1FeeParams:
        self._look_again_after_writes()
        if self._params is None:
            self._params = L1FeeParams.from_storage(lambda slot: self._state.storage(Address(L1_BLOCK), slot))
        return self._params
