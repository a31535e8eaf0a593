"""eth: running the EVM on a block's state, without a transaction."""

from dataclasses import replace
from typing import Final

from rpc.context import Context
from rpc.errors import REVERT_CODE, CallFailed, ExecutionReverted, InvalidParams
from rpc.parameters import (
    LATEST,
    NO_OVERRIDES,
    BlockByNumber,
    BlockOverrides,
    BlockSelector,
    BlockTag,
    CallRequest,
    StateOverrides,
)
from rpc.pending import select_state
from rpc.registry import MethodGroup
from rpc.results import DataText, QuantityText
from rpc.views.hexadecimal import data, quantity
from state.blocks import Header
from state.errors import NodeError
from state.execution.port import CallMessage, TransactionOutcome
from state.primitives.types import ZERO_ADDRESS, Gas, Wei

CALLS: Final = MethodGroup("Calls")
UNNAMED: Final = BlockByNumber(which=BlockTag.LATEST)
"""The latest block where the client names none; told from a named one by its identity."""


@CALLS.method("eth_call")
async def call(
    context: Context,
    transaction: CallRequest,
    block: BlockSelector = LATEST,
    overrides: StateOverrides = NO_OVERRIDES,
    block_overrides: BlockOverrides | None = None,
) -> DataText:
    """What a call returns on the state of a block, with accounts and block as the overrides pretend."""
    selected = await select_state(context, block)
    header = overridden_header(selected.header, block_overrides)
    message = call_message(context, transaction, header, default_gas=context.limits.call_gas)
    outcome = await context.ports.state.call(selected.hash, message, overrides, block_overrides)
    return data(_output(outcome))


@CALLS.method("eth_estimateGas")
async def estimate_gas(
    context: Context,
    transaction: CallRequest,
    block: BlockSelector = UNNAMED,
    overrides: StateOverrides = NO_OVERRIDES,
    block_overrides: BlockOverrides | None = None,
) -> QuantityText:
    """The gas limit that a transaction needs to succeed on the state of a block, overrides as in eth_call.

    Without a block: on the latest state, at the time of the next block, in which the transaction will be.
    """
    selected = await select_state(context, block)
    if block is UNNAMED and block_overrides is None:
        # What was written in the latest block at its time would cost less there than later: Uniswap's v2 pairs write
        # their price sums once for each time, and an estimate at the latest time leaves their gas out.
        block_overrides = BlockOverrides(timestamp=selected.header.timestamp + context.ports.info.block_time)
    header = overridden_header(selected.header, block_overrides)
    message = call_message(context, transaction, header, default_gas=header.gas_limit)
    try:
        return quantity(await context.ports.state.estimate_gas(selected.hash, message, overrides, block_overrides))
    except NodeError as error:
        revert_data = getattr(error, "data", None)
        if error.rpc_code == REVERT_CODE and isinstance(revert_data, bytes):
            raise ExecutionReverted(revert_data) from error
        raise


def overridden_header(header: Header, block: BlockOverrides | None) -> Header:
    """`header` with the gas limit and base fee that a call's fields are read against."""
    if block is None:
        return header
    return replace(
        header,
        gas_limit=header.gas_limit if block.gas_limit is None else Gas(block.gas_limit),
        base_fee_per_gas=header.base_fee_per_gas if block.base_fee_per_gas is None else Wei(block.base_fee_per_gas),
    )


def call_message(context: Context, request: CallRequest, header: Header, *, default_gas: int) -> CallMessage:
    """The message that the EVM runs, its gas capped. Raises InvalidParams for a call meant for another chain."""
    chain_id = context.ports.info.chain_id
    if request.chain_id is not None and request.chain_id != chain_id:
        raise InvalidParams(f"chainId does not match node's (have={request.chain_id}, want={chain_id})")
    gas = default_gas if request.gas is None else request.gas
    return CallMessage(
        sender=request.sender or ZERO_ADDRESS,
        to=request.to,
        gas_limit=Gas(min(gas, context.limits.call_gas)),
        gas_price=Wei(_gas_price(request, header.base_fee_per_gas)),
        value=Wei(request.value),
        data=request.data,
        access_list=request.access_list,
        authorizations=request.authorizations,
    )


def _gas_price(request: CallRequest, base_fee: int) -> int:
    """Wei a gas, as the EVM's GASPRICE sees it; zero where the call names no fee. Raises CallFailed."""
    if request.gas_price is not None:
        fee_cap, tip = request.gas_price, request.gas_price
    else:
        tip = request.max_priority_fee_per_gas or 0
        fee_cap = base_fee + tip if request.max_fee_per_gas is None else request.max_fee_per_gas
        if not request.max_fee_per_gas and not tip:
            return 0
    if 0 < fee_cap < base_fee:
        sender = data(request.sender or ZERO_ADDRESS)
        raise CallFailed(
            f"max fee per gas less than block base fee: address {sender}, maxFeePerGas: {fee_cap}, baseFee: {base_fee}"
        )
    return min(fee_cap, base_fee + tip)


def _output(outcome: TransactionOutcome) -> bytes:
    if outcome.succeeded:
        return outcome.output
    error = outcome.error or "execution failed"
    if error.startswith("execution reverted"):
        raise ExecutionReverted(outcome.output)
    raise CallFailed(error)
