# pragma version 0.4.3
"""
@title PermissionedGame
@notice The proposer claims the output root of one L2 block; the challenger may strike it while the clock runs.
@dev The factory makes minimal proxies to this contract. The implementation keeps the settings, and a game copies
     them when it is made, so that a later implementation changes nothing for it.
"""

# error AlreadyInitialized()
# error BadAuth()
# error BadExtraData()
# error BondTransferFailed()
# error ClockNotExpired()
# error ClockTimeExceeded()
# error GameNotInProgress()
# error GameNotResolved()
# error NoCreditToClaim()
# error UnexpectedRootClaim(bytes32 rootClaim)

interface Registry:
    def getAnchorRoot() -> (bytes32, uint256): view
    def respectedGameType() -> uint32: view

interface Implementation:
    def proposer() -> address: view
    def challenger() -> address: view
    def anchorStateRegistry() -> address: view
    def maxClockDuration() -> uint64: view
    def l2ChainId() -> uint256: view

event Resolved:
    status: indexed(uint8)

MAX_EXTRA_DATA: constant(uint256) = 64
PERMISSIONED: constant(uint32) = 1
IN_PROGRESS: constant(uint8) = 0
CHALLENGER_WINS: constant(uint8) = 1
DEFENDER_WINS: constant(uint8) = 2

proposer: public(address)
challenger: public(address)
anchorStateRegistry: public(address)
maxClockDuration: public(uint64)
l2ChainId: public(uint256)
gameCreator: public(address)
rootClaim: public(bytes32)
l1Head: public(bytes32)
extraData: public(Bytes[MAX_EXTRA_DATA])
l2SequenceNumber: public(uint256)
createdAt: public(uint64)
resolvedAt: public(uint64)
status: public(uint8)
wasRespectedGameTypeWhenCreated: public(bool)
startingBlockNumber: public(uint256)
startingRootHash: public(bytes32)
credit: public(HashMap[address, uint256])


@deploy
def __init__(proposer: address, challenger: address, registry: address, max_clock_duration: uint64, l2_chain_id: uint256):
    self.proposer = proposer
    self.challenger = challenger
    self.anchorStateRegistry = registry
    self.maxClockDuration = max_clock_duration
    self.l2ChainId = l2_chain_id
    self.createdAt = 1  # nobody can initialize the implementation itself


@external
@payable
def initialize(
    _implementation: address, _creator: address, _rootClaim: bytes32, _l1Head: bytes32, _extraData: Bytes[MAX_EXTRA_DATA]
):
    """
    @notice Called by the factory in the transaction that makes the game.
    """
    if self.createdAt != 0:
        raw_revert(method_id("AlreadyInitialized()"))
    self.proposer = staticcall Implementation(_implementation).proposer()
    self.challenger = staticcall Implementation(_implementation).challenger()
    self.anchorStateRegistry = staticcall Implementation(_implementation).anchorStateRegistry()
    self.maxClockDuration = staticcall Implementation(_implementation).maxClockDuration()
    self.l2ChainId = staticcall Implementation(_implementation).l2ChainId()
    if _creator != self.proposer:
        raw_revert(method_id("BadAuth()"))
    if len(_extraData) != 32:
        raw_revert(method_id("BadExtraData()"))
    self.startingRootHash, self.startingBlockNumber = staticcall Registry(self.anchorStateRegistry).getAnchorRoot()
    self.l2SequenceNumber = convert(slice(_extraData, 0, 32), uint256)
    if self.l2SequenceNumber <= self.startingBlockNumber:
        raw_revert(abi_encode(_rootClaim, method_id=method_id("UnexpectedRootClaim(bytes32)")))
    self.gameCreator = _creator
    self.rootClaim = _rootClaim
    self.l1Head = _l1Head
    self.extraData = _extraData
    self.createdAt = convert(block.timestamp, uint64)
    self.credit[_creator] = msg.value
    respected: uint32 = staticcall Registry(self.anchorStateRegistry).respectedGameType()
    self.wasRespectedGameTypeWhenCreated = respected == PERMISSIONED


@external
def challenge():
    """
    @notice The challenger strikes the claim while its clock runs; the bond becomes the challenger's.
    """
    if msg.sender != self.challenger:
        raw_revert(method_id("BadAuth()"))
    self._in_progress()
    if block.timestamp >= self._clock_end():
        raw_revert(method_id("ClockTimeExceeded()"))
    self.credit[msg.sender] += self.credit[self.gameCreator] if msg.sender != self.gameCreator else 0
    if msg.sender != self.gameCreator:
        self.credit[self.gameCreator] = 0
    self._resolve(CHALLENGER_WINS)


@external
def resolve() -> uint8:
    """
    @notice Decides for the defender once the clock has run out unchallenged. Anybody may call.
    """
    self._in_progress()
    if block.timestamp < self._clock_end():
        raw_revert(method_id("ClockNotExpired()"))
    self._resolve(DEFENDER_WINS)
    return DEFENDER_WINS


@external
@nonreentrant
def claimCredit(_recipient: address):
    """
    @notice Pays what a resolved game owes to somebody.
    """
    if self.status == IN_PROGRESS:
        raw_revert(method_id("GameNotResolved()"))
    amount: uint256 = self.credit[_recipient]
    if amount == 0:
        raw_revert(method_id("NoCreditToClaim()"))
    self.credit[_recipient] = 0
    if not raw_call(_recipient, b"", value=amount, revert_on_failure=False):
        raw_revert(method_id("BondTransferFailed()"))


@external
@pure
def gameType() -> uint32:
    return PERMISSIONED


@external
@view
def l2BlockNumber() -> uint256:
    return self.l2SequenceNumber


@external
@view
def gameData() -> (uint32, bytes32, Bytes[MAX_EXTRA_DATA]):
    return PERMISSIONED, self.rootClaim, self.extraData


@external
@pure
def version() -> String[8]:
    return "1.8.0"


@internal
@view
def _clock_end() -> uint256:
    return convert(self.createdAt, uint256) + convert(self.maxClockDuration, uint256)


@internal
@view
def _in_progress():
    if self.status != IN_PROGRESS or self.gameCreator == empty(address):
        raw_revert(method_id("GameNotInProgress()"))


@internal
def _resolve(outcome: uint8):
    self.status = outcome
    self.resolvedAt = convert(block.timestamp, uint64)
    log Resolved(status=outcome)
