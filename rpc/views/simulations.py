"""Simulated blocks and their calls in JSON."""

from typing import Final

from rpc.errors import REVERT_CODE
from rpc.values import BlockView, JsonObject, LocatedLog
from rpc.views.blocks import block_json
from rpc.views.hexadecimal import data, quantity
from rpc.views.receipts import log_json
from rpc.views.transactions import unsigned_transaction
from state.execution.port import TransactionOutcome
from state.execution.reverts import revert_reason
from state.primitives.crypto import keccak256
from state.queries import SimulatedBlockResult
from state.transactions import encode_without_signature

VM_ERROR_CODE: Final = -32015


def simulated_block_json(result: SimulatedBlockResult, *, full_transactions: bool) -> JsonObject:
    """The block as eth_getBlockByNumber shows one, and what each of its `calls` did."""
    raws = tuple(encode_without_signature(transaction) for transaction in result.transactions)
    view = BlockView(
        hash=result.header.hash,
        header=result.header,
        transactions=raws,
        transaction_hashes=tuple(map(keccak256, raws)),
        senders=result.senders,
    )
    transactions: list[str | JsonObject] = [
        unsigned_transaction(view, index, transaction) if full_transactions else data(view.transaction_hashes[index])
        for index, transaction in enumerate(result.transactions)
    ]
    return {**block_json(view, transactions), "calls": _calls(view, result)}


def _calls(view: BlockView, result: SimulatedBlockResult) -> list[JsonObject]:
    calls, first_log = list[JsonObject](), 0
    for index, call in enumerate(result.calls):
        outcome = call.outcome
        fields: JsonObject = {
            "returnData": data(outcome.output if outcome.succeeded else b""),
            "logs": [
                log_json(
                    LocatedLog(
                        log=log,
                        block_hash=view.hash,
                        block_number=view.header.number,
                        transaction_hash=view.transaction_hashes[index],
                        transaction_index=index,
                        log_index=first_log + offset,
                    ),
                    view.header.timestamp,
                )
                for offset, log in enumerate(call.logs)
            ],
            "gasUsed": quantity(outcome.gas_used),
            "maxUsedGas": quantity(outcome.max_used_gas),
            "status": quantity(int(outcome.succeeded)),
        }
        if not outcome.succeeded:
            fields["error"] = _error(outcome, is_gas_capped=call.is_gas_capped)
        first_log += len(call.logs)
        calls.append(fields)
    return calls


def _error(outcome: TransactionOutcome, *, is_gas_capped: bool) -> JsonObject:
    """Code 3 with the data for a revert; else -32015, in the words that execution-apis' schema asks for."""
    text = outcome.error or "execution failed"
    if text == "execution reverted":
        reason = revert_reason(outcome.output)
        message = text if reason is None else f"{text}: {reason}"
        return {"message": message, "code": REVERT_CODE, "data": data(outcome.output)}
    capped = " (gas limit was capped by the RPC server's global gas cap)" if is_gas_capped else ""
    return {"message": f"vm execution error: {text}{capped}", "code": VM_ERROR_CODE}
