"""Attributes Queue: an accepted batch -> payload attributes, kept until the engine has made a block of them."""

from dataclasses import dataclass

from rollup.derivation.attributes import attributes_in_epoch
from rollup.derivation.batch_stage import NextBlock
from rollup.errors import DerivationReset
from rollup.types import L1BlockRef, L2BlockRef, PayloadAttributes


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedAttributes:
    """What the next safe block is, and where that was read."""

    attributes: PayloadAttributes
    parent: L2BlockRef
    """The safe head that the block goes on."""
    derived_from: L1BlockRef
    """The L1 block whose data made it certain."""
    is_last_in_span: bool
    """True where no more blocks of the same span batch follow."""


class AttributesQueue:
    """At most one set of attributes. Source: derivation.md "Payload Attributes Derivation"."""

    def __init__(self) -> None:
        self._pending: DerivedAttributes | None = None

    def reset(self) -> None:
        """Forgets the attributes."""
        self._pending = None

    def pending(self, safe_head: L2BlockRef) -> DerivedAttributes | None:
        """The attributes that the engine has not applied yet; None once `safe_head` is the block that they became.

        Raises DerivationReset if the safe head went elsewhere.
        """
        pending = self._pending
        if pending is None or pending.parent.hash == safe_head.hash:
            return pending
        if safe_head.parent_hash != pending.parent.hash:
            raise DerivationReset(
                f"safe head moved to {safe_head.number} 0x{safe_head.hash.hex()} outside of derivation, "
                f"expected a child of {pending.parent.number} 0x{pending.parent.hash.hex()}"
            )
        self._pending = None
        return None

    def derive(self, safe_head: L2BlockRef, block: NextBlock, derived_from: L1BlockRef) -> DerivedAttributes:
        """The attributes of an accepted block. Raises DerivationReset if its origin doesn't fit the safe head."""
        batch = block.batch
        self._pending = DerivedAttributes(
            attributes=attributes_in_epoch(safe_head, block.epoch, batch.timestamp, batch.transactions),
            parent=safe_head,
            derived_from=derived_from,
            is_last_in_span=block.is_last_in_span,
        )
        return self._pending
