"""Giving an operator's role to another key: one call of SystemConfig's owner on L1.

Every node learns of it from L1: derivation from ConfigUpdate's log, gossip by asking SystemConfig now and then.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from contracts.signatures import selector
from node.errors import StartupError
from rollup.errors import L1Rejected
from rollup.l1 import L1Client, L1TransactionSender, MemoryJournal, SenderConfig, TransactionState
from state.primitives.types import Address

CALLS: Final = {
    "batcher": selector("setBatcherHash(bytes32)"),
    "unsafe-block-signer": selector("setUnsafeBlockSigner(address)"),
}
"""Role -> the function that gives it to the address in its only word."""
POLL_SECONDS: Final = 0.5
INCLUSION_SECONDS: Final = 600.0
KEY: Final = b"rotation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Who shall have which role from now on."""

    role: str
    address: Address
    system_config: Address
    owner_key: bytes
    """Of SystemConfig's owner, who pays on L1."""


async def rotate(l1: L1Client, rotation: Rotation) -> int:
    """The number of the L1 block from which the role is the address's. Raises StartupError where L1 refuses."""
    sender = L1TransactionSender(
        l1,
        rotation.owner_key,
        MemoryJournal(),
        clock=time.monotonic,
        config=SenderConfig(confirmation_depth=1),
    )
    data = CALLS[rotation.role] + bytes(12) + rotation.address
    try:
        await sender.submit(KEY, to=rotation.system_config, data=data, only_if_it_succeeds=True)
    except L1Rejected as error:
        raise StartupError(f"L1 refuses the call of 0x{sender.address.hex()}, is it the owner? {error}") from error
    deadline = time.monotonic() + INCLUSION_SECONDS
    while time.monotonic() < deadline:
        await sender.tend()
        status = sender.status(KEY)
        if status is not None and status.state is TransactionState.CONFIRMED and status.inclusion is not None:
            if not status.succeeded:
                raise StartupError(f"the call failed on L1: transaction 0x{status.hashes[-1].hex()}")
            return int(status.inclusion.number)
        await asyncio.sleep(POLL_SECONDS)
    raise StartupError(f"L1 did not include the call within {INCLUSION_SECONDS:.0f} s: run this again later")
