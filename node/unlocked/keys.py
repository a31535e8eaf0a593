"""UnlockedAccounts: rpc's AccountsPort over keys that everybody knows."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final
from weakref import WeakValueDictionary

from eth_account import Account
from eth_account.messages import SignableMessage, encode_defunct, encode_typed_data

from node.devnet.accounts import DevAccount
from node.unlocked.errors import AccountLocked, InvalidTypedData
from state.primitives.types import Address, Hash32
from state.transactions import SignedTransaction, sign_transaction

MOST_TYPED_DATA_DEPTH: Final = 64
"""Nesting of arrays and structs that is hashed; the encoder is recursive."""


class UnlockedAccounts:
    """Signs for a devnet's accounts."""

    def __init__(self, accounts: Sequence[DevAccount]) -> None:
        self._keys: Final = {Address(account.address): account.private_key for account in accounts}
        self._turns: Final[WeakValueDictionary[Address, asyncio.Lock]] = WeakValueDictionary()

    def addresses(self) -> Sequence[Address]:
        return list(self._keys)

    def holds_key_of(self, address: Address) -> bool:
        """Whether its signatures are real ones."""
        return address in self._keys

    def _key(self, address: Address) -> bytes:
        try:
            return self._keys[address]
        except KeyError:
            raise AccountLocked from None

    def sign_transaction(self, sender: Address, unsigned: SignedTransaction) -> bytes:
        return sign_transaction(unsigned, self._key(sender)).raw

    def sign_message(self, signer: Address, message: bytes) -> bytes:
        return self._sign(signer, encode_defunct(primitive=message))

    def sign_typed_data(self, signer: Address, typed_data: Mapping[str, Any]) -> bytes:
        self._key(signer)
        if _depth(typed_data) > MOST_TYPED_DATA_DEPTH:
            raise InvalidTypedData(f"typed data nested too deep: expected at most {MOST_TYPED_DATA_DEPTH} levels")
        try:
            _require_lengths(typed_data["primaryType"], typed_data["message"], typed_data["types"])
            encoded = encode_typed_data(full_message=_without_unused_types(typed_data))
        except Exception as error:  # eth-account and eth-abi raise a dozen types for data that doesn't fit
            raise InvalidTypedData(f"invalid typed data: {error}") from error
        return self._sign(signer, encoded)

    def _sign(self, signer: Address, message: SignableMessage) -> bytes:
        return bytes(Account.sign_message(message, self._key(signer)).signature)

    async def in_turn(self, sender: Address, work: Callable[[], Coroutine[Any, Any, Hash32]]) -> Hash32:
        turn = self._turns.setdefault(sender, asyncio.Lock())
        async with turn:
            return await work()


def _without_unused_types(typed_data: Mapping[str, Any]) -> dict[str, Any]:
    """The typed data with those types only that its primary type leads to.

    Others change no hash (EIP-712's encodeType), and wallets' test pages send them; but eth-account takes any type that
    no other refers to for the primary type.
    """
    types, reached, waiting = typed_data["types"], {"EIP712Domain"}, [typed_data["primaryType"]]
    while waiting:
        name = waiting.pop()
        if name in types and name not in reached:
            reached.add(name)
            waiting += [field["type"].partition("[")[0] for field in types[name]]
    return dict(typed_data) | {"types": {name: types[name] for name in types if name in reached}}


def _require_lengths(kind: str, value: Any, types: Mapping[str, Any]) -> None:
    """Raises ValueError for an array of another length than its type says: eth-account would sign it."""
    if kind.endswith("]"):
        inner, _, length = kind[:-1].rpartition("[")
        if length and len(value) != int(length):
            raise ValueError(f"Expected {length} items for array type {kind}, got {len(value)} items")
        for item in value:
            _require_lengths(inner, item, types)
    elif kind in types:
        for field in types[kind]:
            if value.get(field["name"]) is not None:
                _require_lengths(field["type"], value[field["name"]], types)


def _depth(value: Any) -> int:
    """How deep lists and objects are nested, without recursion."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        entry, depth = waiting.pop()
        deepest = max(deepest, depth)
        children = entry.values() if isinstance(entry, Mapping) else entry if isinstance(entry, list) else ()
        if depth <= MOST_TYPED_DATA_DEPTH:
            waiting += [(child, depth + 1) for child in children]
    return deepest
