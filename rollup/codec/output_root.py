"""The output root, version 0: what L2 is, in one word on L1.

    keccak(bytes32(0) ++ stateRoot ++ message passer's storage root ++ block hash)

Since Isthmus the header itself holds the storage root, as withdrawalsRoot. Source: specs/protocol/proposals.md.
"""

from dataclasses import dataclass
from typing import Final

from rollup.errors import CodecError
from state.blocks import Header
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32

OUTPUT_VERSION: Final = Hash32(bytes(32))


class OutputError(CodecError):
    """Bytes that are no output of version 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The preimage of an output root."""

    state_root: Hash32
    message_passer_storage_root: Hash32
    block_hash: Hash32

    def encode(self) -> bytes:
        """128 bytes: version and the three fields."""
        return OUTPUT_VERSION + self.state_root + self.message_passer_storage_root + self.block_hash

    @classmethod
    def decode(cls, data: bytes) -> "Output":
        """The output in 128 bytes. Raises OutputError for another length or version."""
        if len(data) != 128 or data[:32] != OUTPUT_VERSION:
            raise OutputError(f"not an output of version 0: got {len(data)} bytes from 0x{data[:32].hex()}")
        state_root, storage_root, block_hash = (Hash32(data[at : at + 32]) for at in (32, 64, 96))
        return cls(state_root=state_root, message_passer_storage_root=storage_root, block_hash=block_hash)

    @property
    def root(self) -> Hash32:
        return keccak256(self.encode())


def output_of(header: Header, block_hash: Hash32) -> Output:
    """The output of a sealed L2 block."""
    return Output(
        state_root=header.state_root, message_passer_storage_root=header.withdrawals_root, block_hash=block_hash
    )


def output_root(header: Header, block_hash: Hash32) -> Hash32:
    """The output root of a sealed L2 block."""
    return output_of(header, block_hash).root
