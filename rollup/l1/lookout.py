"""Where the wishes of one account stand under L1's head: included, reorged out, displaced, final."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from rollup.l1.client import L1TransactionReceipt, Tag
from rollup.l1.journal import Variant
from rollup.l1.pace import Pace
from rollup.l1.status import InFlight, SenderConfig
from rollup.l1.wishes import Wishes
from rollup.types import BlockId, L1BlockRef
from state.primitives.types import Address, Hash32, Nonce

log = structlog.get_logger("rollup.l1")


class L1Inclusions(Protocol):
    """What is asked of `L1Client` here."""

    async def block_ref(self, which: int | Hash32 | Tag) -> L1BlockRef: ...

    async def nonce(self, address: Address, which: Tag = "latest") -> Nonce: ...

    async def receipt(self, transaction_hash: Hash32) -> L1TransactionReceipt | None: ...


class Lookout:
    """Looks when L1's head has moved, and writes what it finds into the wishes."""

    def __init__(
        self,
        client: L1Inclusions,
        wishes: Wishes,
        config: SenderConfig,
        *,
        renew: Callable[[InFlight], Awaitable[None]],
    ) -> None:
        """`renew` gives a new nonce to a wish whose own was spent by somebody else."""
        self._client = client
        self._wishes = wishes
        self._config = config
        self._renew = renew
        self._pace = Pace()
        self.spent = 0
        """The account's nonce at the last look."""
        self.fees_paid = 0
        """Wei that transactions cost whose receipts this process saw; one that moves in a reorg counts once."""

    async def look(self) -> None:
        """One question where nothing can have changed. Raises L1Unavailable."""
        head = await self._client.block_ref("latest")
        if not self._pace.is_due(head.hash):
            return
        self.spent = await self._client.nonce(self._wishes.address, "latest")
        for one in self._wishes.by_nonce():
            if one.entry.nonce >= self.spent:
                self._note_not_included(one)
        await self._look_for_receipts(head)
        await self._note_finality(head)
        if all(one.missing_since is None for one in self._wishes.by_nonce()):  # receipts may lag behind a head
            self._pace.done()

    async def _look_for_receipts(self, head: L1BlockRef) -> None:
        """Newest inclusion first: what lies below a block that is still canonical needs no second look."""
        still_canonical = False
        candidates = [one for one in self._wishes.by_nonce() if one.entry.nonce < self.spent and not one.displaced]
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
        self._wishes.place(one, BlockId(number=receipt.block_number, hash=receipt.block_hash))
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
        log.warning("l1.nonce_spent_by_another", address=self._wishes.address.hex(), nonce=one.entry.nonce)
        await self._renew(one)

    def _note_not_included(self, one: InFlight) -> None:
        if one.entry.inclusion is not None:
            log.info("l1.reorged_out", nonce=one.entry.nonce, block=one.entry.inclusion.number)
            one.sent_at = None
        self._forget_inclusion(one)
        one.missing_since = None

    def _forget_inclusion(self, one: InFlight) -> None:
        self._wishes.place(one, None)
        one.included, one.succeeded, one.is_final = None, None, False

    async def _note_finality(self, head: L1BlockRef) -> None:
        placed = [one for one in self._wishes.by_nonce() if one.entry.inclusion is not None]
        if not placed:
            return
        final = await self._final_number(head)
        for one in placed:
            if one.included is not None and one.entry.inclusion is not None:
                one.is_final = one.entry.inclusion.number <= final

    async def _final_number(self, head: L1BlockRef) -> int:
        depth = self._config.confirmation_depth
        if depth is not None:
            return head.number - depth + 1
        return (await self._client.block_ref("finalized")).number


def _inclusion_number(one: InFlight) -> int:
    return -1 if one.entry.inclusion is None else one.entry.inclusion.number
