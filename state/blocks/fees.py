"""EIP-1559 with the parameters that Holocene puts into the parent's extraData.

    extraData = 0x00 ++ denominator uint32 ++ elasticity uint32
Source: specs/protocol/holocene/exec-engine.md.
"""

from state.blocks.header import Header
from state.errors import InvalidBlock
from state.primitives.types import Wei


def encode_holocene_extra_data(denominator: int, elasticity: int) -> bytes:
    """The 9 bytes of extraData that carry a block's EIP-1559 parameters; both must be non-zero uint32."""
    if not (0 < denominator < 2**32 and 0 < elasticity < 2**32):
        raise InvalidBlock(f"EIP-1559 parameters out of range: denominator {denominator}, elasticity {elasticity}")
    return b"\x00" + denominator.to_bytes(4, "big") + elasticity.to_bytes(4, "big")


def decode_holocene_extra_data(extra_data: bytes) -> tuple[int, int]:
    """(denominator, elasticity). Raises InvalidBlock for any other layout or a zero."""
    if len(extra_data) != 9 or extra_data[0] != 0:
        raise InvalidBlock(f"extraData is not Holocene's: got 0x{extra_data.hex()}, expected 9 bytes from 0x00")
    denominator = int.from_bytes(extra_data[1:5], "big")
    elasticity = int.from_bytes(extra_data[5:9], "big")
    if denominator == 0 or elasticity == 0:
        raise InvalidBlock(f"extraData has a zero EIP-1559 parameter: got 0x{extra_data.hex()}")
    return denominator, elasticity


def next_base_fee(parent: Header, denominator: int, elasticity: int) -> Wei:
    """The base fee, in wei, of the block after `parent` (EIP-1559's integer rule)."""
    target = parent.gas_limit // elasticity
    base_fee = int(parent.base_fee_per_gas)
    if target in (0, parent.gas_used):
        return Wei(base_fee)
    if parent.gas_used > target:
        delta = base_fee * (parent.gas_used - target) // target // denominator
        return Wei(base_fee + max(delta, 1))
    delta = base_fee * (target - parent.gas_used) // target // denominator
    return Wei(max(base_fee - delta, 0))
