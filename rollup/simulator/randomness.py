"""What a beacon chain would bring into a block, pseudo-random and repeatable.

Each reorg begins a new branch; its number goes into every value, so that no block of it equals the one it replaces.
"""

from typing import Final

from state.primitives.crypto import keccak256
from state.primitives.types import Hash32

_VERSION: Final = b"openledger-l1"


def prev_randao(seed: bytes, number: int, branch: int) -> Hash32:
    """The beacon chain's randomness for block `number`."""
    return _derive(b"randao", seed, number, branch)


def parent_beacon_block_root(seed: bytes, number: int, branch: int) -> Hash32:
    """The root of the beacon block before (EIP-4788)."""
    return _derive(b"beacon", seed, number, branch)


def extra_data(branch: int) -> bytes:
    """At most 32 bytes that say who built the block and on which branch."""
    return _VERSION if branch == 0 else _VERSION + b"/" + str(branch).encode()[:16]


def _derive(domain: bytes, seed: bytes, number: int, branch: int) -> Hash32:
    return keccak256(domain + keccak256(seed) + number.to_bytes(8, "big") + branch.to_bytes(8, "big"))
