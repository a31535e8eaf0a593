"""The fees that an OP chain adds to Ethereum's: L1 data fee (Fjord) and operator fee (Isthmus).

    size6 = max(100·10^6, 836500·flz - 42585600)          flz = FastLZ level-1 length of the signed bytes
    l1Fee = size6 · (16·baseFeeScalar·l1BaseFee + blobBaseFeeScalar·blobBaseFee) / 10^12
    operatorFee = gas · operatorFeeScalar / 10^6 + operatorFeeConstant

Sources: specs/protocol/fjord/exec-engine.md, isthmus/exec-engine.md; PROTOCOL.md sections 2 and 5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from contracts.addresses import BASE_FEE_VAULT, L1_BLOCK, L1_FEE_VAULT, OPERATOR_FEE_VAULT
from state.errors import DecodeError
from state.primitives import rlp
from state.primitives.types import UINT64_MAX, Address, Gas, Wei

L1_BLOCK_ADDRESS: Final = Address(L1_BLOCK)
BASE_FEE_VAULT_ADDRESS: Final = Address(BASE_FEE_VAULT)
L1_FEE_VAULT_ADDRESS: Final = Address(L1_FEE_VAULT)
OPERATOR_FEE_VAULT_ADDRESS: Final = Address(OPERATOR_FEE_VAULT)

ISTHMUS_SELECTOR: Final = bytes.fromhex("098999be")
ISTHMUS_CALLDATA_LENGTH: Final = 176

_INTERCEPT: Final = 42_585_600
_SLOPE: Final = 836_500
_MINIMUM_SIZE6: Final = 100_000_000
_LARGEST_MINIMAL_FLZ: Final = (_MINIMUM_SIZE6 + _INTERCEPT) // _SLOPE
_LARGEST_REMEMBERED: Final = 2_048
_UINT32_MAX: Final = 2**32 - 1


class L1AttributesInvalid(DecodeError):
    """Calldata that is no `setL1BlockValuesIsthmus()`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class L1FeeParams:
    """What the fees of one L2 block are computed from: the L1 origin's prices and SystemConfig's scalars."""

    base_fee: Wei
    blob_base_fee: Wei
    base_fee_scalar: int
    """uint32."""
    blob_base_fee_scalar: int
    """uint32."""
    operator_fee_scalar: int = 0
    """uint32, millionths of a wei a gas."""
    operator_fee_constant: int = 0
    """uint64, wei a transaction."""

    @property
    def price(self) -> int:
        """Wei for 10^12 units of size6."""
        return 16 * self.base_fee_scalar * self.base_fee + self.blob_base_fee_scalar * self.blob_base_fee

    @classmethod
    def from_storage(cls, word: Callable[[int], int]) -> "L1FeeParams":
        """The parameters in L1Block's storage; `word(slot)` reads one of its words as an integer."""
        scalars, operator = word(3), word(8)
        return cls(
            base_fee=Wei(word(1)),
            blob_base_fee=Wei(word(7)),
            base_fee_scalar=scalars >> 96 & _UINT32_MAX,
            blob_base_fee_scalar=scalars >> 64 & _UINT32_MAX,
            operator_fee_scalar=operator >> 64 & _UINT32_MAX,
            operator_fee_constant=operator & UINT64_MAX,
        )

    @classmethod
    def from_attributes(cls, calldata: bytes) -> "L1FeeParams":
        """The parameters in an L1-attributes transaction's calldata. Raises L1AttributesInvalid."""
        if len(calldata) != ISTHMUS_CALLDATA_LENGTH or calldata[:4] != ISTHMUS_SELECTOR:
            raise L1AttributesInvalid(
                f"not an Isthmus L1-attributes call: got {len(calldata)} bytes from 0x{calldata[:4].hex()}, "
                f"expected {ISTHMUS_CALLDATA_LENGTH} from 0x{ISTHMUS_SELECTOR.hex()}"
            )

        def integer(start: int, stop: int) -> int:
            return int.from_bytes(calldata[start:stop], "big")

        return cls(
            base_fee=Wei(integer(36, 68)),
            blob_base_fee=Wei(integer(68, 100)),
            base_fee_scalar=integer(4, 8),
            blob_base_fee_scalar=integer(8, 12),
            operator_fee_scalar=integer(164, 168),
            operator_fee_constant=integer(168, 176),
        )


NO_L1_FEES: Final = L1FeeParams(base_fee=Wei(0), blob_base_fee=Wei(0), base_fee_scalar=0, blob_base_fee_scalar=0)


def estimated_size6(flz: int) -> int:
    """Millionths of a byte that a transaction of FastLZ length `flz` takes in a batch (Fjord regression)."""
    return max(_MINIMUM_SIZE6, _SLOPE * flz - _INTERCEPT)


def data_size6(raw: bytes) -> int:
    """`estimated_size6` of signed bytes. Compression never lengthens, so what is small anyway isn't compressed."""
    size = len(raw)
    if _literal_length(size) <= _LARGEST_MINIMAL_FLZ:
        return _MINIMUM_SIZE6
    return _remembered_size6(raw) if size <= _LARGEST_REMEMBERED else estimated_size6(flz_length(raw))


@lru_cache(maxsize=4096)
def _remembered_size6(raw: bytes) -> int:
    """Pool, executor and receipt ask in turn about the same bytes; at most 4,096 times 2,048 bytes are kept."""
    return estimated_size6(flz_length(raw))


def l1_fee(raw: bytes, params: L1FeeParams) -> Wei:
    """Wei that the signed EIP-2718 bytes `raw` cost for their place in L1 batches."""
    return Wei(data_size6(raw) * params.price // 10**12)


def l1_fee_for_size(flz: int, params: L1FeeParams) -> Wei:
    """The L1 fee, in wei, of a transaction of FastLZ length `flz`."""
    return Wei(estimated_size6(flz) * params.price // 10**12)


def operator_fee(gas: Gas | int, params: L1FeeParams) -> Wei:
    """Wei for `gas` units of the operator fee; below 2^96 by its field widths, so it never overflows a word."""
    return Wei(gas * params.operator_fee_scalar // 10**6 + params.operator_fee_constant)


def flz_length(data: bytes) -> int:
    """Bytes that FastLZ level 1 makes of `data`, whatever its size (clients never switch to level 2).

    Without a repeated three-byte sequence nothing can match, which is what a plain transfer looks like: then it's all
    literals and the compressor is never run.
    """
    size = len(data)
    limit = size - 13
    if limit <= 2 or len(set(zip(data, data[1:], islice(data, 2, limit + 2), strict=False))) == limit:
        return _literal_length(size)
    return _compressed_length(data, limit)


def _literal_length(count: int) -> int:
    """Literal runs hold 32 bytes behind one instruction byte."""
    full, rest = divmod(count, 32)
    return 33 * full + (rest + 1 if rest else 0)


def _match_length(length: int) -> int:
    """A match of `length` + 2 bytes takes two bytes, three if long; very long ones are cut at 262."""
    full, rest = divmod(length - 1, 262)
    return 3 * full + (3 if rest >= 6 else 2)


def _compressed_length(data: bytes, limit: int) -> int:
    """The greedy compressor with its 8,192-entry hash table, which only counts."""
    sequences = [a | b << 8 | c << 16 for a, b, c in zip(data, data[1:], data[2:], strict=False)]
    hashes = [(2654435769 * v & 0xFFFFFFFF) >> 19 for v in sequences[:limit]]
    table: dict[int, int] = {}
    seen = table.get
    total, anchor, position = 0, 0, 2
    while position < limit:
        slot = hashes[position]
        candidate = seen(slot, 0)
        table[slot] = position
        if sequences[candidate] != sequences[position] or position - candidate > 0x1FFF:
            position += 1
            continue
        if position + 1 >= limit:
            break
        total += _literal_length(position - anchor)
        length = _common_prefix(data, candidate + 3, position + 3, limit + 9)
        total += _match_length(length)
        position += length
        for _ in range(2):
            value = sequences[position]
            table[(2654435769 * value & 0xFFFFFFFF) >> 19] = position
            position += 1
        anchor = position
    return total + _literal_length(len(data) - anchor)


def _common_prefix(data: bytes, left: int, right: int, end: int) -> int:
    """How far the compressor's comparison runs: equal bytes, and the first unequal one, up to `end`."""
    room = end - right
    count = 0
    while count < room:
        if data[left + count] != data[right + count]:
            return count + 1
        count += 1
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFees:
    """The fee fields of a sequenced L2 transaction's receipt: for JSON-RPC only, never hashed."""

    l1_fee: Wei
    l1_gas_used: Gas
    """size6·16/10^6, deprecated since Fjord but still served."""
    params: L1FeeParams

    @classmethod
    def of(cls, raw: bytes, params: L1FeeParams) -> "ReceiptFees":
        """The fields of the transaction with signed bytes `raw` in a block with `params`."""
        return cls.of_size(data_size6(raw), params)

    @classmethod
    def of_size(cls, size6: int, params: L1FeeParams) -> "ReceiptFees":
        """The fields of a transaction of this estimated size."""
        return cls(l1_fee=Wei(size6 * params.price // 10**12), l1_gas_used=Gas(size6 * 16 // 10**6), params=params)

    def encode(self) -> bytes:
        """RLP of the eight integers, in the order in which `decode` names them."""
        p = self.params
        fields = (self.l1_fee, self.l1_gas_used, p.base_fee, p.blob_base_fee, p.base_fee_scalar)
        rest = (p.blob_base_fee_scalar, p.operator_fee_scalar, p.operator_fee_constant)
        return rlp.wrap_list(b"".join(map(rlp.encode_int, fields + rest)))

    @classmethod
    def decode(cls, data: bytes) -> "ReceiptFees | None":
        """The fields that `encode` wrote; None for empty bytes (deposits, and all of L1). Raises RLPError."""
        if not data:
            return None
        values = [rlp.to_int(item) for item in rlp.to_list(rlp.decode(data), length=8)]
        fee, gas_used, base_fee, blob_base_fee, scalar, blob_scalar, operator_scalar, operator_constant = values
        params = L1FeeParams(
            base_fee=Wei(base_fee),
            blob_base_fee=Wei(blob_base_fee),
            base_fee_scalar=scalar,
            blob_base_fee_scalar=blob_scalar,
            operator_fee_scalar=operator_scalar,
            operator_fee_constant=operator_constant,
        )
        return cls(l1_fee=Wei(fee), l1_gas_used=Gas(gas_used), params=params)
