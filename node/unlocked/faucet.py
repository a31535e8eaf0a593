"""Faucet: coin for whoever asks, by an ordinary transaction of a devnet account.

Bounded three ways: an amount for each request, a pause for each account, and requests a minute for all together, so
that a page that asks in a loop can't fill the pool. When the account runs dry the pool refuses, in its own words.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from node.unlocked.errors import FaucetRefusal
from rpc.devnet_ports import AccountsPort
from rpc.ports import ChainPort, NodeInfo, PoolPort, StatePort
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei
from state.transactions import SignedTransaction, TransactionType

WEI_PER_OPEN: Final = 10**18
USUAL: Final = Wei(10 * WEI_PER_OPEN)
MOST: Final = Wei(100 * WEI_PER_OPEN)
MOST_REMEMBERED: Final = 10_000
"""Accounts whose pause is remembered; the one paid longest ago is forgotten first."""
TRANSFER_GAS: Final = Gas(100_000)
"""Enough for a recipient with code; what is not used is not paid."""


class Faucet:
    """Pays from one account."""

    def __init__(
        self,
        source: Address,
        accounts: AccountsPort,
        *,
        chain: ChainPort,
        state: StatePort,
        pool: PoolPort,
        info: NodeInfo,
        clock: Callable[[], float] = time.monotonic,
        usual: Wei = USUAL,
        most: Wei = MOST,
        cooldown: float = 60.0,
        a_minute: int = 60,
    ) -> None:
        self.usual: Final = usual
        self.most: Final = most
        self.cooldown: Final = cooldown
        self._a_minute: Final = a_minute
        self._source: Final = source
        self._accounts: Final = accounts
        self._chain, self._state, self._pool, self._info = chain, state, pool, info
        self._clock: Final = clock
        self._paid: Final[OrderedDict[Address, float]] = OrderedDict()
        self._recent: Final[deque[float]] = deque(maxlen=a_minute)

    async def pay(self, to: Address, amount: Wei) -> Hash32:
        self._check(to, amount)
        now = self._clock()
        self._paid[to] = now  # before anything is awaited: two requests at once are one too many
        self._paid.move_to_end(to)
        self._recent.append(now)
        if len(self._paid) > MOST_REMEMBERED:
            self._paid.popitem(last=False)
        try:
            return await self._accounts.in_turn(self._source, lambda: self._send(to, amount))
        except BaseException:
            self._paid.pop(to, None)
            raise

    def _check(self, to: Address, amount: Wei) -> None:
        if not 0 < amount <= self.most:
            raise FaucetRefusal(f"the faucet gives 1 wei to {_open(self.most)} OPEN, asked for {_open(amount)}")
        now = self._clock()
        left = self._paid.get(to, now - self.cooldown) + self.cooldown - now
        if left > 0:
            raise FaucetRefusal(f"the faucet paid this account a moment ago: ask again in {left:.0f} s")
        if len(self._recent) == self._a_minute and now - self._recent[0] < 60:
            raise FaucetRefusal("the faucet has paid too many accounts within a minute: ask again later")

    async def _send(self, to: Address, amount: Wei) -> Hash32:
        head = self._chain.heads().unsafe.hash
        header = self._chain.header(head)
        assert header is not None  # noqa: S101 - the head always has one
        nonce = self._pool.pending_nonce(self._source)
        if nonce is None:
            nonce = await self._state.nonce(head, self._source)
        tip = self._info.suggested_tip()
        unsigned = SignedTransaction(
            type=TransactionType.DYNAMIC_FEE,
            chain_id=self._info.chain_id,
            nonce=Nonce(nonce),
            gas_limit=TRANSFER_GAS,
            max_fee_per_gas=Wei(2 * self._chain.next_base_fee(header) + tip),
            max_priority_fee_per_gas=tip,
            to=to,
            value=amount,
            data=b"",
            y_parity=0,
            r=0,
            s=0,
        )
        return await self._pool.submit(self._accounts.sign_transaction(self._source, unsigned))


def _open(wei: int) -> str:
    return f"{wei / WEI_PER_OPEN:g}"
