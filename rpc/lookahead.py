"""The raw transactions in a batch, shown to the pool before its calls are answered one by one."""

from collections.abc import Sequence

from rpc.context import Context
from rpc.parameters.hexadecimal import parse_data
from rpc.parameters.types import Malformed

_METHOD = "eth_sendRawTransaction"


async def prepare_transactions(batch: Sequence[object], context: Context) -> None:
    """Tells `Ports.prepare_transactions` of all that the batch will submit. Changes no answer, whatever is in there."""
    prepare = context.ports.prepare_transactions
    if prepare is not None and (raws := raw_transactions(batch)):
        await prepare(raws)


def raw_transactions(batch: Sequence[object]) -> list[bytes]:
    """The first parameter of each well-formed `eth_sendRawTransaction` call."""
    raws = []
    for call in batch:
        if isinstance(call, dict) and call.get("method") == _METHOD:
            params = call.get("params")
            if isinstance(params, list) and params:
                try:
                    raws.append(parse_data(params[0]))
                except Malformed:
                    continue  # its own call says so
    return raws
