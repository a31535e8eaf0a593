"""Transaction JSON -> raw EIP-2718 bytes, as the transactions trie of an L1 block holds them.

Blob transactions (type 3) come without their sidecar, which is how blocks carry them. A type that we don't know, or one
whose JSON does not give the claimed hash, is left to the caller, who can ask for the raw bytes.
"""

from collections.abc import Callable
from typing import Final

from rollup.l1 import values
from rollup.l1.errors import L1Inconsistent
from rollup.l1.values import Json
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32

_Field = Callable[[Json], rlp.Item]


def transaction_hash(transaction: Json) -> Hash32:
    """The hash that the endpoint says this transaction has."""
    return values.hash32(transaction, "hash")


def raw_transaction(transaction: Json) -> bytes | None:
    """The raw bytes that hash to the transaction's claimed hash; None where its JSON can't give them."""
    try:
        kind = values.to_quantity(transaction.get("type", "0x0"), "type")
        fields = _TYPES.get(kind)
        if fields is None:
            return None
        encoded = rlp.encode([field(transaction) for field in fields])
    except L1Inconsistent:
        return None
    raw = encoded if kind == 0 else bytes((kind,)) + encoded
    return raw if keccak256(raw) == transaction_hash(transaction) else None


def _integer(name: str, default: str | None = None) -> _Field:
    def field(transaction: Json) -> rlp.Item:
        return rlp.int_to_bytes(values.to_quantity(transaction.get(name, default), name))

    return field


def _data(name: str) -> _Field:
    return lambda transaction: values.data(transaction, name)


def _to(transaction: Json) -> rlp.Item:
    return b"" if transaction.get("to") is None else values.address(transaction, "to")


def _parity(transaction: Json) -> rlp.Item:
    """Older endpoints call it v."""
    return rlp.int_to_bytes(values.to_quantity(transaction.get("yParity", transaction.get("v")), "yParity"))


def _access_list(transaction: Json) -> rlp.Item:
    entries: list[rlp.Item] = []
    for entry in values.to_array(transaction.get("accessList"), "accessList"):
        account = values.to_object(entry, "accessList entry")
        keys = values.to_array(account.get("storageKeys"), "storageKeys")
        entries.append(
            [values.address(account, "address"), [values.to_data(k, "storage key", length=32) for k in keys]]
        )
    return entries


def _authorizations(transaction: Json) -> rlp.Item:
    tuples: list[rlp.Item] = []
    for entry in values.to_array(transaction.get("authorizationList"), "authorizationList"):
        one = values.to_object(entry, "authorization")
        head: list[rlp.Item] = [_integer("chainId")(one), values.address(one, "address"), _integer("nonce")(one)]
        tuples.append([*head, _parity(one), _integer("r")(one), _integer("s")(one)])
    return tuples


def _blob_hashes(transaction: Json) -> rlp.Item:
    hashes = values.to_array(transaction.get("blobVersionedHashes"), "blobVersionedHashes")
    return [values.to_data(one, "blob hash", length=32) for one in hashes]


def _flag(name: str) -> _Field:
    return lambda transaction: b"\x01" if transaction.get(name) else b""


_CALL: Final[tuple[_Field, ...]] = (_integer("gas"), _to, _integer("value"), _data("input"))
_SIGNATURE: Final[tuple[_Field, ...]] = (_parity, _integer("r"), _integer("s"))
_DYNAMIC: Final[tuple[_Field, ...]] = (
    _integer("chainId"),
    _integer("nonce"),
    _integer("maxPriorityFeePerGas"),
    _integer("maxFeePerGas"),
    *_CALL,
    _access_list,
)
_TYPES: Final[dict[int, tuple[_Field, ...]]] = {
    0: (_integer("nonce"), _integer("gasPrice"), *_CALL, _integer("v"), _integer("r"), _integer("s")),
    1: (_integer("chainId"), _integer("nonce"), _integer("gasPrice"), *_CALL, _access_list, *_SIGNATURE),
    2: (*_DYNAMIC, *_SIGNATURE),
    3: (*_DYNAMIC, _integer("maxFeePerBlobGas"), _blob_hashes, *_SIGNATURE),
    4: (*_DYNAMIC, _authorizations, *_SIGNATURE),
    0x7E: (
        _data("sourceHash"),
        _data("from"),
        _to,
        _integer("mint", "0x0"),
        _integer("value"),
        _integer("gas"),
        _flag("isSystemTx"),
        _data("input"),
    ),
}
