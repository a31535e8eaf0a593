"""Whose signature counts on gossiped blocks: SystemConfig's unsafe block signer, asked of L1 now and then.

The last answer is kept on disk, so that a node which starts while L1 is away knows the signer of before. L1 is believed
at its head: a rotation that an L1 reorg takes back is taken back here a round later.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from p2p.ports import KeyValues
from rollup.errors import L1Rejected, L1Unavailable
from state.primitives.crypto import keccak256
from state.primitives.types import Address

log = structlog.get_logger("node.p2p")

ROUND_SECONDS: Final = 12.0
_SELECTOR: Final = keccak256(b"unsafeBlockSigner()")[:4]
_KEY: Final = b"signer"
NOBODY: Final = Address(bytes(20))


class L1Calls(Protocol):
    """What is asked of `L1Client` here."""

    async def call(self, to: Address, data: bytes) -> bytes: ...


class SignerWatch:
    """Knows the address; nobody's signature counts until L1 or the disk has told it."""

    def __init__(self, l1: L1Calls, system_config: Address, store: KeyValues, *, fixed: Address | None = None) -> None:
        """`fixed`: an operator's own choice, which L1 is not asked about."""
        self._l1 = l1
        self._system_config = system_config
        self._store = store
        self._fixed = fixed
        self._address = fixed or Address(store.get(_KEY) or NOBODY)

    @property
    def address(self) -> Address:
        """The signer; 20 zero bytes while nobody is known."""
        return self._address

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Ask for ever; an L1 that is away or has no such contract is asked again."""
        while self._fixed is None:
            try:
                await self.look()
            except (L1Unavailable, L1Rejected) as error:
                log.warning("p2p.signer_unknown", reason=str(error), signer="0x" + self._address.hex())
            await sleep(ROUND_SECONDS)

    async def look(self) -> None:
        """Ask once. Raises L1Unavailable, L1Rejected."""
        answer = await self._l1.call(self._system_config, _SELECTOR)
        address = Address(answer[12:32])
        if len(answer) != 32 or address in (NOBODY, self._address):
            return
        log.info("p2p.signer", signer="0x" + address.hex(), before="0x" + self._address.hex())
        self._address = address
        self._store.put(_KEY, address)
