"""HistoryPort over the reader processes."""

from node.readers import ReaderPool
from rpc.history_ports import AddressBlock, AddressBlocks
from state.primitives.types import Address, BlockNumber


class ReaderHistory:
    """Each question goes to a reader, which reads old states and the address index."""

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool

    async def first_block_with_code(self, address: Address) -> BlockNumber | None:
        found: int | None = await self._pool.query("first_block_with_code", {"address": address})
        return None if found is None else BlockNumber(found)

    async def block_of_nonce(self, address: Address, nonce: int) -> BlockNumber | None:
        found: int | None = await self._pool.query("block_of_nonce", {"address": address, "nonce": nonce})
        return None if found is None else BlockNumber(found)

    async def address_transactions(
        self, address: Address, first: int, last: int, limit: int, *, newest_first: bool
    ) -> AddressBlocks:
        question = {"address": address, "first": first, "last": last, "limit": limit, "newest_first": newest_first}
        rows, has_more = await self._pool.query("address_transactions", question)
        blocks = tuple(AddressBlock(number=BlockNumber(number), indexes=tuple(indexes)) for number, indexes in rows)
        return AddressBlocks(blocks=blocks, has_more=has_more)
