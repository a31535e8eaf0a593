"""Transactions of one account, each included exactly once.

    submit(key, call) ── nonce, journal, send ──▶ PENDING ──▶ INCLUDED ──▶ CONFIRMED (final) ──▶ forget(key)
                                                   │  ▲          │
                              fee bump, send again ┘  └── reorg ─┘

A key is the caller's name for one wish. It is bound to one nonce before anything is sent, and every fee bump or
cancellation reuses that nonce, so at most one form of it is ever included. Only where the account's nonce was spent by
somebody else does a wish get a new one. `tend()` is called now and then (every L1 block or few seconds) and does all
the rest: it looks for receipts, sends again what a reorg or a restarted node forgot, and raises the fee of what is
stuck.

One task owns a sender: calls must not overlap. The account must not be used by anything else.
"""

import dataclasses
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1.fees import transaction_gas_limit
from rollup.l1.journal import JournalEntry, TransactionJournal, Variant
from rollup.l1.lookout import L1Inclusions, Lookout
from rollup.l1.signing import filler
from rollup.l1.status import InFlight, SenderConfig, TransactionState, TransactionStatus
from rollup.l1.wishes import Wishes
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei

log = structlog.get_logger("rollup.l1")

_ALREADY_THERE: Final = ("already known", "known transaction", "already imported", "alreadyknown")
_NONCE_SPENT: Final = ("nonce too low", "nonce is too low")
_MAX_FILLERS: Final = 64
_UNDERPRICED: Final = ("underpriced", "fee too low", "replacement")


class L1Endpoint(L1Inclusions, Protocol):
    """What the sender needs of `L1Client`."""

    async def chain_id(self) -> int: ...

    async def pending_nonce(self, address: Address) -> Nonce: ...

    async def gas_price(self) -> tuple[Wei, Wei]: ...

    async def estimate_gas(self, *, sender: Address, to: Address | None, data: bytes, value: int = 0) -> Gas: ...

    async def send_raw_transaction(self, raw: bytes) -> Hash32: ...


class L1TransactionSender:
    """Nonces, fees, resubmission and the journal of one account."""

    def __init__(
        self,
        client: L1Endpoint,
        private_key: bytes,
        journal: TransactionJournal,
        *,
        clock: Callable[[], float],
        config: SenderConfig | None = None,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        """`clock` gives seconds, monotonic; `may_send` is asked before each transaction leaves. Sends nothing yet."""
        self._client = client
        self._clock = clock
        self._config = config or SenderConfig()
        self._may_send = may_send
        self._wishes = Wishes(private_key, journal)
        self._lookout = Lookout(client, self._wishes, self._config, renew=self._renew)

    @property
    def address(self) -> Address:
        return self._wishes.address

    @property
    def fees_paid(self) -> int:
        """Wei that transactions cost whose receipts this process saw; one that moves in a reorg counts once."""
        return self._lookout.fees_paid

    async def start(self) -> None:
        """Bring the journal back into memory. Called by every other method, once."""
        if not self._wishes.is_loaded:
            self._wishes.load(await self._client.chain_id())

    async def submit(
        self,
        key: bytes,
        *,
        to: Address | None,
        data: bytes,
        value: int = 0,
        gas_limit: int | None = None,
        only_if_it_succeeds: bool = False,
    ) -> TransactionStatus:
        """The status of `key`, now journaled and offered to the L1. A key that is known is not sent again.

        Once the entry is journaled an L1 that is away is no error: `tend` sends it. Raises L1Unavailable before that,
        and with `only_if_it_succeeds` L1Rejected for a call that would revert now.
        """
        await self.start()
        if self._wishes.get(key) is None:
            limit = gas_limit
            if limit is None:
                limit = await self._gas_limit(to, data, value, only_if_it_succeeds=only_if_it_succeeds)
            entry = await self._new_entry(key, to=to, data=data, value=value, gas_limit=limit)
            await self._send(self._wishes.remember(entry))
        status = self._wishes.status(key)
        assert status is not None  # noqa: S101 - it was there or has just been remembered
        return status

    async def cancel(self, key: bytes) -> None:
        """Give up a wish that is not included: its nonce is spent on a transfer of nothing. Unknown keys are fine,
        and so is calling it again, which cancels what a reorg brought back."""
        await self.start()
        one = self._wishes.get(key)
        if one is None or one.state is not TransactionState.PENDING or one.entry.variants[-1].is_cancellation:
            return
        entry = dataclasses.replace(one.entry, cancelled=True)
        offer = self._config.fees.bump(entry.variants[-1].offer, *await self._client.gas_price())
        if offer:
            entry = entry.add_variant(Variant(offer=offer, is_cancellation=True))
        await self._send(self._wishes.remember(entry))

    def status(self, key: bytes) -> TransactionStatus | None:
        """What was known of `key` at the last `tend`; None if it was never submitted or is forgotten."""
        return self._wishes.status(key)

    def statuses(self) -> list[TransactionStatus]:
        """Of all that are not forgotten, by nonce."""
        return self._wishes.statuses()

    def forget(self, key: bytes) -> None:
        """Drop a wish that is final: nothing brings it back after that. Others stay."""
        self._wishes.forget(key)

    async def tend(self) -> list[TransactionStatus]:
        """The statuses that changed since the last call. Raises L1Unavailable with nothing lost."""
        await self.start()
        if not self._wishes:
            return []
        before = {status.key: status for status in self._wishes.statuses()}
        await self._lookout.look()
        await self._fill_gaps()
        await self._push()
        self._wishes.forget_fillers()
        return [status for status in self._wishes.statuses() if before.get(status.key) != status]

    # -- sending ---------------------------------------------------------------------------------------------

    async def _push(self) -> None:
        """Send what this process never sent, and what waits too long; raise the fee of the one that blocks."""
        now, spent = self._clock(), self._lookout.spent
        for one in self._wishes.by_nonce():
            if one.entry.nonce < spent or one.state is not TransactionState.PENDING:
                continue
            if one.sent_at is None:
                await self._send(one)
            elif now - one.sent_at >= self._config.resend_after:
                await self._send(await self._raise_fee(one) if one.entry.nonce == spent else one)

    async def _fill_gaps(self) -> None:
        """A reorg deeper than what was forgotten frees nonces that nobody here remembers, and what is bound to later
        ones would wait for ever: those nonces are spent on transfers of nothing."""
        spent = self._lookout.spent
        waiting = {one.entry.nonce for one in self._wishes.by_nonce() if one.entry.nonce >= spent}
        if not waiting or max(waiting) - spent == len(waiting) - 1:
            return
        free = [nonce for nonce in range(spent, min(max(waiting), spent + _MAX_FILLERS)) if nonce not in waiting]
        offer = self._config.fees.offer(*await self._client.gas_price())
        for nonce in free:
            log.warning("l1.nonce_gap_filled", address=self.address.hex(), nonce=nonce)
            self._wishes.remember(filler(nonce=Nonce(nonce), offer=offer, sender=self.address))

    async def _raise_fee(self, one: InFlight) -> InFlight:
        last = one.entry.variants[-1].offer
        offer = self._config.fees.bump(last, *await self._client.gas_price())
        if offer is None:
            log.warning("l1.fee_cap_reached", nonce=one.entry.nonce, max_fee=last.max_fee)
            return one
        log.info("l1.fee_raised", nonce=one.entry.nonce, max_fee=offer.max_fee, priority_fee=offer.priority_fee)
        return self._wishes.remember(one.entry.replace_last_offer(offer))

    async def _send(self, one: InFlight) -> None:
        """Offer the last variant to the L1. Nothing that it answers loses the entry."""
        if not self._may_send():
            one.sent_at = None
            return
        one.sent_at = self._clock()
        try:
            await self._client.send_raw_transaction(one.signed[-1].raw)
        except L1Unavailable as error:
            one.sent_at = None
            log.warning("l1.not_sent", nonce=one.entry.nonce, reason=str(error))
        except L1Rejected as error:
            self._note_refusal(one, str(error))

    def _note_refusal(self, one: InFlight, words: str) -> None:
        lowered = words.lower()
        if any(text in lowered for text in _ALREADY_THERE):
            return
        if any(text in lowered for text in _NONCE_SPENT):
            return  # the next tend finds the receipt, or the thief
        if any(text in lowered for text in _UNDERPRICED):
            log.info("l1.underpriced", nonce=one.entry.nonce)
            return  # resend_after later the fee goes up by another step
        log.error("l1.refused", nonce=one.entry.nonce, reason=words)

    # -- entries ---------------------------------------------------------------------------------------------

    async def _new_entry(
        self, key: bytes, *, to: Address | None, data: bytes, value: int, gas_limit: int
    ) -> JournalEntry:
        nonce = await self._next_nonce()
        offer = self._config.fees.offer(*await self._client.gas_price())
        return JournalEntry(
            key=key,
            nonce=nonce,
            to=to,
            value=Wei(value),
            data=data,
            gas_limit=Gas(gas_limit),
            variants=(Variant(offer=offer),),
        )

    async def _next_nonce(self) -> Nonce:
        """After every nonce that we bound, and after every one that the L1 has seen of us: a lost journal must not
        replace what is already on its way."""
        return Nonce(max(self._wishes.free_nonce(), await self._client.pending_nonce(self.address)))

    async def _renew(self, one: InFlight) -> None:
        entry = one.entry
        fresh = await self._new_entry(
            entry.key, to=entry.to, data=entry.data, value=entry.value, gas_limit=entry.gas_limit
        )
        self._wishes.remember(fresh)

    async def _gas_limit(self, to: Address | None, data: bytes, value: int, *, only_if_it_succeeds: bool) -> Gas:
        try:
            estimate = await self._client.estimate_gas(sender=self.address, to=to, data=data, value=value)
        except L1Rejected as error:
            if only_if_it_succeeds:
                raise
            log.warning("l1.estimate_refused", reason=str(error))
            return transaction_gas_limit(data, None)
        return transaction_gas_limit(data, estimate)
