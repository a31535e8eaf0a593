"""Units and fixed byte strings. A NewType costs nothing at run time and keeps wei out of gas."""

from typing import Final, NewType

Address = NewType("Address", bytes)
"""20 bytes."""
Hash32 = NewType("Hash32", bytes)
"""32 bytes: a keccak digest, a storage key, a topic."""
Wei = NewType("Wei", int)
"""10^-18 OPEN."""
Gas = NewType("Gas", int)
Nonce = NewType("Nonce", int)
BlockNumber = NewType("BlockNumber", int)
UnixSeconds = NewType("UnixSeconds", int)

ZERO_ADDRESS: Final = Address(bytes(20))
ZERO_HASH: Final = Hash32(bytes(32))
WEI_PER_OPEN: Final = 10**18
UINT64_MAX: Final = 2**64 - 1
UINT256_MAX: Final = 2**256 - 1
