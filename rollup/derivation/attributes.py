"""Payload attributes: what an L2 block is made of before anybody executes it. The sequencer uses these too.

Source: derivation.md "Deriving Payload Attributes", holocene/derivation.md "Attributes Builder".
"""

from collections.abc import Sequence
from typing import Final

from rollup.codec.l1_attributes import l1_attributes_deposit
from rollup.derivation.epoch import Epoch
from rollup.errors import DerivationReset
from rollup.types import L1Block, L2BlockRef, PayloadAttributes, RollupConfig, SystemConfig
from state.primitives.types import Address, UnixSeconds

SEQUENCER_FEE_VAULT: Final = Address(bytes.fromhex("4200000000000000000000000000000000000011"))


def prepare_attributes(
    config: RollupConfig,
    parent: L2BlockRef,
    parent_system_config: SystemConfig,
    l1_block: L1Block,
    timestamp: UnixSeconds,
) -> PayloadAttributes:
    """The attributes of the block after `parent`, with its deposits and no other transaction.

    `l1_block` becomes its L1 origin: the parent's own, or the L1 block after that, whose system config updates and
    user deposits then take effect. Raises DerivationReset if it is neither, DepositError for a malformed deposit.
    """
    if l1_block.header.number == parent.l1_origin.number:
        epoch = Epoch.of(l1_block, parent_system_config, config)
    else:
        epoch = Epoch.after(parent_system_config, l1_block, config)
    return attributes_in_epoch(parent, epoch, timestamp)


def attributes_in_epoch(
    parent: L2BlockRef, epoch: Epoch, timestamp: UnixSeconds, transactions: Sequence[bytes] = ()
) -> PayloadAttributes:
    """The attributes of the block after `parent` with origin `epoch`: L1 attributes, deposits, `transactions`.

    Raises DerivationReset if the epoch is not the parent's nor the one after, or if the block would be older than it.
    """
    sequence_number = _sequence_number(parent, epoch)
    header = epoch.block.header
    if timestamp < header.timestamp:
        raise DerivationReset(f"L2 block at {timestamp} would be older than its L1 origin at {header.timestamp}")
    deposits = epoch.deposits if sequence_number == 0 else ()
    opening = l1_attributes_deposit(epoch.block, epoch.system_config, sequence_number)
    return PayloadAttributes(
        timestamp=timestamp,
        prev_randao=header.prev_randao,
        fee_recipient=SEQUENCER_FEE_VAULT,
        parent_beacon_block_root=header.parent_beacon_block_root,
        transactions=(opening, *deposits, *transactions),
        no_tx_pool=True,
        gas_limit=epoch.system_config.gas_limit,
        eip1559_params=epoch.system_config.eip1559_params,
    )


def _sequence_number(parent: L2BlockRef, epoch: Epoch) -> int:
    origin, ref = parent.l1_origin, epoch.ref
    if ref.number == origin.number:
        if ref.hash != origin.hash:
            raise DerivationReset(f"L1 origin 0x{ref.hash.hex()} conflicts with the parent's 0x{origin.hash.hex()}")
        return parent.sequence_number + 1
    if ref.number != origin.number + 1 or ref.parent_hash != origin.hash:
        raise DerivationReset(
            f"L1 origin {ref.number} doesn't follow the parent's: got parent 0x{ref.parent_hash.hex()}, "
            f"expected 0x{origin.hash.hex()} at {origin.number}"
        )
    return 0
