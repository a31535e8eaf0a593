"""Does a block that we have already say what derivation says? Source: derivation.md, "Engine Queue"."""

from rollup.engine.payload import eip1559_extra_data
from rollup.types import PayloadAttributes, RollupConfig
from state.blocks import Block


def difference(attributes: PayloadAttributes, block: Block, config: RollupConfig) -> str | None:
    """The first field in which `block` is not what `attributes` would build, or None where they agree."""
    header = block.header
    compared: tuple[tuple[str, object, object], ...] = (
        ("timestamp", header.timestamp, attributes.timestamp),
        ("prevRandao", header.prev_randao, attributes.prev_randao),
        ("feeRecipient", header.fee_recipient, attributes.fee_recipient),
        ("parentBeaconBlockRoot", header.parent_beacon_block_root, attributes.parent_beacon_block_root),
        ("gasLimit", header.gas_limit, attributes.gas_limit),
        ("extraData", header.extra_data, eip1559_extra_data(attributes, config)),
        ("transactions", block.transactions, attributes.transactions),
    )
    for name, got, expected in compared:
        if got != expected:
            return name
    return None
