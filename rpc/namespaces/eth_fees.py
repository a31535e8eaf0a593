"""eth: what transactions cost."""

from itertools import pairwise
from typing import Final

from rpc.blocks import RecentlyUsed
from rpc.context import Context
from rpc.errors import BlockNotFound, InvalidParams
from rpc.namespaces.inclusion import receipts_of
from rpc.parameters import BlockByNumber, Count
from rpc.registry import MethodGroup
from rpc.results import QuantityText
from rpc.turns import taking_turns
from rpc.values import JsonObject
from rpc.views.hexadecimal import quantity
from state.blocks import Header
from state.primitives.types import Hash32
from state.transactions import DepositTransaction, decode_transaction

FEES: Final = MethodGroup("Fees")
MAX_PERCENTILES: Final = 100
BLOB_BASE_FEE_UPDATE_FRACTION: Final = 5_007_716
"""Prague's (EIP-7691)."""
BLOB_GAS_LIMIT: Final = 9 * 131_072

_TIPS: Final[RecentlyUsed[Hash32, list[tuple[int, int]]]] = RecentlyUsed(2_048)
"""Sorted (tip, gas used) of a block's transactions: content, so the same for every server in this process."""


@FEES.method("eth_gasPrice")
def gas_price(context: Context) -> QuantityText:
    """Wei a gas that gets a legacy transaction into the next blocks: the head's base fee and the suggested tip."""
    return quantity(context.blocks.head().header.base_fee_per_gas + context.ports.info.suggested_tip())


@FEES.method("eth_maxPriorityFeePerGas")
def max_priority_fee_per_gas(context: Context) -> QuantityText:
    """The suggested tip in wei a gas; capped, because clients multiply it."""
    return quantity(context.ports.info.suggested_tip())


@FEES.method("eth_blobBaseFee")
def blob_base_fee(context: Context) -> QuantityText:
    """Wei a unit of blob gas in the next block; always 1 on L2, which has no blobs."""
    return quantity(blob_base_fee_of(context.blocks.head().header))


@FEES.method("eth_baseFee")
def base_fee(context: Context) -> QuantityText:
    """Wei a gas that the next block will charge."""
    return quantity(context.ports.chain.next_base_fee(context.blocks.head().header))


@FEES.method("eth_feeHistory")
async def fee_history(
    context: Context, block_count: Count, newest_block: BlockByNumber, reward_percentiles: list[float] | None = None
) -> JsonObject:
    """Base fees, fullness and tips at percentiles of gas, of a row of blocks up to `newestBlock`."""
    percentiles = _checked_percentiles(reward_percentiles or [])
    newest, head = context.blocks.number_of(newest_block.which), context.blocks.head_number
    if newest > head:
        raise BlockNotFound(f"request beyond head block: requested {newest}, head {head}")
    count = min(block_count, context.limits.fee_history_blocks, newest + 1)
    if count == 0:
        return {"oldestBlock": "0x0", "baseFeePerGas": [], "gasUsedRatio": []}
    blocks = [_canonical(context, number) for number in range(newest - count + 1, newest + 1)]
    headers, last = [header for _hash, header in blocks], blocks[-1][1]
    history: JsonObject = {
        "oldestBlock": quantity(newest - count + 1),
        "baseFeePerGas": [quantity(header.base_fee_per_gas) for header in headers]
        + [quantity(context.ports.chain.next_base_fee(last))],
        "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
        "baseFeePerBlobGas": [quantity(blob_base_fee_of(header)) for header in [*headers, last]],
        "blobGasUsedRatio": [header.blob_gas_used / BLOB_GAS_LIMIT for header in headers],
    }
    if percentiles:
        turns = taking_turns(blocks, every=1)
        history["reward"] = [_rewards(context, block_hash, header, percentiles) async for block_hash, header in turns]
    return history


def _checked_percentiles(percentiles: list[float]) -> list[float]:
    if len(percentiles) > MAX_PERCENTILES:
        raise InvalidParams(f"invalid reward percentile: over the query limit {MAX_PERCENTILES}")
    for index, percentile in enumerate(percentiles):
        if not 0 <= percentile <= 100:
            raise InvalidParams(f"invalid reward percentile: {percentile}")
        if index and percentile < percentiles[index - 1]:
            earlier = percentiles[index - 1]
            raise InvalidParams(f"invalid reward percentile: #{index - 1}:{earlier} >= #{index}:{percentile}")
    return percentiles


def _canonical(context: Context, number: int) -> tuple[Hash32, Header]:
    block_hash = context.ports.chain.canonical_hash(number)
    header = None if block_hash is None else context.blocks.header(block_hash)
    if block_hash is None or header is None:
        raise BlockNotFound(f"block {number} is not there any more")
    return block_hash, header


def _rewards(context: Context, block_hash: Hash32, header: Header, percentiles: list[float]) -> list[str]:
    """The tip at each percentile of the block's gas, cheapest transaction first."""
    tips = _TIPS.get(block_hash, lambda _hash: _sorted_tips(context, block_hash))
    if not tips:
        return ["0x0"] * len(percentiles)
    rewards, index, gas = [], 0, tips[0][1]
    for percentile in percentiles:
        threshold = header.gas_used * percentile / 100
        while gas < threshold and index < len(tips) - 1:
            index += 1
            gas += tips[index][1]
        rewards.append(quantity(tips[index][0]))
    return rewards


def _sorted_tips(context: Context, block_hash: Hash32) -> list[tuple[int, int]] | None:
    view = context.blocks.view(block_hash)
    if view is None:
        return None
    used = [0, *(receipt.cumulative_gas_used for receipt in receipts_of(context, view).receipts)]
    base = view.header.base_fee_per_gas
    tips = []
    for raw, (before, after) in zip(view.transactions, pairwise(used), strict=True):
        transaction = decode_transaction(raw)
        price = base if isinstance(transaction, DepositTransaction) else transaction.effective_gas_price(base)
        tips.append((max(price - base, 0), after - before))
    return sorted(tips)


def blob_base_fee_of(header: Header) -> int:
    """EIP-4844's fake exponential of the block's excess blob gas, in wei a unit of blob gas."""
    total, factor, step = 0, BLOB_BASE_FEE_UPDATE_FRACTION, 1
    while factor > 0:
        total += factor
        factor = factor * header.excess_blob_gas // (BLOB_BASE_FEE_UPDATE_FRACTION * step)
        step += 1
    return total // BLOB_BASE_FEE_UPDATE_FRACTION
