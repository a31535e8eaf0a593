"""What is kept of an L1 block as long as L2 blocks may take it as their origin: all but its transactions."""

from dataclasses import dataclass

from rollup.codec.deposits import derive_deposits
from rollup.codec.system_config import apply_config_updates
from rollup.types import L1Block, L1BlockRef, RollupConfig, SystemConfig
from state.transactions import encode_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """An L1 block in its role as origin."""

    block: L1Block
    """Without transactions and receipts."""
    system_config: SystemConfig
    """As of this block, its own updates included: that of every L2 block with this origin."""
    deposits: tuple[bytes, ...]
    """Raw deposit transactions of the block's users, in log order."""

    @property
    def ref(self) -> L1BlockRef:
        return self.block.ref

    @classmethod
    def of(cls, block: L1Block, system_config: SystemConfig, config: RollupConfig) -> "Epoch":
        """The epoch of `block`, where `system_config` already is the one as of it. Raises DepositError."""
        deposits = tuple(map(encode_transaction, derive_deposits(block, config.deposit_contract)))
        bare = L1Block(
            hash=block.hash, header=block.header, blob_base_fee=block.blob_base_fee, transactions=(), receipts=()
        )
        return cls(block=bare, system_config=system_config, deposits=deposits)

    @classmethod
    def after(cls, parent_config: SystemConfig, block: L1Block, config: RollupConfig) -> "Epoch":
        """The epoch of `block`, where `parent_config` is the system config as of the L1 block before."""
        updated = apply_config_updates(parent_config, block.receipts, config.l1_system_config)
        return cls.of(block, updated, config)
