"""One L2 block being built from payload attributes."""

from rollup.errors import InvalidPayload
from rollup.types import L2BlockRef, PayloadAttributes, RollupConfig
from state.blocks import encode_holocene_extra_data
from state.database import ChainDatabase
from state.errors import DecodeError, InvalidTransaction
from state.execution.port import ChainRules, Executor, TransactionOutcome
from state.transactions import (
    AnyTransaction,
    DepositTransaction,
    RecoveredTransaction,
    decode_transaction,
    recover_transaction,
)
from state.transition import BlockAttributes, BlockBuilder, SealedBlock


def eip1559_extra_data(attributes: PayloadAttributes, config: RollupConfig) -> bytes:
    """The header's extraData; zeros in the attributes mean the chain's default (holocene/exec-engine.md)."""
    denominator = int.from_bytes(attributes.eip1559_params[:4], "big")
    elasticity = int.from_bytes(attributes.eip1559_params[4:], "big")
    if denominator == 0 and elasticity == 0:
        denominator, elasticity = config.eip1559_denominator, config.eip1559_elasticity
    return encode_holocene_extra_data(denominator, elasticity)


class PayloadBuild:
    """A block on top of `parent`, with the attributes' own transactions already in it.

    Raises InvalidPayload from the constructor where one of those can't be in any block here.
    """

    def __init__(
        self,
        *,
        db: ChainDatabase,
        executor: Executor,
        rules: ChainRules,
        config: RollupConfig,
        parent: L2BlockRef,
        attributes: PayloadAttributes,
    ) -> None:
        self.parent = parent
        self.attributes = attributes
        self._builder = BlockBuilder(
            db,
            executor,
            rules,
            parent.hash,
            BlockAttributes(
                timestamp=attributes.timestamp,
                fee_recipient=attributes.fee_recipient,
                prev_randao=attributes.prev_randao,
                gas_limit=attributes.gas_limit,
                extra_data=eip1559_extra_data(attributes, config),
                parent_beacon_block_root=attributes.parent_beacon_block_root,
            ),
        )
        for raw in attributes.transactions:
            self._apply_forced(raw)

    def _apply_forced(self, raw: bytes) -> None:
        try:
            transaction = _executable(decode_transaction(raw), raw)
            self._builder.apply(transaction, raw)
        except (InvalidTransaction, DecodeError) as error:
            raise InvalidPayload(f"payload at {self.parent.number + 1}: {error}") from error

    @property
    def gas_used(self) -> int:
        return self._builder.gas_used

    @property
    def gas_left(self) -> int:
        return self._builder.gas_left

    def apply(self, transaction: RecoveredTransaction) -> TransactionOutcome:
        """The outcome of a pool transaction, now part of the block. Raises InvalidTransaction, nothing changed."""
        return self._builder.apply(transaction, transaction.raw)

    def seal(self) -> SealedBlock:
        """The finished block; nothing is on disk yet."""
        return self._builder.seal()


def _executable(transaction: AnyTransaction, raw: bytes) -> RecoveredTransaction | DepositTransaction:
    if isinstance(transaction, DepositTransaction):
        return transaction
    return recover_transaction(raw)
