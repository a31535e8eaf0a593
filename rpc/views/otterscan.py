"""Blocks, receipts and internal calls as Otterscan shows them. Source: otterscan, docs/custom-jsonrpc.md, version 8."""

from collections.abc import Sequence
from typing import Any, Final

from rpc.values import BlockView, JsonObject, ReceiptsView
from rpc.views.blocks import block_json
from rpc.views.hexadecimal import quantity
from state.blocks import Header
from state.transactions import DepositTransaction, decode_transaction

_SELECTOR: Final = 10
"""Of `input`, characters that a row of a block's transactions shows: 0x and four bytes."""
_OPERATIONS: Final = {"call": 0, "suicide": 1, "create": 2, "create2": 3}


def block_without_transactions(view: BlockView) -> JsonObject:
    """A block with the count of its transactions in place of them, and no bloom."""
    shown = block_json(view, ())
    del shown["transactions"]
    return {**shown, "transactionCount": quantity(len(view.transactions)), "logsBloom": None}


def block_with_transactions(view: BlockView, transactions: Sequence[JsonObject]) -> JsonObject:
    """A block with some of its transactions, calldata cut to the selector, and no bloom."""
    cut = [{**entry, "input": entry["input"][:_SELECTOR]} for entry in transactions]
    count = quantity(len(view.transactions))
    return {**block_json(view, cut), "transactionCount": count, "logsBloom": None}


def block_details(view: BlockView, receipts: ReceiptsView) -> JsonObject:
    """The block, what it issued (nothing: coins come from L1), and the execution fees of its transactions."""
    nothing = {"blockReward": "0x0", "uncleReward": "0x0", "issuance": "0x0"}
    return {
        "block": block_without_transactions(view),
        "issuance": nothing,
        "totalFees": quantity(_total_fees(view, receipts)),
    }


def _total_fees(view: BlockView, receipts: ReceiptsView) -> int:
    total = used_before = 0
    for raw, receipt in zip(view.transactions, receipts.receipts, strict=True):
        transaction = decode_transaction(raw)
        if not isinstance(transaction, DepositTransaction):
            price = transaction.effective_gas_price(view.header.base_fee_per_gas)
            total += price * (receipt.cumulative_gas_used - used_before)
        used_before = receipt.cumulative_gas_used
    return total


def receipt_in_row(receipt: JsonObject) -> JsonObject:
    """A receipt of a block's row of transactions: without its logs."""
    return {**receipt, "logs": None, "logsBloom": None}


def dated_receipt(receipt: JsonObject, header: Header) -> JsonObject:
    """A receipt of a search's row: with its block's time."""
    return {**receipt, "timestamp": quantity(header.timestamp)}


def traced_call(trace: dict[str, Any]) -> JsonObject:
    """One frame of `ots_traceTransaction`, from Parity's form of it."""
    action, result = trace["action"], trace.get("result") or {}
    kind = _kind(trace)
    if kind == "SELFDESTRUCT":
        ends = {"from": action["address"], "to": action["refundAddress"], "value": action["balance"]}
        return {"type": kind, "depth": len(trace["traceAddress"]), **ends, "input": "0x", "output": "0x"}
    has_value = kind not in ("DELEGATECALL", "STATICCALL")
    return {
        "type": kind,
        "depth": len(trace["traceAddress"]),
        "from": action["from"],
        "to": action.get("to") or result.get("address"),
        "value": action["value"] if has_value else None,
        "input": action.get("input") or action.get("init") or "0x",
        "output": result.get("output") or result.get("code") or "0x",
    }


def _kind(trace: dict[str, Any]) -> str:
    if trace["type"] == "suicide":
        return "SELFDESTRUCT"
    action = trace["action"]
    kind: str = action["creationMethod"] if trace["type"] == "create" else action["callType"]
    return kind.upper()


def internal_operation(trace: dict[str, Any]) -> JsonObject | None:
    """A transfer of coin, creation or destruction inside a transaction; None for any other frame, and the outermost."""
    action = trace["action"]
    if not trace["traceAddress"] or "error" in trace:
        return None
    if trace["type"] == "suicide":
        ends = {"from": action["address"], "to": action["refundAddress"], "value": action["balance"]}
        return {"type": _OPERATIONS["suicide"], **ends}
    if trace["type"] == "create":
        made = trace["result"]["address"]
        return {
            "type": _OPERATIONS[action["creationMethod"]],
            "from": action["from"],
            "to": made,
            "value": action["value"],
        }
    if action["callType"] != "call" or action["value"] == "0x0":
        return None
    return {"type": _OPERATIONS["call"], "from": action["from"], "to": action["to"], "value": action["value"]}
