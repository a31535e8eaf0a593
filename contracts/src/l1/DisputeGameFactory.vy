# pragma version 0.4.3
"""
@title DisputeGameFactory
@notice Creates and lists games: each claims one output root of L2.
@dev A game is a minimal proxy to its type's implementation and checks by itself who may create it.
"""

# error GameAlreadyExists(bytes32 uuid)
# error IncorrectBondAmount()
# error NoImplementation(uint32 gameType)
# error Unauthorized()

interface Game:
    def initialize(
        implementation: address, creator: address, root: bytes32, l1_head: bytes32, extra: Bytes[MAX_EXTRA_DATA]
    ): payable
    def rootClaim() -> bytes32: view
    def extraData() -> Bytes[MAX_EXTRA_DATA]: view

struct GameSearchResult:
    index: uint256
    metadata: bytes32
    timestamp: uint64
    rootClaim: bytes32
    extraData: Bytes[MAX_EXTRA_DATA]

event DisputeGameCreated:
    disputeProxy: indexed(address)
    gameType: indexed(uint32)
    rootClaim: indexed(bytes32)

event ImplementationSet:
    impl: indexed(address)
    gameType: indexed(uint32)

event InitBondUpdated:
    gameType: indexed(uint32)
    newBond: indexed(uint256)

event OwnershipTransferred:
    previousOwner: indexed(address)
    newOwner: indexed(address)

MAX_EXTRA_DATA: constant(uint256) = 64
MAX_RESULTS: constant(uint256) = 256
MAX_GAMES: constant(uint256) = 2**32

owner: public(address)
gameImpls: public(HashMap[uint32, address])
initBonds: public(HashMap[uint32, uint256])
gameCount: public(uint256)
ids: HashMap[uint256, bytes32]  # index → metadata: type uint32 ++ timestamp uint64 ++ game address
by_uuid: HashMap[bytes32, bytes32]  # uuid → metadata


@deploy
def __init__(owner: address, game_type: uint32, implementation: address, init_bond: uint256):
    self.owner = owner
    self.gameImpls[game_type] = implementation
    self.initBonds[game_type] = init_bond


@external
@payable
def create(_gameType: uint32, _rootClaim: bytes32, _extraData: Bytes[MAX_EXTRA_DATA]) -> address:
    """
    @notice Claims an output root, with the bond of the game's type; returns the new game.
    """
    implementation: address = self.gameImpls[_gameType]
    if implementation == empty(address):
        raw_revert(abi_encode(_gameType, method_id=method_id("NoImplementation(uint32)")))
    if msg.value != self.initBonds[_gameType]:
        raw_revert(method_id("IncorrectBondAmount()"))
    uuid: bytes32 = self._uuid(_gameType, _rootClaim, _extraData)
    if self.by_uuid[uuid] != empty(bytes32):
        raw_revert(abi_encode(uuid, method_id=method_id("GameAlreadyExists(bytes32)")))

    game: address = create_minimal_proxy_to(implementation)
    metadata: bytes32 = convert(
        convert(_gameType, uint256) << 224 | block.timestamp << 160 | convert(game, uint256), bytes32
    )
    self.by_uuid[uuid] = metadata
    self.ids[self.gameCount] = metadata
    self.gameCount += 1
    extcall Game(game).initialize(
        implementation, msg.sender, _rootClaim, blockhash(block.number - 1), _extraData, value=msg.value
    )
    log DisputeGameCreated(disputeProxy=game, gameType=_gameType, rootClaim=_rootClaim)
    return game


@external
def setImplementation(_gameType: uint32, _impl: address):
    self._only_owner()
    self.gameImpls[_gameType] = _impl
    log ImplementationSet(impl=_impl, gameType=_gameType)


@external
def setInitBond(_gameType: uint32, _initBond: uint256):
    self._only_owner()
    self.initBonds[_gameType] = _initBond
    log InitBondUpdated(gameType=_gameType, newBond=_initBond)


@external
def transferOwnership(newOwner: address):
    self._only_owner()
    log OwnershipTransferred(previousOwner=self.owner, newOwner=newOwner)
    self.owner = newOwner


@external
def renounceOwnership():
    self._only_owner()
    log OwnershipTransferred(previousOwner=self.owner, newOwner=empty(address))
    self.owner = empty(address)


@external
@view
def games(_gameType: uint32, _rootClaim: bytes32, _extraData: Bytes[MAX_EXTRA_DATA]) -> (address, uint64):
    """
    @return The game of that claim and when it was created; zeros if there is none.
    """
    metadata: bytes32 = self.by_uuid[self._uuid(_gameType, _rootClaim, _extraData)]
    return self._game(metadata), self._timestamp(metadata)


@external
@view
def gameAtIndex(_index: uint256) -> (uint32, uint64, address):
    """
    @return Type, creation time and address; reverts beyond the last game.
    """
    assert _index < self.gameCount, "no game at this index"
    metadata: bytes32 = self.ids[_index]
    return self._type(metadata), self._timestamp(metadata), self._game(metadata)


@external
@view
def findLatestGames(_gameType: uint32, _start: uint256, _n: uint256) -> DynArray[GameSearchResult, MAX_RESULTS]:
    """
    @notice Up to _n games of a type (256 at most), newest first, from index _start down.
    """
    found: DynArray[GameSearchResult, MAX_RESULTS] = []
    if _start >= self.gameCount:
        return found
    for i: uint256 in range(_start + 1, bound=MAX_GAMES):
        if len(found) >= min(_n, MAX_RESULTS):
            break
        metadata: bytes32 = self.ids[_start - i]
        if self._type(metadata) != _gameType:
            continue
        game: address = self._game(metadata)
        found.append(
            GameSearchResult(
                index=_start - i,
                metadata=metadata,
                timestamp=self._timestamp(metadata),
                rootClaim=staticcall Game(game).rootClaim(),
                extraData=staticcall Game(game).extraData(),
            )
        )
    return found


@external
@pure
def getGameUUID(_gameType: uint32, _rootClaim: bytes32, _extraData: Bytes[MAX_EXTRA_DATA]) -> bytes32:
    return self._uuid(_gameType, _rootClaim, _extraData)


@external
@pure
def version() -> String[8]:
    return "1.3.0"


@internal
@pure
def _uuid(game_type: uint32, root: bytes32, extra: Bytes[MAX_EXTRA_DATA]) -> bytes32:
    return keccak256(abi_encode(game_type, root, extra))


@internal
@pure
def _type(metadata: bytes32) -> uint32:
    return convert(convert(metadata, uint256) >> 224, uint32)


@internal
@pure
def _timestamp(metadata: bytes32) -> uint64:
    return convert((convert(metadata, uint256) >> 160) & (2**64 - 1), uint64)


@internal
@pure
def _game(metadata: bytes32) -> address:
    return convert(convert(metadata, uint256) & (2**160 - 1), address)


@internal
@view
def _only_owner():
    if msg.sender != self.owner:
        raw_revert(method_id("Unauthorized()"))
