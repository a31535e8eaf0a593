"""eth: transactions that nobody has signed, tried and completed."""

from typing import Final

from rpc.context import Context
from rpc.errors import InvalidParams
from rpc.namespaces.eth_calls import call_message
from rpc.namespaces.filling import fill_transaction
from rpc.parameters import LATEST, NO_OVERRIDES, BlockSelector, CallRequest, SimulationPayload, StateOverrides
from rpc.pending import select_state
from rpc.registry import MethodGroup
from rpc.turns import taking_turns
from rpc.values import JsonObject
from rpc.views.hexadecimal import data, quantity
from rpc.views.simulations import simulated_block_json
from rpc.views.transactions import access_list_json, filled_transaction
from state.primitives.types import ZERO_ADDRESS
from state.queries import SimulationRequest
from state.transactions import encode_without_signature

SIMULATION: Final = MethodGroup("Simulation")


@SIMULATION.method("eth_simulateV1")
async def simulate(context: Context, simulation: SimulationPayload, block: BlockSelector = LATEST) -> list[JsonObject]:
    """Blocks of calls that nobody signed, run one on the other on the state of a block, overrides included."""
    _check_chain(context, simulation)
    selected = await select_state(context, block)
    request = SimulationRequest(
        blocks=simulation.blocks,
        validates=simulation.validates,
        traces_transfers=simulation.traces_transfers,
        block_time=context.ports.info.block_time,
        gas_cap=context.limits.call_gas,
    )
    results = await context.ports.state.simulate(selected.hash, request)
    full = simulation.returns_full_transactions
    return [simulated_block_json(result, full_transactions=full) async for result in taking_turns(results, every=8)]


def _check_chain(context: Context, simulation: SimulationPayload) -> None:
    chain_id = context.ports.info.chain_id
    for entry in simulation.blocks:
        for call in entry.calls:
            if call.chain_id not in (None, chain_id):
                raise InvalidParams(f"chainId does not match node's (have={call.chain_id}, want={chain_id})")


@SIMULATION.method("eth_createAccessList")
async def create_access_list(
    context: Context,
    transaction: CallRequest,
    block: BlockSelector = LATEST,
    overrides: StateOverrides = NO_OVERRIDES,
) -> JsonObject:
    """The EIP-2930 access list with which a transaction touches nothing unlisted, and the gas that it then uses."""
    selected = await select_state(context, block)
    message = call_message(context, transaction, selected.header, default_gas=context.limits.call_gas)
    result = await context.ports.state.access_list(selected.hash, message, overrides)
    fields: JsonObject = {"accessList": access_list_json(result.access_list), "gasUsed": quantity(result.gas_used)}
    return fields if result.error is None else {**fields, "error": result.error}


@SIMULATION.method("eth_fillTransaction")
async def fill(context: Context, transaction: CallRequest) -> JsonObject:
    """A transaction with nonce, gas, fees and chain id where they were left out: its unsigned bytes and its fields."""
    filled = await fill_transaction(context, transaction, transaction.sender or ZERO_ADDRESS)
    return {"raw": data(encode_without_signature(filled)), "tx": filled_transaction(filled)}
