"""The sequencer's signature under a block, given once for each height.

What is signed is on disk before the signature exists outside. Two signatures for one height are an equivocation that
anybody can prove, so a second block is refused; the one exception is what L1 makes necessary: where an L1 reorg dropped
the signed blocks from this node's chain, the heights from the fork on are built and signed again.

On disk: number 8 ++ hash 32 of the last signed blocks, heights ascending.
"""

import struct
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
HEIGHTS_REMEMBERED: Final = 128
_ENTRY: Final = struct.Struct(">Q32s")

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
        signed = self._signed()
        return signed[-1] if signed else None

    def sign(self, block: Block, block_hash: Hash32) -> SignedBlock:
        """The block with that hash, signed; the same block gives the same signature. Raises SigningRefused."""
        head, signed = Head(number=int(block.header.number), hash=block_hash), self._signed()
        if head not in signed:
            above = [other for other in signed if other.number >= head.number]
            if above:
                self._check_dropped(head, above)
            self._write([*(other for other in signed if other.number < head.number), head])
        return sign_block(block, block_hash, chain_id=self._chain_id, private_key=self._private_key)

    def _check_dropped(self, head: Head, standing: list[Head]) -> None:
        """Raises SigningRefused where a signed block at the height or above it still stands."""
        for other in reversed(standing):
            if not self._was_dropped(other.hash, other.number):
                raise SigningRefused(
                    f"block {head.number} (0x{head.hash.hex()}) is not above {other.number} (0x{other.hash.hex()}), "
                    "which was signed and still stands"
                )
        log.warning("signer.signs_again", number=head.number, dropped=len(standing), reason="derivation dropped them")

    def _signed(self) -> list[Head]:
        kept = self._store.get(LAST_SIGNED) or b""
        if len(kept) % _ENTRY.size:
            raise StorageError(f"signed blocks on disk: got {len(kept)} bytes, expected a multiple of {_ENTRY.size}")
        return [Head(number=number, hash=Hash32(block_hash)) for number, block_hash in _ENTRY.iter_unpack(kept)]

    def _write(self, signed: list[Head]) -> None:
        entries = [_ENTRY.pack(head.number, head.hash) for head in signed[-HEIGHTS_REMEMBERED:]]
        self._store.put(LAST_SIGNED, b"".join(entries))
