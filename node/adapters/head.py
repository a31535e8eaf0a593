"""The unsafe head's state as the pool asks for it."""

from contracts.addresses import L1_BLOCK
from state.database import ChainDatabase
from state.execution.fees import L1FeeParams, l1_fee, operator_fee
from state.primitives.types import Address, Gas, Hash32, Wei
from state.transactions import RecoveredTransaction
from state.world.readers import FlatState
from state.world.types import Account


class DatabaseHead:
    """Reads the flat tables, which are the unsafe head's."""

    def __init__(self, db: ChainDatabase, *, is_optimism: bool) -> None:
        self._db = db
        self._state = FlatState(db)
        self._is_optimism = is_optimism
        self._params: tuple[Hash32, L1FeeParams] | None = None

    def account(self, address: Address) -> Account | None:
        return self._state.account(address)

    def code(self, code_hash: Hash32) -> bytes:
        return self._state.code(code_hash)

    def block_gas_limit(self) -> int:
        return self._db.require_header(self._db.flat_head()).gas_limit

    def op_fees(self, transaction: RecoveredTransaction) -> Wei:
        """L1 fee and operator fee on the gas limit, by the prices of the unsafe head."""
        if not self._is_optimism:
            return Wei(0)
        params = self._fee_params()
        fee = l1_fee(transaction.raw, params) + operator_fee(Gas(transaction.transaction.gas_limit), params)
        return Wei(fee)

    def _fee_params(self) -> L1FeeParams:
        head = self._db.flat_head()
        if self._params is None or self._params[0] != head:
            params = L1FeeParams.from_storage(lambda slot: self._state.storage(Address(L1_BLOCK), slot))
            self._params = (head, params)
        return self._params[1]
