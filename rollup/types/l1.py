"""What derivation is handed of L1: a block with its transactions and the logs of its receipts."""

from dataclasses import dataclass

from rollup.types.references import L1BlockNumber, L1BlockRef
from state.blocks import Header, Log
from state.primitives.types import Hash32


@dataclass(frozen=True, slots=True, kw_only=True)
class L1Receipt:
    """The parts of an L1 receipt that derivation reads."""

    succeeded: bool
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class L1Block:
    """An L1 block in full. The fetcher has checked that hash, transactions and receipts belong together."""

    hash: Hash32
    header: Header
    blob_base_fee: int
    """Wei; 1 where L1 has no blobs."""
    transactions: tuple[bytes, ...]
    """Raw EIP-2718 bytes, in order; a type that we can't decode stays as it is."""
    receipts: tuple[L1Receipt, ...]
    """One for each transaction."""

    @property
    def ref(self) -> L1BlockRef:
        return L1BlockRef(
            hash=self.hash,
            number=L1BlockNumber(self.header.number),
            parent_hash=self.header.parent_hash,
            timestamp=self.header.timestamp,
        )
