"""The page that lists every method, made from the registry: `python -m rpc.reference > docs/json-rpc.md`."""

import sys
from collections.abc import Iterator
from typing import Any, Final

from rpc.errors import INTERNAL_ERROR, RpcError
from rpc.namespaces import methods_for
from rpc.parameters import BlockByHash, BlockByNumber, BlockTag
from rpc.parameters.pages import Page
from rpc.registry import Method, MethodGroup, Parameter

INTRODUCTION: Final = """# JSON-RPC

<!-- Made by `python -m rpc.reference > docs/json-rpc.md`; a test fails when it is out of date. -->

HTTP (POST `application/json` to `/`) and WebSocket (at `/`) on one port, batches included. Forms, codes and texts are
geth's; deposit transactions and receipts carry op-geth's additional fields. `optimism_*` is there on L2 only.

Quantities are shortest hexadecimal (`0x0`, `0x1a`), data has two digits a byte. A *block* is `latest` (the unsafe
head), `pending`, `safe`, `finalized`, `earliest`, a quantity, a hash, or `{"blockHash": ..., "requireCanonical": ...}`.
A parameter in brackets may be left out.

`/healthz` answers 200 while the process lives; `/readyz` answers 200 when the node should get traffic, else 503 with
the reasons.
"""


def render() -> str:
    """The whole page, in Markdown."""
    groups = methods_for(rollup=True)
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
    for error in sorted(_error_classes(), key=lambda entry: (entry.rpc_code, entry.__name__)):
        yield f"| {error.rpc_code} | {' '.join((error.__doc__ or '').split())} |"
    yield f"| {INTERNAL_ERROR} | A bug in the node: nothing that a request can ask for gives this on purpose. |"
    yield ""


def _error_classes() -> list[type[RpcError]]:
    found, queue = [], RpcError.__subclasses__()
    while queue:
        error = queue.pop()
        found.append(error)
        queue.extend(error.__subclasses__())
    return [error for error in found if error.__name__ != "CannotListen"]


if __name__ == "__main__":
    sys.stdout.write(render())
