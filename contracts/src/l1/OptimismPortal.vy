# pragma version 0.4.3
"""
@title OptimismPortal
@notice Where coin and calls enter L2 and leave it: deposits (PROTOCOL.md section 3), proven and finalised withdrawals
        (sections 11 and 13). It escrows every OPEN that exists on L2.
"""

from l1.lib import merkle_trie
from l1.lib import resource_metering

initializes: resource_metering

# error InvalidMerkleProof()
# error OutOfGas()
# error OptimismPortal_AlreadyFinalized()
# error OptimismPortal_BadTarget()
# error OptimismPortal_CalldataTooLarge()
# error OptimismPortal_CallPaused()
# error OptimismPortal_GasEstimation()
# error OptimismPortal_GasLimitTooLow()
# error OptimismPortal_ImproperDisputeGame()
# error OptimismPortal_InsufficientGas()
# error OptimismPortal_InvalidDisputeGame()
# error OptimismPortal_InvalidOutputRootProof()
# error OptimismPortal_InvalidProofTimestamp()
# error OptimismPortal_InvalidRootClaim()
# error OptimismPortal_NoReentrancy()
# error OptimismPortal_NotAllowedOnCGTMode()
# error OptimismPortal_ProofNotOldEnough()
# error OptimismPortal_Unproven()
# receive() payable

interface SystemConfig:
    def paused() -> bool: view
    def guardian() -> address: view
    def isCustomGasToken() -> bool: view
    def resourceConfig() -> resource_metering.ResourceConfig: view

interface Factory:
    def gameAtIndex(index: uint256) -> (uint32, uint64, address): view

interface Game:
    def status() -> uint8: view
    def createdAt() -> uint64: view
    def rootClaim() -> bytes32: view

interface Registry:
    def isGameProper(game: address) -> bool: view
    def isGameRespected(game: address) -> bool: view
    def isGameClaimValid(game: address) -> bool: view
    def disputeGameFactory() -> address: view
    def disputeGameFinalityDelaySeconds() -> uint256: view
    def disputeGameBlacklist(game: address) -> bool: view
    def respectedGameType() -> uint32: view
    def retirementTimestamp() -> uint64: view

struct WithdrawalTransaction:
    nonce: uint256
    sender: address
    target: address
    value: uint256
    gasLimit: uint256
    data: Bytes[MAX_WITHDRAWAL_DATA]

struct OutputRootProof:
    version: bytes32
    stateRoot: bytes32
    messagePasserStorageRoot: bytes32
    latestBlockhash: bytes32

struct ProvenWithdrawal:
    disputeGameProxy: address
    timestamp: uint64

event TransactionDeposited:
    from_: indexed(address)
    to: indexed(address)
    version: indexed(uint256)
    opaqueData: Bytes[MAX_DEPOSIT_DATA + HEAD]

event WithdrawalProven:
    withdrawalHash: indexed(bytes32)
    from_: indexed(address)
    to: indexed(address)

event WithdrawalProvenExtension1:
    withdrawalHash: indexed(bytes32)
    proofSubmitter: indexed(address)

event WithdrawalFinalized:
    withdrawalHash: indexed(bytes32)
    success: bool

MAX_DEPOSIT_DATA: constant(uint256) = 120_000
HEAD: constant(uint256) = 73  # bytes of packed fields before a deposit's data
DEPOSITED: constant(bytes32) = keccak256("TransactionDeposited(address,address,uint256,bytes)")
MAX_WITHDRAWAL_DATA: constant(uint256) = 32_768  # the message passer takes no more
MAX_PROOF_NODES: constant(uint256) = 64
RECEIVE_GAS: constant(uint64) = 100_000
ALIAS_OFFSET: constant(uint256) = 4369 * 2**144 + 4369  # 0x1111, 16 zero bytes, 0x1111
NO_SENDER: constant(address) = 0x000000000000000000000000000000000000dEaD
ESTIMATION_ADDRESS: constant(address) = 0x0000000000000000000000000000000000000001
CHALLENGER_WINS: constant(uint8) = 1
CALL_RESERVE: constant(uint256) = 45_000  # what finalising needs after and around the withdrawal's call

systemConfig: public(address)
anchorStateRegistry: public(address)
proofMaturityDelaySeconds: public(uint256)
finalizedWithdrawals: public(HashMap[bytes32, bool])
proven: HashMap[bytes32, HashMap[address, ProvenWithdrawal]]
submitter_count: HashMap[bytes32, uint256]
submitters: HashMap[bytes32, HashMap[uint256, address]]
current_sender: transient(address)


@deploy
@payable
def __init__(system_config: address, registry: address, proof_maturity_delay: uint256):
    resource_metering.__init__()
    self.systemConfig = system_config
    self.anchorStateRegistry = registry
    self.proofMaturityDelaySeconds = proof_maturity_delay


# Deposits


@external
@payable
def __default__():
    """
    @notice Plain coin is a deposit to its sender.
    """
    start: uint256 = msg.gas
    if len(msg.data) != 0:
        raw_revert(b"")
    raw_log(
        [DEPOSITED, self._deposit_sender(), convert(msg.sender, bytes32), empty(bytes32)],
        concat(
            convert(32, bytes32),
            convert(HEAD, bytes32),
            self._deposit_head(msg.sender, msg.value, RECEIVE_GAS, False, 0),
            self._padding(HEAD),
        ),
    )
    self._buy_gas(RECEIVE_GAS, start)


@external
@payable
def depositTransaction(
    _to: address, _value: uint256, _gasLimit: uint64, _isCreation: bool, _data: Bytes[MAX_DEPOSIT_DATA + 32]
):
    """
    @notice Sends a transaction to L2 that nobody can keep out; mints msg.value there.
    @dev The event is encoded by hand: Vyper's `log` would reserve and pay for two more buffers of the largest size.
    """
    start: uint256 = msg.gas
    size: uint256 = HEAD + len(_data)
    raw_log(
        [DEPOSITED, self._deposit_sender(), convert(_to, bytes32), empty(bytes32)],
        concat(
            convert(32, bytes32),
            convert(size, bytes32),
            self._deposit_head(_to, _value, _gasLimit, _isCreation, len(_data)),
            _data,
            self._padding(size),
        ),
    )
    self._buy_gas(_gasLimit, start)


@external
@payable
def donateETH():
    """
    @notice Takes coin without a deposit.
    """
    pass


@external
@pure
def minimumGasLimit(_byteCount: uint64) -> uint64:
    return self._minimum_gas_limit(convert(_byteCount, uint256))


@external
@view
def params() -> (uint128, uint64, uint64):
    """
    @return L2 gas price of the last deposit, gas bought in its L1 block, that block's number.
    """
    last: resource_metering.ResourceParams = resource_metering.params
    return last.prevBaseFee, last.prevBoughtGas, last.prevBlockNum


# Withdrawals


@external
def proveWithdrawalTransaction(
    _tx: WithdrawalTransaction,
    _disputeGameIndex: uint256,
    _outputRootProof: OutputRootProof,
    _withdrawalProof: DynArray[Bytes[merkle_trie.MAX_NODE], MAX_PROOF_NODES],
):
    """
    @notice Shows that a withdrawal is in the message passer's storage of an output root that a game claims.
    """
    self._not_paused()
    if _tx.target == self:
        raw_revert(method_id("OptimismPortal_BadTarget()"))
    game: address = self._game_for(_disputeGameIndex, _outputRootProof)
    withdrawal: bytes32 = self._hash_withdrawal(_tx)

    key: bytes32 = keccak256(keccak256(concat(withdrawal, empty(bytes32))))
    expected: bytes32 = _outputRootProof.messagePasserStorageRoot
    depth: uint256 = 0
    found: bool = False
    for node: Bytes[merkle_trie.MAX_NODE] in _withdrawalProof:
        if found or keccak256(node) != expected:
            raw_revert(method_id("InvalidMerkleProof()"))
        expected, depth, found = merkle_trie._descend(node, key, depth, 1)
    if not found:
        raw_revert(method_id("InvalidMerkleProof()"))

    self.proven[withdrawal][msg.sender] = ProvenWithdrawal(
        disputeGameProxy=game, timestamp=convert(block.timestamp, uint64)
    )
    self.submitters[withdrawal][self.submitter_count[withdrawal]] = msg.sender
    self.submitter_count[withdrawal] += 1
    log WithdrawalProven(withdrawalHash=withdrawal, from_=_tx.sender, to=_tx.target)
    log WithdrawalProvenExtension1(withdrawalHash=withdrawal, proofSubmitter=msg.sender)


@external
def finalizeWithdrawalTransaction(_tx: WithdrawalTransaction):
    self._finalize(_tx, msg.sender)


@external
def finalizeWithdrawalTransactionExternalProof(_tx: WithdrawalTransaction, _proofSubmitter: address):
    """
    @notice Finalises by a proof that somebody else submitted.
    """
    self._finalize(_tx, _proofSubmitter)


@external
@view
def checkWithdrawal(_withdrawalHash: bytes32, _proofSubmitter: address):
    """
    @notice Reverts with the reason why a withdrawal can't be finalised now, if there is one.
    """
    self._check_withdrawal(_withdrawalHash, _proofSubmitter)


@external
@view
def l2Sender() -> address:
    """
    @return Who on L2 sent the withdrawal that is being finalised, 0x…dEaD outside of one.
    """
    return NO_SENDER if self.current_sender == empty(address) else self.current_sender


@external
@view
def provenWithdrawals(_withdrawalHash: bytes32, _proofSubmitter: address) -> (address, uint64):
    proof: ProvenWithdrawal = self.proven[_withdrawalHash][_proofSubmitter]
    return proof.disputeGameProxy, proof.timestamp


@external
@view
def numProofSubmitters(_withdrawalHash: bytes32) -> uint256:
    return self.submitter_count[_withdrawalHash]


@external
@view
def proofSubmitters(_withdrawalHash: bytes32, _index: uint256) -> address:
    return self.submitters[_withdrawalHash][_index]


# What other contracts know


@external
@view
def paused() -> bool:
    return staticcall SystemConfig(self.systemConfig).paused()


@external
@view
def guardian() -> address:
    return staticcall SystemConfig(self.systemConfig).guardian()


@external
@view
def superchainConfig() -> address:
    """
    @return The contract that knows whether withdrawals are paused: here the SystemConfig.
    """
    return self.systemConfig


@external
@view
def disputeGameFactory() -> address:
    return staticcall Registry(self.anchorStateRegistry).disputeGameFactory()


@external
@view
def disputeGameFinalityDelaySeconds() -> uint256:
    return staticcall Registry(self.anchorStateRegistry).disputeGameFinalityDelaySeconds()


@external
@view
def disputeGameBlacklist(_disputeGame: address) -> bool:
    return staticcall Registry(self.anchorStateRegistry).disputeGameBlacklist(_disputeGame)


@external
@view
def respectedGameType() -> uint32:
    return staticcall Registry(self.anchorStateRegistry).respectedGameType()


@external
@view
def respectedGameTypeUpdatedAt() -> uint64:
    return staticcall Registry(self.anchorStateRegistry).retirementTimestamp()


@external
@pure
def version() -> String[8]:
    return "4.6.0"


# Deposits, inside


@internal
@payable
def _deposit_head(to: address, amount: uint256, gas_limit: uint64, creation: bool, size: uint256) -> Bytes[HEAD]:
    """
    @notice Checks a deposit; returns the packed fields that go before its data.
    """
    if msg.value != 0 and staticcall SystemConfig(self.systemConfig).isCustomGasToken():
        raw_revert(method_id("OptimismPortal_NotAllowedOnCGTMode()"))
    if creation and to != empty(address):
        raw_revert(method_id("OptimismPortal_BadTarget()"))
    if size > MAX_DEPOSIT_DATA:
        raw_revert(method_id("OptimismPortal_CalldataTooLarge()"))
    if gas_limit < self._minimum_gas_limit(size):
        raw_revert(method_id("OptimismPortal_GasLimitTooLow()"))
    flag: bytes1 = 0x01 if creation else 0x00
    return concat(
        convert(msg.value, bytes32), convert(amount, bytes32), convert(gas_limit, bytes8), flag
    )


@internal
@pure
def _minimum_gas_limit(size: uint256) -> uint64:
    return convert(size * 40 + 21_000, uint64)


@internal
@view
def _deposit_sender() -> bytes32:
    """
    @notice The caller, aliased if it is a contract. An account that delegates by EIP-7702 has code but is none.
    """
    sender: bytes32 = convert(msg.sender, bytes32)
    if msg.sender == tx.origin:
        return sender
    if msg.sender.codesize == 23 and slice(msg.sender.code, 0, 3) == b"\xef\x01\x00":
        return sender
    return convert((convert(sender, uint256) + ALIAS_OFFSET) % 2**160, bytes32)


@internal
@pure
def _padding(size: uint256) -> Bytes[32]:
    """
    @notice Zeros up to the next whole word.
    """
    return slice(abi_encode(empty(bytes32)), 0, (32 - size % 32) % 32)


@internal
def _buy_gas(amount: uint64, start: uint256):
    resource_metering._meter(amount, start, staticcall SystemConfig(self.systemConfig).resourceConfig())


# Withdrawals, inside


@internal
@view
def _game_for(index: uint256, proof: OutputRootProof) -> address:
    """
    @notice The game at an index, if it may prove withdrawals and claims the output root of these four words.
    """
    kind: uint32 = 0
    created: uint64 = 0
    game: address = empty(address)
    registry: address = self.anchorStateRegistry
    factory: address = staticcall Registry(registry).disputeGameFactory()
    kind, created, game = staticcall Factory(factory).gameAtIndex(index)
    if not staticcall Registry(registry).isGameProper(game):
        raw_revert(method_id("OptimismPortal_ImproperDisputeGame()"))
    if (
        not staticcall Registry(registry).isGameRespected(game)
        or staticcall Game(game).status() == CHALLENGER_WINS
    ):
        raw_revert(method_id("OptimismPortal_InvalidDisputeGame()"))
    if block.timestamp <= convert(created, uint256):
        raw_revert(method_id("OptimismPortal_InvalidProofTimestamp()"))
    root: bytes32 = keccak256(
        concat(proof.version, proof.stateRoot, proof.messagePasserStorageRoot, proof.latestBlockhash)
    )
    if root != staticcall Game(game).rootClaim():
        raw_revert(method_id("OptimismPortal_InvalidOutputRootProof()"))
    return game


@internal
@view
def _check_withdrawal(withdrawal: bytes32, submitter: address):
    if self.finalizedWithdrawals[withdrawal]:
        raw_revert(method_id("OptimismPortal_AlreadyFinalized()"))
    proof: ProvenWithdrawal = self.proven[withdrawal][submitter]
    if proof.timestamp == 0:
        raw_revert(method_id("OptimismPortal_Unproven()"))
    if proof.timestamp <= staticcall Game(proof.disputeGameProxy).createdAt():
        raw_revert(method_id("OptimismPortal_InvalidProofTimestamp()"))
    if block.timestamp - convert(proof.timestamp, uint256) <= self.proofMaturityDelaySeconds:
        raw_revert(method_id("OptimismPortal_ProofNotOldEnough()"))
    if not staticcall Registry(self.anchorStateRegistry).isGameClaimValid(proof.disputeGameProxy):
        raw_revert(method_id("OptimismPortal_InvalidRootClaim()"))


@internal
def _finalize(withdrawal: WithdrawalTransaction, submitter: address):
    """
    @notice Calls the target once, whatever comes of it. A failed call's value stays here (it can't be replayed).
    """
    self._not_paused()
    if self.current_sender != empty(address):
        raw_revert(method_id("OptimismPortal_NoReentrancy()"))
    if withdrawal.value != 0 and staticcall SystemConfig(self.systemConfig).isCustomGasToken():
        raw_revert(method_id("OptimismPortal_NotAllowedOnCGTMode()"))
    hash: bytes32 = self._hash_withdrawal(withdrawal)
    self._check_withdrawal(hash, submitter)
    self.finalizedWithdrawals[hash] = True
    self.current_sender = withdrawal.sender
    # A 64th of the gas stays behind at a call: the target must still get all that it asked for.
    if (max(msg.gas, CALL_RESERVE) - CALL_RESERVE) * 63 < withdrawal.gasLimit * 64:
        raw_revert(method_id("OptimismPortal_InsufficientGas()"))
    success: bool = raw_call(
        withdrawal.target, withdrawal.data, value=withdrawal.value, revert_on_failure=False
    )
    self.current_sender = empty(address)
    log WithdrawalFinalized(withdrawalHash=hash, success=success)
    if not success and tx.origin == ESTIMATION_ADDRESS:
        raw_revert(method_id("OptimismPortal_GasEstimation()"))


@internal
@pure
def _hash_withdrawal(withdrawal: WithdrawalTransaction) -> bytes32:
    return keccak256(
        abi_encode(
            withdrawal.nonce,
            withdrawal.sender,
            withdrawal.target,
            withdrawal.value,
            withdrawal.gasLimit,
            withdrawal.data,
        )
    )


@internal
@view
def _not_paused():
    if staticcall SystemConfig(self.systemConfig).paused():
        raw_revert(method_id("OptimismPortal_CallPaused()"))
