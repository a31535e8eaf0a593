"""How the simulated L1 behaves."""

from dataclasses import dataclass

from state.primitives.crypto import keccak256
from state.primitives.types import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """Distances in blocks, times in seconds."""

    block_time: int = 3
    """Seconds of a slot. A slot in which the process was not running stays empty."""
    safe_distance: int = 4
    finality_distance: int = 8
    """Also the deepest reorg."""
    seed: bytes = b"openledger"
    """Two chains with the same genesis, seed and transactions are the same."""
    fee_recipient: Address = Address(keccak256(b"simulated L1 fee recipient")[12:])
    reserve_gas: int = 0
    """Gas of each block that is left empty: for tests of a crowded L1."""
