"""The sequencer's signature under a block, given once for each height.

What is signed last is on disk before the signature exists outside. Two signatures for one height are an equivocation
that anybody can prove, so a second block is refused; the one exception is what L1 makes necessary: where an L1 reorg
dropped the last signed block from this node's chain, the heights from the fork on are built and signed again.
"""

from collections.abc import Callable
from typing import Final

import structlog

from p2p.errors import SigningRefused
from p2p.ports import Head, KeyValues
from p2p.signed_block import SignedBlock, sign_block
from state.blocks import Block
from state.errors import StorageError
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Hash32

LAST_SIGNED: Final = b"signed/last"
_NUMBER: Final = 8
_HASH: Final = 32

log = structlog.get_logger("p2p.signer")


class BlockSigner:
    """Signs this node's blocks. Not thread-safe."""

    def __init__(
        self, *, chain_id: int, private_key: bytes, store: KeyValues, was_dropped: Callable[[Hash32, int], bool]
    ) -> None:
        """`was_dropped(hash, number)`: whether this block is on disk and is no longer part of the canonical chain.

        It must answer False where it doesn't know.
        """
        self._chain_id = chain_id
        self._private_key = private_key
        self._store = store
        self._was_dropped = was_dropped

    @property
    def address(self) -> Address:
        """Whose signature it is."""
        return private_key_to_address(self._private_key)

    @property
    def last(self) -> Head | None:
        """The last signed block, as it is on disk. Raises StorageError for what is no such record."""
        kept = self._store.get(LAST_SIGNED)
        if kept is None:
            return None
        if len(kept) != _NUMBER + _HASH:
            raise StorageError(f"last signed block on disk: got {len(kept)} bytes, expected {_NUMBER + _HASH}")
        return Head(number=int.from_bytes(kept[:_NUMBER], "big"), hash=Hash32(kept[_NUMBER:]))

    def sign(self, block: Block, block_hash: Hash32) -> SignedBlock:
        """The block with that hash, signed; the same block gives the same signature. Raises SigningRefused."""
        number, last = int(block.header.number), self.last
        if last is None or last.hash != block_hash:
            if last is not None and number <= last.number:
                self._check_dropped(number, block_hash, last)
            self._store.put(LAST_SIGNED, number.to_bytes(_NUMBER, "big") + block_hash)
        return sign_block(block, block_hash, chain_id=self._chain_id, private_key=self._private_key)

    def _check_dropped(self, number: int, block_hash: Hash32, last: Head) -> None:
        if not self._was_dropped(last.hash, last.number):
            raise SigningRefused(
                f"block {number} (0x{block_hash.hex()}) is not above the last signed one, "
                f"{last.number} (0x{last.hash.hex()}), which still stands"
            )
        log.warning("signer.signs_again", number=number, dropped=last.number, reason="derivation dropped the last one")
