"""What the node's own L1 accounts have left, asked every now and then: a batcher without coin stops the safe head."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

from rollup.errors import L1Rejected, L1Unavailable
from state.primitives.types import Address, Wei

LOOK_SECONDS: Final = 15.0


class L1Balances(Protocol):
    """What is asked of `L1Client`."""

    async def balance(self, address: Address) -> Wei: ...


class AccountsWatch:
    """Balances of named accounts, as they were at the last look that L1 answered."""

    def __init__(self, l1: L1Balances) -> None:
        self._l1 = l1
        self._accounts: dict[str, Address] = {}
        self._balances: dict[str, Wei] = {}

    def add(self, name: str, address: Address) -> None:
        """Watch this one, too."""
        self._accounts[name] = address

    @property
    def balances(self) -> Mapping[str, Wei]:
        """Name -> wei; accounts that were never seen are left out."""
        return self._balances

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """One look; an L1 that is away leaves what was known."""
        for name, address in self._accounts.items():
            try:
                self._balances[name] = await self._l1.balance(address)
            except (L1Unavailable, L1Rejected):
                continue
