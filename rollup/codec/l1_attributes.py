"""The L1-attributes deposit that opens every L2 block: `setL1BlockValuesIsthmus()`, 176 packed bytes.

    selector 4 ++ baseFeeScalar 4 ++ blobBaseFeeScalar 4 ++ sequenceNumber 8 ++ timestamp 8 ++ number 8
    ++ basefee 32 ++ blobBaseFee 32 ++ hash 32 ++ batcherHash 32 ++ operatorFeeScalar 4 ++ operatorFeeConstant 8

Source: specs/protocol/deposits.md, isthmus/l1-attributes.md, ecotone/l1-attributes.md (blob base fee).
"""

import struct
from dataclasses import dataclass
from typing import Final

from rollup.codec.deposits import l1_attributes_source_hash
from rollup.errors import CodecError
from rollup.types import BlockId, L1Block, L1BlockNumber, SystemConfig
from state.errors import DecodeError
from state.primitives.types import Address, Gas, Hash32, UnixSeconds, Wei
from state.transactions import DepositTransaction, decode_transaction, encode_transaction

DEPOSITOR_ACCOUNT: Final = Address(bytes.fromhex("deaddeaddeaddeaddeaddeaddeaddeaddead0001"))
L1_BLOCK_ADDRESS: Final = Address(bytes.fromhex("4200000000000000000000000000000000000015"))
SET_L1_BLOCK_VALUES_ISTHMUS: Final = bytes.fromhex("098999be")
L1_ATTRIBUTES_GAS: Final = Gas(1_000_000)
CANCUN_BLOB_FRACTION: Final = 3_338_477
PRAGUE_BLOB_FRACTION: Final = 5_007_716
_LAYOUT: Final = struct.Struct(">4sIIQQQ32s32s32s32sIQ")


class L1AttributesError(CodecError):
    """An L2 block whose first transaction is not the L1-attributes deposit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class L1Attributes:
    """What an L2 block knows of L1: its origin and the system config as of that origin."""

    number: L1BlockNumber
    timestamp: UnixSeconds
    base_fee: Wei
    blob_base_fee: Wei
    block_hash: Hash32
    sequence_number: int
    batcher: Address
    base_fee_scalar: int
    blob_base_fee_scalar: int
    operator_fee_scalar: int
    operator_fee_constant: int

    @property
    def l1_origin(self) -> BlockId:
        return BlockId(hash=self.block_hash, number=self.number)

    def encode(self) -> bytes:
        """The calldata for L1Block. Raises L1AttributesError for a field out of its range."""
        try:
            return _LAYOUT.pack(
                SET_L1_BLOCK_VALUES_ISTHMUS,
                self.base_fee_scalar,
                self.blob_base_fee_scalar,
                self.sequence_number,
                self.timestamp,
                self.number,
                self.base_fee.to_bytes(32, "big"),
                self.blob_base_fee.to_bytes(32, "big"),
                self.block_hash,
                bytes(12) + self.batcher,
                self.operator_fee_scalar,
                self.operator_fee_constant,
            )
        except (struct.error, OverflowError) as error:
            raise L1AttributesError(f"L1 attributes out of range: {error}") from error

    @classmethod
    def decode(cls, calldata: bytes) -> "L1Attributes":
        """The attributes in L1Block's calldata. Raises L1AttributesError for any other layout."""
        if len(calldata) != _LAYOUT.size or calldata[:4] != SET_L1_BLOCK_VALUES_ISTHMUS:
            raise L1AttributesError(
                f"not Isthmus L1 attributes: got {len(calldata)} bytes from 0x{calldata[:4].hex()}, "
                f"expected {_LAYOUT.size} from 0x{SET_L1_BLOCK_VALUES_ISTHMUS.hex()}"
            )
        _, base_scalar, blob_scalar, sequence, timestamp, number, *words, operator_scalar, operator_constant = (
            _LAYOUT.unpack(calldata)
        )
        base_fee, blob_base_fee, block_hash, batcher = words
        if any(batcher[:12]):
            raise L1AttributesError(f"batcherHash is no address: got 0x{batcher.hex()}")
        return cls(
            number=L1BlockNumber(number),
            timestamp=UnixSeconds(timestamp),
            base_fee=Wei(int.from_bytes(base_fee, "big")),
            blob_base_fee=Wei(int.from_bytes(blob_base_fee, "big")),
            block_hash=Hash32(block_hash),
            sequence_number=sequence,
            batcher=Address(batcher[12:]),
            base_fee_scalar=base_scalar,
            blob_base_fee_scalar=blob_scalar,
            operator_fee_scalar=operator_scalar,
            operator_fee_constant=operator_constant,
        )


def l1_attributes_of(l1_block: L1Block, system_config: SystemConfig, sequence_number: int) -> L1Attributes:
    """What the `sequence_number`th L2 block of the epoch of `l1_block` says about L1."""
    return L1Attributes(
        number=L1BlockNumber(l1_block.header.number),
        timestamp=l1_block.header.timestamp,
        base_fee=l1_block.header.base_fee_per_gas,
        blob_base_fee=Wei(l1_block.blob_base_fee),
        block_hash=l1_block.hash,
        sequence_number=sequence_number,
        batcher=system_config.batcher,
        base_fee_scalar=system_config.base_fee_scalar,
        blob_base_fee_scalar=system_config.blob_base_fee_scalar,
        operator_fee_scalar=system_config.operator_fee_scalar,
        operator_fee_constant=system_config.operator_fee_constant,
    )


def l1_attributes_deposit(l1_block: L1Block, system_config: SystemConfig, sequence_number: int) -> bytes:
    """The raw deposit transaction that opens an L2 block of the epoch of `l1_block`."""
    return encode_transaction(
        DepositTransaction(
            source_hash=l1_attributes_source_hash(l1_block.hash, sequence_number),
            sender=DEPOSITOR_ACCOUNT,
            to=L1_BLOCK_ADDRESS,
            mint=Wei(0),
            value=Wei(0),
            gas_limit=L1_ATTRIBUTES_GAS,
            is_system_transaction=False,
            data=l1_attributes_of(l1_block, system_config, sequence_number).encode(),
        )
    )


def decode_l1_attributes_deposit(raw: bytes) -> L1Attributes:
    """The attributes in an L2 block's first transaction. Raises L1AttributesError."""
    try:
        deposit = decode_transaction(raw)
    except DecodeError as error:
        raise L1AttributesError(f"first transaction is malformed: {error}") from error
    if not isinstance(deposit, DepositTransaction) or deposit.to != L1_BLOCK_ADDRESS:
        raise L1AttributesError("first transaction is not a deposit to L1Block")
    return L1Attributes.decode(deposit.data)


def blob_base_fee(excess_blob_gas: int, fraction: int = PRAGUE_BLOB_FRACTION) -> Wei:
    """Wei a unit of blob gas costs: EIP-4844's fake exponential of excess / fraction, at least 1."""
    term, total, index = fraction, 0, 1
    while term > 0:
        total += term
        term = term * excess_blob_gas // (fraction * index)
        index += 1
    return Wei(total // fraction)
