"""The error table: every class has its code, the drawing at the top is complete, and reverts are decoded."""

import re
from collections.abc import Iterator

import pytest

import rpc.errors
from rpc.errors import ExecutionReverted, RpcError
from state.execution.reverts import revert_reason


def _classes(root: type[RpcError]) -> Iterator[type[RpcError]]:
    for error in root.__subclasses__():
        if error.__module__ == "rpc.errors":
            yield error
            yield from _classes(error)


def test_the_drawing_names_every_class_once_with_its_code() -> None:
    text = rpc.errors.__doc__ or ""
    drawn = dict(re.findall(r"[├└]── (\w+) *(-?\d+)?", text))
    assert set(drawn) == {error.__name__ for error in _classes(RpcError)} | {"RpcError"}
    codes = {error.__name__: error.rpc_code for error in _classes(RpcError)}
    assert {name: int(code) for name, code in drawn.items() if code} == {
        name: code for name, code in codes.items() if drawn[name]
    }


def test_no_expected_error_uses_the_code_of_a_bug() -> None:
    assert rpc.errors.INTERNAL_ERROR not in {error.rpc_code for error in _classes(RpcError)}


def _error_string(text: bytes, length: int | None = None) -> bytes:
    size = len(text) if length is None else length
    return bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + size.to_bytes(32, "big") + text.ljust(32, b"\0")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", None),
        (b"\xde\xad\xbe\xef", None),
        (_error_string(b"no"), "no"),
        (_error_string(b"no", length=2**255), None),
        (_error_string(b"\xff\xfe"), None),
        (bytes.fromhex("4e487b71") + (0x11).to_bytes(32, "big"), "arithmetic underflow or overflow"),
        (bytes.fromhex("4e487b71") + (0x99).to_bytes(32, "big"), "unknown panic code: 0x99"),
        (bytes.fromhex("4e487b71"), None),
    ],
)
def test_revert_reason_is_decoded_only_where_there_is_one(data: bytes, reason: str | None) -> None:
    assert revert_reason(data) == reason
    assert str(ExecutionReverted(data)) == ("execution reverted" if reason is None else f"execution reverted: {reason}")
