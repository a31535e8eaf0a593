"""Giving an operator's role to another key: a call of the L1 contracts' owner.

    batcher, unsafe-block-signer   SystemConfig names them
    proposer                       a PermissionedGame names it, which DisputeGameFactory makes games of: a new one is
                                   created, with the other settings of the last

Every node learns of it from L1: derivation from ConfigUpdate's log, gossip by asking SystemConfig now and then, and the
portal from the games.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from contracts.artifacts import artifact
from contracts.deploy import created_address, encode_arguments
from contracts.l1_contracts import PERMISSIONED_GAME
from contracts.signatures import selector
from node.errors import StartupError
from rollup.errors import L1Rejected
from rollup.l1 import L1Client, L1TransactionSender, MemoryJournal, SenderConfig, TransactionState
from state.primitives.types import Address

PROPOSER: Final = "proposer"
CALLS: Final = {
    "batcher": selector("setBatcherHash(bytes32)"),
    "unsafe-block-signer": selector("setUnsafeBlockSigner(address)"),
}
"""Role -> the function of SystemConfig that gives it to the address in its only word."""
ROLES: Final = (*CALLS, PROPOSER)
POLL_SECONDS: Final = 0.5
INCLUSION_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Who shall have which role from now on."""

    role: str
    address: Address
    system_config: Address
    owner_key: bytes
    """Of the owner of SystemConfig and DisputeGameFactory, who pays on L1."""


async def rotate(l1: L1Client, rotation: Rotation) -> int:
    """The number of the L1 block from which the role is the address's. Raises StartupError where L1 refuses."""
    owner = _Owner(l1, rotation.owner_key)
    if rotation.role != PROPOSER:
        return await owner.call(rotation.system_config, CALLS[rotation.role] + _word(rotation.address))
    factory = await _address(l1, rotation.system_config, "disputeGameFactory()")
    entitled = await _address(l1, factory, "owner()")
    if entitled != owner.address:  # before a game is paid for
        raise StartupError(f"DisputeGameFactory is 0x{entitled.hex()}'s, the key is 0x{owner.address.hex()}'s")
    game = await owner.create(await _game(l1, factory, rotation.address))
    set_game = selector("setImplementation(uint32,address)") + _word(PERMISSIONED_GAME.to_bytes(4, "big"))
    return await owner.call(factory, set_game + _word(game))


async def _game(l1: L1Client, factory: Address, proposer: Address) -> bytes:
    """Initcode of a game like the factory's, for another proposer."""
    old = await _address(l1, factory, "gameImpls(uint32)", PERMISSIONED_GAME)
    arguments = (
        proposer,
        await _address(l1, old, "challenger()"),
        await _address(l1, old, "anchorStateRegistry()"),
        await _number(l1, old, "maxClockDuration()"),
        await _number(l1, old, "l2ChainId()"),
    )
    built = artifact("PermissionedGame")
    return built.creation + encode_arguments(built, arguments)


async def _number(l1: L1Client, contract: Address, signature: str, *words: int) -> int:
    try:
        answer = await l1.call(contract, selector(signature) + b"".join(word.to_bytes(32, "big") for word in words))
    except L1Rejected as error:
        raise StartupError(f"0x{contract.hex()} on L1 has no {signature}: {error}") from error
    if len(answer) != 32:
        raise StartupError(f"0x{contract.hex()} on L1 has no {signature}: is this the network's L1?")
    return int.from_bytes(answer, "big")


async def _address(l1: L1Client, contract: Address, signature: str, *words: int) -> Address:
    return Address((await _number(l1, contract, signature, *words)).to_bytes(32, "big")[12:])


def _word(value: bytes) -> bytes:
    return value.rjust(32, b"\0")


class _Owner:
    """Sends one transaction after the other, and waits for each."""

    def __init__(self, l1: L1Client, key: bytes) -> None:
        config = SenderConfig(confirmation_depth=1)
        self._sender = L1TransactionSender(l1, key, MemoryJournal(), clock=time.monotonic, config=config)

    @property
    def address(self) -> Address:
        return self._sender.address

    async def call(self, to: Address, data: bytes) -> int:
        """The number of the L1 block that has it."""
        _, number = await self._included(b"call", to, data)
        return number

    async def create(self, initcode: bytes) -> Address:
        nonce, _ = await self._included(b"create", None, initcode)
        return Address(created_address(self.address, nonce))

    async def _included(self, key: bytes, to: Address | None, data: bytes) -> tuple[int, int]:
        """The transaction's nonce, and the L1 block's number."""
        try:
            await self._sender.submit(key, to=to, data=data, only_if_it_succeeds=True)
        except L1Rejected as error:
            raise StartupError(f"L1 refuses the call of 0x{self.address.hex()}, is it the owner? {error}") from error
        deadline = time.monotonic() + INCLUSION_SECONDS
        while time.monotonic() < deadline:
            await self._sender.tend()
            status = self._sender.status(key)
            if status is not None and status.state is TransactionState.CONFIRMED and status.inclusion is not None:
                if not status.succeeded:
                    raise StartupError(f"the call failed on L1: transaction 0x{status.hashes[-1].hex()}")
                return status.nonce, int(status.inclusion.number)
            await asyncio.sleep(POLL_SECONDS)
        raise StartupError(f"L1 did not include the call within {INCLUSION_SECONDS:.0f} s: run this again later")
