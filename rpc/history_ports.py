"""What explorers ask about accounts: where in the canonical chain's history they did something."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from state.primitives.types import Address, BlockNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressBlock:
    """The transactions of one address in one canonical block."""

    number: BlockNumber
    indexes: tuple[int, ...]
    """Of its transactions in the block, ascending; at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressBlocks:
    """Whole blocks, in the order that was asked for."""

    blocks: Sequence[AddressBlock]
    has_more: bool


class HistoryPort(Protocol):
    """Each raises NodeError where the states or the index that it needs are not there."""

    async def first_block_with_code(self, address: Address) -> BlockNumber | None:
        """The block that created a contract, 0 for genesis; None for what is no contract at the unsafe head."""

    async def block_of_nonce(self, address: Address, nonce: int) -> BlockNumber | None:
        """The block with the account's transaction of that nonce; None while there is none."""

    async def address_transactions(
        self, address: Address, first: int, last: int, limit: int, *, newest_first: bool
    ) -> AddressBlocks:
        """Blocks from first to last inclusive with transactions of the address, until they have `limit` of them."""
