# pragma version 0.4.3
"""
@title AnchorStateRegistry
@notice Which games count: registered, of the respected type, not blacklisted or retired, resolved long enough ago.
"""

# error AnchorGameBlacklisted()
# error InvalidAnchorGame()
# error Unauthorized()

interface SystemConfig:
    def paused() -> bool: view
    def guardian() -> address: view

interface Factory:
    def games(kind: uint32, root: bytes32, extra: Bytes[64]) -> (address, uint64): view

interface Game:
    def gameData() -> (uint32, bytes32, Bytes[64]): view
    def anchorStateRegistry() -> address: view
    def wasRespectedGameTypeWhenCreated() -> bool: view
    def createdAt() -> uint64: view
    def resolvedAt() -> uint64: view
    def status() -> uint8: view
    def rootClaim() -> bytes32: view
    def l2SequenceNumber() -> uint256: view

event AnchorUpdated:
    game: indexed(address)

event DisputeGameBlacklisted:
    disputeGame: indexed(address)

event RespectedGameTypeSet:
    gameType: uint32

event RetirementTimestampSet:
    timestamp: uint256

DEFENDER_WINS: constant(uint8) = 2

systemConfig: public(address)
disputeGameFactory: public(address)
disputeGameFinalityDelaySeconds: public(uint256)
respectedGameType: public(uint32)
retirementTimestamp: public(uint64)
disputeGameBlacklist: public(HashMap[address, bool])
anchorGame: public(address)
starting_root: bytes32
starting_number: uint256


@deploy
def __init__(
    system_config: address,
    factory: address,
    finality_delay: uint256,
    respected_game_type: uint32,
    starting_root: bytes32,
    starting_number: uint256,
):
    self.systemConfig = system_config
    self.disputeGameFactory = factory
    self.disputeGameFinalityDelaySeconds = finality_delay
    self.respectedGameType = respected_game_type
    self.starting_root = starting_root
    self.starting_number = starting_number


@external
def setRespectedGameType(_gameType: uint32):
    self._only_guardian()
    self.respectedGameType = _gameType
    log RespectedGameTypeSet(gameType=_gameType)


@external
def updateRetirementTimestamp():
    """
    @notice Retires every game that exists now.
    """
    self._only_guardian()
    self.retirementTimestamp = convert(block.timestamp, uint64)
    log RetirementTimestampSet(timestamp=block.timestamp)


@external
def blacklistDisputeGame(_disputeGame: address):
    self._only_guardian()
    self.disputeGameBlacklist[_disputeGame] = True
    log DisputeGameBlacklisted(disputeGame=_disputeGame)


@external
def setAnchorState(_game: address):
    """
    @notice Moves the anchor to a newer game with a valid claim. Anybody may call.
    """
    root: bytes32 = empty(bytes32)
    number: uint256 = 0
    root, number = self._anchor_root()
    if not self._is_claim_valid(_game) or staticcall Game(_game).l2SequenceNumber() <= number:
        raw_revert(method_id("InvalidAnchorGame()"))
    self.anchorGame = _game
    log AnchorUpdated(game=_game)


@external
@view
def getAnchorRoot() -> (bytes32, uint256):
    """
    @return Output root and L2 block that new games start from.
    """
    return self._anchor_root()


@external
@view
def anchors(_gameType: uint32) -> (bytes32, uint256):
    return self._anchor_root()


@external
@view
def getStartingAnchorRoot() -> (bytes32, uint256):
    return self.starting_root, self.starting_number


@external
@view
def paused() -> bool:
    return staticcall SystemConfig(self.systemConfig).paused()


@external
@view
def superchainConfig() -> address:
    """
    @return The contract that knows whether withdrawals are paused: here the SystemConfig.
    """
    return self.systemConfig


@external
@view
def isGameRegistered(_game: address) -> bool:
    return self._is_registered(_game)


@external
@view
def isGameRespected(_game: address) -> bool:
    return staticcall Game(_game).wasRespectedGameTypeWhenCreated()


@external
@view
def isGameBlacklisted(_game: address) -> bool:
    return self.disputeGameBlacklist[_game]


@external
@view
def isGameRetired(_game: address) -> bool:
    return self._is_retired(_game)


@external
@view
def isGameResolved(_game: address) -> bool:
    return self._is_resolved(_game)


@external
@view
def isGameProper(_game: address) -> bool:
    """
    @notice Whether a game may serve at all; says nothing about its claim.
    """
    return self._is_proper(_game)


@external
@view
def isGameFinalized(_game: address) -> bool:
    return self._is_finalized(_game)


@external
@view
def isGameClaimValid(_game: address) -> bool:
    """
    @notice Whether a game's root may be relied on, withdrawals included.
    """
    return self._is_claim_valid(_game)


@external
@pure
def version() -> String[8]:
    return "3.5.0"


@internal
@view
def _anchor_root() -> (bytes32, uint256):
    game: address = self.anchorGame
    if game == empty(address):
        return self.starting_root, self.starting_number
    if self.disputeGameBlacklist[game]:
        raw_revert(method_id("AnchorGameBlacklisted()"))
    return staticcall Game(game).rootClaim(), staticcall Game(game).l2SequenceNumber()


@internal
@view
def _is_registered(game: address) -> bool:
    """
    @notice Whether the factory made it, for this registry.
    """
    if game.codesize == 0:
        return False
    kind: uint32 = 0
    root: bytes32 = empty(bytes32)
    extra: Bytes[64] = b""
    kind, root, extra = staticcall Game(game).gameData()
    registered: address = empty(address)
    created: uint64 = 0
    registered, created = staticcall Factory(self.disputeGameFactory).games(kind, root, extra)
    return registered == game and staticcall Game(game).anchorStateRegistry() == self


@internal
@view
def _is_retired(game: address) -> bool:
    return staticcall Game(game).createdAt() <= self.retirementTimestamp


@internal
@view
def _is_resolved(game: address) -> bool:
    return staticcall Game(game).resolvedAt() != 0 and staticcall Game(game).status() != 0


@internal
@view
def _is_proper(game: address) -> bool:
    return (
        self._is_registered(game)
        and not self.disputeGameBlacklist[game]
        and not self._is_retired(game)
        and not staticcall SystemConfig(self.systemConfig).paused()
    )


@internal
@view
def _is_finalized(game: address) -> bool:
    if not self._is_resolved(game):
        return False
    resolved: uint256 = convert(staticcall Game(game).resolvedAt(), uint256)
    return block.timestamp - resolved > self.disputeGameFinalityDelaySeconds


@internal
@view
def _is_claim_valid(game: address) -> bool:
    return (
        self._is_proper(game)
        and staticcall Game(game).wasRespectedGameTypeWhenCreated()
        and self._is_finalized(game)
        and staticcall Game(game).status() == DEFENDER_WINS
    )


@internal
@view
def _only_guardian():
    if msg.sender != staticcall SystemConfig(self.systemConfig).guardian():
        raw_revert(method_id("Unauthorized()"))
