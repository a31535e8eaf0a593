"""The page that lists every method, made from the registry: `python -m rpc.reference > docs/json-rpc.md`."""

import sys
from collections.abc import Iterator
from typing import Any, Final

from rpc.errors import INTERNAL_ERROR
from rpc.namespaces import ADMIN, methods_for
from rpc.openrpc import error_classes, error_text
from rpc.parameters import BlockByHash, BlockByNumber, BlockTag
from rpc.parameters.pages import Page
from rpc.registry import Method, MethodGroup, Parameter

INTRODUCTION: Final = """# JSON-RPC

<!-- Made by `python -m rpc.reference > docs/json-rpc.md`; a test fails when it is out of date. -->

HTTP (POST `application/json` to `/`) and WebSocket (at `/`) on one port, batches included. Forms, codes and texts are
geth's; deposit transactions and receipts carry op-geth's additional fields. `optimism_*` is there on L2 only.

Quantities are shortest hexadecimal (`0x0`, `0x1a`), data has two digits a byte. A *block* is `latest` (the unsafe
head), `pending`, `safe`, `finalized`, `earliest`, a quantity, a hash, or `{"blockHash": ..., "requireCanonical": ...}`.
A parameter in brackets may be left out. rpc_discover answers the same list as an OpenRPC document, with schemas.

A *trace config* is geth's: `{"tracer", "tracerConfig", "timeout", ...}`. Without a tracer it is the struct logger,
with `disableStack`, `disableStorage`, `enableMemory`, `enableReturnData` and `limit` (entries); else `callTracer`
(`withLog`, `onlyTopCall`), `prestateTracer` (`diffMode`, `disableCode`, `disableStorage`, `includeEmpty`),
`flatCallTracer` (`convertParityErrors`, `includePrecompiles`), `4byteTracer`, `noopTracer`, or `muxTracer` over several
of them. A trace ends with -32002 after ten seconds, or the shorter `timeout`, and with -32003 at 24 MiB.

Every answer of `open_get*` is an object that names the block it was read at, `{"block": {"number", "hash",
"timestamp"}, ...}`; what is not there is null beside it. A *page* is `{"cursor": data, "limit": quantity}`, 25 rows
unless it says otherwise and 100 at most; `next` in the answer is the next page's cursor, or null. A *record filter*
names any of `contributor`, `contributionId`, `datanetId`, `modelId`, `payer`, `worker`, `fromBlock`, `toBlock`.
`admin_*` is served on a port of its own.

`/healthz` answers 200 while the process works as it should, `/readyz` when the node should get traffic; else they
answer 503, and the JSON body has the reasons.
"""


def render() -> str:
    """The whole page, in Markdown."""
    groups = (*methods_for(rollup=True, accounts=True, sandbox=True), ADMIN)
    return "\n".join([INTRODUCTION, *(line for group in groups for line in _group(group)), *_errors()])


def _group(group: MethodGroup) -> Iterator[str]:
    yield f"## {group.title}\n"
    yield "| method | parameters | answers |"
    yield "|---|---|---|"
    for method in group.methods.values():
        yield f"| `{method.name}` | {_parameters(method)} | {method.summary} |"
    yield ""


def _parameters(method: Method) -> str:
    return ", ".join(_parameter(parameter) for parameter in method.parameters) or "none"


def _parameter(parameter: Parameter) -> str:
    text = f"{parameter.name}: {parameter.kind.label}"
    if parameter.is_required:
        return text
    default = _default(parameter.default)
    return f"[{text} = {default}]" if default else f"[{text}]"


def _default(value: Any) -> str:
    match value:
        case BlockByNumber(which=BlockTag() as tag):
            return f"`{tag.value}`"
        case BlockByHash() | Page() | None | {}:
            return ""
        case _:
            return f"`{str(value).lower()}`"


def _errors() -> Iterator[str]:
    yield "## Errors of the server itself\n"
    yield "Errors of the pool and the EVM are -32000 with geth's texts. A revert has code 3 and its data in `data`.\n"
    yield "| code | when |"
    yield "|--:|---|"
    for error in error_classes():
        yield f"| {error.rpc_code} | {error_text(error)} |"
    yield f"| {INTERNAL_ERROR} | A bug in the node: nothing that a request can ask for gives this on purpose. |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(render())
