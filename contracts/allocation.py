"""Genesis accounts, in the form of geth's `alloc`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.addresses import to_hex
from contracts.storage import Storage


@dataclass(slots=True, kw_only=True)
class GenesisAccount:
    """One account; `nonce` is 1 where there is code, as after a creation."""

    balance: int = 0
    code: bytes = b""
    storage: Storage = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """geth's object, without empty fields except the balance."""
        entry: dict[str, Any] = {"balance": hex(self.balance)}
        if self.code:
            entry |= {"nonce": "0x1", "code": to_hex(self.code)}
        if self.storage:
            entry["storage"] = {f"0x{slot:064x}": f"0x{value:064x}" for slot, value in sorted(self.storage.items())}
        return entry


class Allocation:
    """Accounts by address; amounts to the same address add up."""

    def __init__(self) -> None:
        """Start empty."""
        self._accounts: dict[bytes, GenesisAccount] = {}

    def fund(self, payments: Iterable[tuple[bytes, int]]) -> None:
        """Add each amount (wei) to its account."""
        for who, amount in payments:
            self._at(who).balance += amount

    def place(self, who: bytes, code: bytes, storage: Mapping[int, int] | None = None) -> None:
        """Put code and its non-zero storage at an address that has none yet."""
        account = self._at(who)
        if account.code:
            raise ValueError(f"{to_hex(who)} has code already")
        account.code = code
        account.storage = {slot: value for slot, value in (storage or {}).items() if value}

    def total(self) -> int:
        """Sum of all balances, wei."""
        return sum(account.balance for account in self._accounts.values())

    def account(self, who: bytes) -> GenesisAccount:
        """The account at an address; KeyError when there is none."""
        return self._accounts[who]

    def to_json(self) -> dict[str, Any]:
        """`alloc`, in the order of addresses."""
        return {to_hex(who): self._accounts[who].to_json() for who in sorted(self._accounts)}

    def _at(self, who: bytes) -> GenesisAccount:
        return self._accounts.setdefault(who, GenesisAccount())
