"""What the engine is asked to build."""

from dataclasses import dataclass

from state.primitives.types import Address, Gas, Hash32, UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadAttributes:
    """Everything about a block but what the pool puts into it. Source: derivation.md, exec-engine.md."""

    timestamp: UnixSeconds
    prev_randao: Hash32
    fee_recipient: Address
    parent_beacon_block_root: Hash32
    transactions: tuple[bytes, ...]
    """Raw, in order: L1 attributes deposit, user deposits, then (derived blocks) the batch's transactions."""
    no_tx_pool: bool
    """True for derived blocks: nothing is added from the pool."""
    gas_limit: Gas
    eip1559_params: bytes
    """8 bytes, denominator ++ elasticity; zeros mean the chain's default."""

    def deposits_only(self) -> "PayloadAttributes":
        """The same payload with its deposits alone: what replaces an invalid derived payload (Holocene)."""
        deposits = tuple(raw for raw in self.transactions if raw[:1] == b"\x7e")
        return PayloadAttributes(
            timestamp=self.timestamp,
            prev_randao=self.prev_randao,
            fee_recipient=self.fee_recipient,
            parent_beacon_block_root=self.parent_beacon_block_root,
            transactions=deposits,
            no_tx_pool=True,
            gas_limit=self.gas_limit,
            eip1559_params=self.eip1559_params,
        )
