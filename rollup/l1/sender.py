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
from rollup.l1.client import L1TransactionReceipt, Tag
from rollup.l1.fees import transaction_gas_limit
from rollup.l1.journal import JournalEntry, TransactionJournal, Variant
from rollup.l1.pace import Pace
from rollup.l1.signing import filler, is_filler, sign_variant
from rollup.l1.status import InFlight, SenderConfig, TransactionState, TransactionStatus
from rollup.types import BlockId, L1BlockRef
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei
from state.transactions import RecoveredTransaction

log = structlog.get_logger("rollup.l1")

_ALREADY_THERE: Final = ("already known", "known transaction", "already imported", "alreadyknown")
_NONCE_SPENT: Final = ("nonce too low", "nonce is too low")
_MAX_FILLERS: Final = 64
_UNDERPRICED: Final = ("underpriced", "fee too low", "replacement")


class L1Endpoint(Protocol):
    """What the sender needs of `L1Client`."""

    async def chain_id(self) -> int: ...

    async def block_ref(self, which: int | Hash32 | Tag) -> L1BlockRef: ...

    async def nonce(self, address: Address, which: Tag = "latest") -> Nonce: ...

    async def pending_nonce(self, address: Address) -> Nonce: ...

    async def gas_price(self) -> tuple[Wei, Wei]: ...

    async def estimate_gas(self, *, sender: Address, to: Address | None, data: bytes, value: int = 0) -> Gas: ...

    async def receipt(self, transaction_hash: Hash32) -> L1TransactionReceipt | None: ...

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
        self.address: Address = private_key_to_address(private_key)
        self._client = client
        self._key = private_key
        self._journal = journal
        self._clock = clock
        self._config = config or SenderConfig()
        self._may_send = may_send
        self._chain_id: int | None = None
        self._in_flight: dict[bytes, InFlight] = {}
        self._loaded = False
        self._pace = Pace()
        self._spent = 0
        """The account's nonce when L1 was last looked at."""
        self.fees_paid = 0
        """Wei that transactions cost whose receipts this process saw; one that moves in a reorg counts once."""

    async def start(self) -> None:
        """Bring the journal back into memory. Called by every other method, once."""
        if self._loaded:
            return
        self._chain_id = await self._client.chain_id()
        for entry in sorted(self._journal.entries(), key=lambda one: one.nonce):
            self._in_flight[entry.key] = InFlight(entry=entry, signed=self._sign_all(entry))
        self._loaded = True

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
        if key not in self._in_flight:
            limit = gas_limit
            if limit is None:
                limit = await self._gas_limit(to, data, value, only_if_it_succeeds=only_if_it_succeeds)
            entry = await self._new_entry(key, to=to, data=data, value=value, gas_limit=limit)
            self._remember(entry)
            await self._send(self._in_flight[key])
        return self._status(self._in_flight[key])

    async def cancel(self, key: bytes) -> None:
        """Give up a wish that is not included: its nonce is spent on a transfer of nothing. Unknown keys are fine,
        and so is calling it again, which cancels what a reorg brought back."""
        await self.start()
        one = self._in_flight.get(key)
        if one is None or one.state is not TransactionState.PENDING or one.entry.variants[-1].is_cancellation:
            return
        entry = dataclasses.replace(one.entry, cancelled=True)
        offer = self._config.fees.bump(entry.variants[-1].offer, *await self._client.gas_price())
        self._remember(entry.add_variant(Variant(offer=offer, is_cancellation=True)) if offer else entry)
        await self._send(self._in_flight[key])

    def status(self, key: bytes) -> TransactionStatus | None:
        """What was known of `key` at the last `tend`; None if it was never submitted or is forgotten."""
        one = self._in_flight.get(key)
        return None if one is None else self._status(one)

    def statuses(self) -> list[TransactionStatus]:
        """Of all that are not forgotten, by nonce."""
        return [self._status(one) for one in self._by_nonce()]

    def forget(self, key: bytes) -> None:
        """Drop a wish that is final: nothing brings it back after that. Others stay."""
        one = self._in_flight.get(key)
        if one is not None and one.is_final:
            del self._in_flight[key]
            self._journal.delete(key)

    async def tend(self) -> list[TransactionStatus]:
        """The statuses that changed since the last call. Raises L1Unavailable with nothing lost."""
        await self.start()
        if not self._in_flight:
            return []
        head = await self._client.block_ref("latest")
        before = {key: self._status(one) for key, one in self._in_flight.items()}
        if self._pace.is_due(head.hash):
            await self._look(head)
            if all(one.missing_since is None for one in self._in_flight.values()):  # receipts may lag behind a head
                self._pace.done()
        await self._push(self._spent)
        self._forget_fillers()
        return [self._status(one) for one in self._by_nonce() if before.get(one.entry.key) != self._status(one)]

    # -- looking ---------------------------------------------------------------------------------------------

    async def _look(self, head: L1BlockRef) -> None:
        """Where everything stands under this head."""
        self._spent = spent = await self._client.nonce(self.address, "latest")
        for one in self._by_nonce():
            if one.entry.nonce >= spent:
                self._note_not_included(one)
        await self._look_for_receipts(head, spent)
        await self._note_finality(head)
        await self._fill_gaps(spent)

    async def _look_for_receipts(self, head: L1BlockRef, spent: int) -> None:
        """Newest inclusion first: what lies below a block that is still canonical needs no second look."""
        still_canonical = False
        candidates = [one for one in self._by_nonce() if one.entry.nonce < spent and not one.displaced]
        for one in sorted(candidates, key=_inclusion_number, reverse=True):
            if one.included is None or one.entry.inclusion is None:
                await self._look_for_receipt(one, head)
            elif not still_canonical:
                still_canonical = await self._is_canonical(one.entry.inclusion, head)
                if not still_canonical:
                    await self._look_for_receipt(one, head)

    async def _is_canonical(self, place: BlockId, head: L1BlockRef) -> bool:
        return place.number <= head.number and (await self._client.block_ref(place.number)).hash == place.hash

    async def _look_for_receipt(self, one: InFlight, head: L1BlockRef) -> None:
        for variant, signed in reversed(list(zip(one.entry.variants, one.signed, strict=True))):
            receipt = await self._client.receipt(signed.hash)
            if receipt is not None:
                self._note_included(one, variant, receipt)
                return
        await self._note_displaced(one, head)

    def _note_included(self, one: InFlight, variant: Variant, receipt: L1TransactionReceipt) -> None:
        place = BlockId(number=receipt.block_number, hash=receipt.block_hash)
        if one.entry.inclusion != place:
            one.entry = dataclasses.replace(one.entry, inclusion=place)
            self._journal.put(one.entry)
        one.included, one.succeeded, one.missing_since = variant, receipt.succeeded, None
        fee = receipt.gas_used * receipt.effective_gas_price
        self.fees_paid += max(0, fee - one.fee)
        one.fee = fee

    async def _note_displaced(self, one: InFlight, head: L1BlockRef) -> None:
        """The nonce is spent and no variant of ours has a receipt. Endpoints lag, so that must last before it is
        believed; then the wish gets a new nonce, since it can't have had any effect."""
        self._forget_inclusion(one)
        if one.missing_since is None or one.missing_since > head.number:
            one.missing_since = int(head.number)
        if head.number - one.missing_since < self._config.displaced_after:
            return
        if one.entry.cancelled:
            one.displaced = one.is_final = True
            return
        log.warning("l1.nonce_spent_by_another", address=self.address.hex(), nonce=one.entry.nonce)
        entry = one.entry
        fresh = await self._new_entry(
            entry.key, to=entry.to, data=entry.data, value=entry.value, gas_limit=entry.gas_limit
        )
        self._remember(fresh)

    def _note_not_included(self, one: InFlight) -> None:
        if one.entry.inclusion is not None:
            log.info("l1.reorged_out", nonce=one.entry.nonce, block=one.entry.inclusion.number)
            one.sent_at = None
        self._forget_inclusion(one)
        one.missing_since = None

    def _forget_inclusion(self, one: InFlight) -> None:
        if one.entry.inclusion is not None:
            one.entry = dataclasses.replace(one.entry, inclusion=None)
            self._journal.put(one.entry)
        one.included, one.succeeded, one.is_final = None, None, False

    async def _note_finality(self, head: L1BlockRef) -> None:
        if all(one.entry.inclusion is None for one in self._in_flight.values()):
            return
        final = await self._final_number(head)
        for one in self._in_flight.values():
            if one.included is not None and one.entry.inclusion is not None:
                one.is_final = one.entry.inclusion.number <= final

    async def _final_number(self, head: L1BlockRef) -> int:
        depth = self._config.confirmation_depth
        if depth is not None:
            return head.number - depth + 1
        return (await self._client.block_ref("finalized")).number

    # -- sending ---------------------------------------------------------------------------------------------

    async def _push(self, spent: int) -> None:
        """Send what this process never sent, and what waits too long; raise the fee of the one that blocks."""
        now = self._clock()
        for one in self._by_nonce():
            if one.entry.nonce < spent or one.state is not TransactionState.PENDING:
                continue
            if one.sent_at is None:
                await self._send(one)
            elif now - one.sent_at >= self._config.resend_after:
                if one.entry.nonce == spent:
                    await self._raise_fee(one)
                await self._send(one)

    async def _fill_gaps(self, spent: int) -> None:
        """A reorg deeper than what was forgotten frees nonces that nobody here remembers, and what is bound to later
        ones would wait for ever: those nonces are spent on transfers of nothing."""
        waiting = {one.entry.nonce for one in self._in_flight.values() if one.entry.nonce >= spent}
        if not waiting or max(waiting) - spent == len(waiting) - 1:
            return
        free = [nonce for nonce in range(spent, min(max(waiting), spent + _MAX_FILLERS)) if nonce not in waiting]
        offer = self._config.fees.offer(*await self._client.gas_price())
        for nonce in free:
            log.warning("l1.nonce_gap_filled", address=self.address.hex(), nonce=nonce)
            self._remember(filler(nonce=Nonce(nonce), offer=offer, sender=self.address))

    def _forget_fillers(self) -> None:
        for key in [key for key in self._in_flight if is_filler(key)]:
            self.forget(key)

    async def _raise_fee(self, one: InFlight) -> None:
        last = one.entry.variants[-1].offer
        offer = self._config.fees.bump(last, *await self._client.gas_price())
        if offer is None:
            log.warning("l1.fee_cap_reached", nonce=one.entry.nonce, max_fee=last.max_fee)
            return
        log.info("l1.fee_raised", nonce=one.entry.nonce, max_fee=offer.max_fee, priority_fee=offer.priority_fee)
        self._remember(one.entry.replace_last_offer(offer))

    async def _send(self, one: InFlight) -> None:
        """Offer the last variant to the L1. Nothing that it answers loses the entry."""
        one = self._in_flight[one.entry.key]
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
        bound = max((one.entry.nonce + 1 for one in self._in_flight.values()), default=0)
        return Nonce(max(bound, await self._client.pending_nonce(self.address)))

    async def _gas_limit(self, to: Address | None, data: bytes, value: int, *, only_if_it_succeeds: bool) -> Gas:
        try:
            estimate = await self._client.estimate_gas(sender=self.address, to=to, data=data, value=value)
        except L1Rejected as error:
            if only_if_it_succeeds:
                raise
            log.warning("l1.estimate_refused", reason=str(error))
            return transaction_gas_limit(data, None)
        return transaction_gas_limit(data, estimate)

    def _remember(self, entry: JournalEntry) -> None:
        """Journal first, then memory: what is sent is always on disk."""
        self._journal.put(entry)
        one = self._in_flight.get(entry.key)
        if one is None or one.entry.nonce != entry.nonce:
            self._in_flight[entry.key] = InFlight(entry=entry, signed=self._sign_all(entry))
            return
        known = len(one.signed)
        one.signed += [self._sign(entry, variant) for variant in entry.variants[known:]]
        one.entry = entry

    def _sign_all(self, entry: JournalEntry) -> list[RecoveredTransaction]:
        return [self._sign(entry, variant) for variant in entry.variants]

    def _sign(self, entry: JournalEntry, variant: Variant) -> RecoveredTransaction:
        return sign_variant(entry, variant, private_key=self._key, chain_id=self._chain_id, sender=self.address)

    def _by_nonce(self) -> list[InFlight]:
        return sorted(self._in_flight.values(), key=lambda one: one.entry.nonce)

    def _status(self, one: InFlight) -> TransactionStatus:
        settled = one.state in (TransactionState.INCLUDED, TransactionState.CONFIRMED)
        return TransactionStatus(
            key=one.entry.key,
            state=one.state,
            is_final=one.is_final,
            nonce=one.entry.nonce,
            hashes=tuple(signed.hash for signed in one.signed),
            inclusion=one.entry.inclusion if settled else None,
            succeeded=one.succeeded if settled else None,
        )


def _inclusion_number(one: InFlight) -> int:
    return -1 if one.entry.inclusion is None else one.entry.inclusion.number
