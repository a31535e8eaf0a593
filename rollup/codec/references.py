"""What a sealed L2 block says about itself: its reference and the system config that it was built under.

Both are read from the L1-attributes deposit and the header; genesis has no transactions, its answers are config.
"""

from collections.abc import Sequence

from rollup.codec.l1_attributes import L1Attributes, L1AttributesError, decode_l1_attributes_deposit
from rollup.types import L2BlockNumber, L2BlockRef, RollupConfig, SystemConfig
from state.blocks import Header, decode_holocene_extra_data
from state.primitives.types import Hash32


def l2_block_ref(header: Header, block_hash: Hash32, transactions: Sequence[bytes], config: RollupConfig) -> L2BlockRef:
    """The reference of an L2 block. Raises L1AttributesError if it does not open with its L1 attributes."""
    if header.number == config.genesis.l2.number:
        return _genesis_ref(header, block_hash, config)
    attributes = _attributes(transactions)
    return L2BlockRef(
        hash=block_hash,
        number=L2BlockNumber(header.number),
        parent_hash=header.parent_hash,
        timestamp=header.timestamp,
        l1_origin=attributes.l1_origin,
        sequence_number=attributes.sequence_number,
    )


def system_config_of(header: Header, transactions: Sequence[bytes], config: RollupConfig) -> SystemConfig:
    """The system config that an L2 block was built under. Raises L1AttributesError, or InvalidBlock for extraData."""
    if header.number == config.genesis.l2.number:
        return config.genesis.system_config
    attributes = _attributes(transactions)
    denominator, elasticity = decode_holocene_extra_data(header.extra_data)
    return SystemConfig(
        batcher=attributes.batcher,
        gas_limit=header.gas_limit,
        base_fee_scalar=attributes.base_fee_scalar,
        blob_base_fee_scalar=attributes.blob_base_fee_scalar,
        eip1559_denominator=denominator,
        eip1559_elasticity=elasticity,
        operator_fee_scalar=attributes.operator_fee_scalar,
        operator_fee_constant=attributes.operator_fee_constant,
    )


def _genesis_ref(header: Header, block_hash: Hash32, config: RollupConfig) -> L2BlockRef:
    if block_hash != config.genesis.l2.hash:
        raise L1AttributesError(
            f"genesis contradicts rollup.json: got 0x{block_hash.hex()}, expected 0x{config.genesis.l2.hash.hex()}"
        )
    return L2BlockRef(
        hash=block_hash,
        number=L2BlockNumber(header.number),
        parent_hash=header.parent_hash,
        timestamp=header.timestamp,
        l1_origin=config.genesis.l1,
        sequence_number=0,
    )


def _attributes(transactions: Sequence[bytes]) -> L1Attributes:
    if not transactions:
        raise L1AttributesError("L2 block has no transactions: its L1 attributes are missing")
    return decode_l1_attributes_deposit(transactions[0])
