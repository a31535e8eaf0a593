"""The dispute-game factory and its games, as far as a proposer needs them. Source: PROTOCOL.md section 13.

factory.findLatestGames(type, start, n) -> (index, metadata, timestamp, rootClaim, extraData)[], newest first
metadata = type uint32 ++ timestamp uint64 ++ game address 20          extraData = abi(L2 block number)
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Protocol

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from rollup.l1 import L1Inconsistent
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32, UnixSeconds, Wei

PERMISSIONED: Final = 1


class GameStatus(IntEnum):
    """The contract's enumeration."""

    IN_PROGRESS = 0
    CHALLENGER_WINS = 1
    DEFENDER_WINS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """One claim about one L2 block."""

    index: int
    """Place in the factory's list."""
    address: Address
    created_at: UnixSeconds
    root_claim: Hash32
    l2_number: int


class L1Reader(Protocol):
    """What is asked of `L1Client` here."""

    async def call(self, to: Address, data: bytes) -> bytes: ...


def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


_CREATE: Final = _selector("create(uint32,bytes32,bytes)")
_GAME_COUNT: Final = _selector("gameCount()")
_INIT_BONDS: Final = _selector("initBonds(uint32)")
_LATEST_GAMES: Final = _selector("findLatestGames(uint32,uint256,uint256)")
_STATUS: Final = _selector("status()")
_CREATOR: Final = _selector("gameCreator()")
_MAX_CLOCK: Final = _selector("maxClockDuration()")
_CREDIT: Final = _selector("credit(address)")
_RESOLVE: Final = _selector("resolve()")
_CLAIM_CREDIT: Final = _selector("claimCredit(address)")


def create_game_calldata(game_type: int, root: Hash32, l2_number: int) -> bytes:
    """The call to the factory that claims `root` as the output root of L2 block `l2_number`."""
    extra = encode(["uint256"], [l2_number])
    return _CREATE + encode(["uint32", "bytes32", "bytes"], [game_type, root, extra])


def resolve_calldata() -> bytes:
    """The call to a game that decides it, once its clock has run out."""
    return _RESOLVE


def claim_credit_calldata(recipient: Address) -> bytes:
    """The call to a resolved game that pays what it owes to `recipient`."""
    return _CLAIM_CREDIT + encode(["address"], [recipient])


class GameFactory:
    """Reads the factory and its games on the latest L1 block."""

    def __init__(self, l1: L1Reader, address: Address, game_type: int = PERMISSIONED) -> None:
        self._l1 = l1
        self.address = address
        self.game_type = game_type

    async def bond(self) -> Wei:
        """Wei that `create` must carry."""
        (bond,) = await self._ask(self.address, _INIT_BONDS, ["uint256"], (["uint32"], [self.game_type]))
        return Wei(bond)

    async def latest(self, count: int) -> list[Game]:
        """At most `count` games of our type, newest first."""
        (games,) = await self._ask(self.address, _GAME_COUNT, ["uint256"])
        if games == 0:
            return []
        (found,) = await self._ask(
            self.address,
            _LATEST_GAMES,
            ["(uint256,bytes32,uint64,bytes32,bytes)[]"],
            (["uint32", "uint256", "uint256"], [self.game_type, games - 1, count]),
        )
        return [_game(*fields) for fields in found[:count]]

    async def status(self, game: Game) -> GameStatus:
        """How the game stands."""
        (status,) = await self._ask(game.address, _STATUS, ["uint8"])
        try:
            return GameStatus(status)
        except ValueError as error:
            raise L1Inconsistent(f"game 0x{game.address.hex()} has no such status: got {status}") from error

    async def creator(self, game: Game) -> Address:
        """Who made the game."""
        (creator,) = await self._ask(game.address, _CREATOR, ["address"])
        return Address(bytes.fromhex(creator.removeprefix("0x")))

    async def clock_ends(self, game: Game) -> UnixSeconds:
        """When the game can be resolved, by L1's clock."""
        (duration,) = await self._ask(game.address, _MAX_CLOCK, ["uint64"])
        return UnixSeconds(game.created_at + duration)

    async def credit(self, game: Game, account: Address) -> Wei:
        """What the game owes to `account`, in wei."""
        (credit,) = await self._ask(game.address, _CREDIT, ["uint256"], (["address"], [account]))
        return Wei(credit)

    async def _ask(
        self,
        to: Address,
        selector: bytes,
        outputs: list[str],
        inputs: tuple[list[str], list[Any]] = ([], []),
    ) -> tuple[Any, ...]:
        answer = await self._l1.call(to, selector + encode(*inputs))
        try:
            return tuple(decode(outputs, answer))
        except DecodingError as error:
            raise L1Inconsistent(f"contract 0x{to.hex()} answered something else than {outputs}: {error}") from error


def _game(index: int, metadata: bytes, timestamp: int, root: bytes, extra: bytes) -> Game:
    return Game(
        index=index,
        address=Address(metadata[12:]),
        created_at=UnixSeconds(timestamp),
        root_claim=Hash32(root),
        l2_number=int.from_bytes(extra[:32], "big"),
    )
