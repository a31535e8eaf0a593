"""A transaction as a wallet left it, with every field that was left out. Source: geth's TransactionArgs.setDefaults."""

from dataclasses import replace

from rpc.context import Context
from rpc.errors import InvalidParams
from rpc.namespaces.eth_calls import estimate_gas
from rpc.parameters import BlockByNumber, BlockTag, CallRequest
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import SignedTransaction, TransactionType

BASE_FEE_MARGIN = 2
"""The fee cap's multiple of the head's base fee: some 40 full blocks of headroom, and nothing that clients multiply."""


async def fill_transaction(context: Context, request: CallRequest, sender: Address) -> SignedTransaction:
    """The transaction, unsigned: chain, nonce, fees and gas limit as geth would choose them.

    Raises InvalidParams, or what eth_estimateGas raises.
    """
    if request.to is None and not request.data:
        raise InvalidParams("contract creation without any data provided")
    if request.gas_price == 0:
        raise InvalidParams("gasPrice must be non-zero after london fork")
    kind = _type_of(request)
    fee_cap, tip = _fees(context, request)
    nonce = request.nonce
    if nonce is None:
        nonce = await pending_nonce(context, sender)
    gas = request.gas
    if gas is None:
        asked = replace(request, sender=sender)
        gas = int(await estimate_gas(context, asked, BlockByNumber(which=BlockTag.PENDING)), 16)
    chain_id = context.ports.info.chain_id
    if request.chain_id not in (None, chain_id):
        raise InvalidParams(f"chainId does not match node's (have={request.chain_id}, want={chain_id})")
    return SignedTransaction(
        type=kind,
        chain_id=chain_id,
        nonce=Nonce(nonce),
        gas_limit=Gas(gas),
        max_fee_per_gas=Wei(fee_cap),
        max_priority_fee_per_gas=Wei(tip),
        to=request.to,
        value=Wei(request.value),
        data=request.data,
        access_list=request.access_list,
        authorizations=request.authorizations,
        y_parity=0,
        r=0,
        s=0,
    )


async def pending_nonce(context: Context, address: Address) -> int:
    """The account's next nonce, after what the pool holds of it."""
    pooled = context.ports.pool.pending_nonce(address)
    return await context.ports.state.nonce(context.blocks.head().hash, address) if pooled is None else pooled


def _type_of(request: CallRequest) -> TransactionType:
    if request.authorizations:
        if request.to is None:
            raise InvalidParams("EIP-7702 transaction cannot be used to create contract")
        if request.gas_price is not None:
            raise InvalidParams("gasPrice can't be used with an authorization list: name maxFeePerGas")
        return TransactionType.SET_CODE
    if request.gas_price is None:
        return TransactionType.DYNAMIC_FEE
    return TransactionType.ACCESS_LIST if request.access_list else TransactionType.LEGACY


def _fees(context: Context, request: CallRequest) -> tuple[int, int]:
    """(fee cap, tip) in wei a gas; both the gas price where one was named."""
    if request.gas_price is not None:
        return request.gas_price, request.gas_price
    tip = request.max_priority_fee_per_gas
    if tip is None:
        tip = context.ports.info.suggested_tip()
        if request.max_fee_per_gas is not None:
            tip = min(tip, request.max_fee_per_gas)
    if request.max_fee_per_gas is not None:
        return request.max_fee_per_gas, tip
    return tip + BASE_FEE_MARGIN * context.ports.chain.next_base_fee(context.blocks.head().header), tip
