"""Receipt JSON -> raw receipts, whose root the header names, and the parts that derivation reads."""

from typing import Any

from rollup.l1 import values
from rollup.l1.values import Json
from rollup.types import L1Receipt
from state.blocks import Log
from state.primitives import rlp
from state.primitives.types import Hash32

_MAX_TOPICS = 4


def raw_receipt(receipt: Json) -> bytes:
    """The EIP-2718 bytes as the receipts trie holds them. Raises L1Inconsistent."""
    kind = values.to_quantity(receipt.get("type", "0x0"), "type")
    outcome = rlp.int_to_bytes(values.quantity(receipt, "status")) if "status" in receipt else _state_root(receipt)
    items: list[rlp.Item] = [
        outcome,
        rlp.int_to_bytes(values.quantity(receipt, "cumulativeGasUsed")),
        values.data(receipt, "logsBloom", length=256),
        [[log.address, list(log.topics), log.data] for log in decode_logs(receipt)],
    ]
    if kind == 0x7E:
        items += _deposit_tail(receipt)
    encoded = rlp.encode(items)
    return encoded if kind == 0 else bytes((kind,)) + encoded


def _state_root(receipt: Json) -> bytes:
    """Before Byzantium a receipt held a state root in its first place."""
    return values.data(receipt, "root", length=32)


def _deposit_tail(receipt: Json) -> list[rlp.Item]:
    """What the receipts of deposits hold more, where the L1 is an OP chain itself."""
    tail = [receipt[name] for name in ("depositNonce", "depositReceiptVersion") if receipt.get(name) is not None]
    return [rlp.int_to_bytes(values.to_quantity(value, "depositNonce")) for value in tail]


def decode_receipt(receipt: Json) -> L1Receipt:
    """What derivation reads of a receipt; one without a status counts as succeeded."""
    status = values.quantity(receipt, "status") if "status" in receipt else 1
    return L1Receipt(succeeded=status == 1, logs=decode_logs(receipt))


def decode_logs(receipt: Json) -> tuple[Log, ...]:
    """The logs of a receipt, in order."""
    return tuple(_decode_log(entry) for entry in values.to_array(receipt.get("logs"), "logs"))


def _decode_log(entry: Any) -> Log:
    log = values.to_object(entry, "log")
    topics = values.to_array(log.get("topics"), "topics")[: _MAX_TOPICS + 1]
    return Log(
        address=values.address(log, "address"),
        topics=tuple(Hash32(values.to_data(topic, "topic", length=32)) for topic in topics),
        data=values.data(log, "data"),
    )
