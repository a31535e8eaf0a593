# pragma version 0.4.3
"""
@title SystemConfig
@notice The rollup's governed parameters. Derivation reads them from ConfigUpdate events (PROTOCOL.md section 10).
@dev The owner sets parameters, the guardian pauses withdrawals. Addresses of the other L1 contracts are fixed at
     creation: the deployment plan predicts them.
"""

# error Unauthorized()
# error InvalidGasLimit(uint64 got, uint64 minimum, uint64 maximum)
# error InvalidEIP1559Params()

event ConfigUpdate:
    version: indexed(uint256)
    updateType: indexed(uint8)
    data: Bytes[64]

event OwnershipTransferred:
    previousOwner: indexed(address)
    newOwner: indexed(address)

event Paused:
    account: address

event Unpaused:
    account: address

struct ResourceConfig:
    maxResourceLimit: uint32
    elasticityMultiplier: uint8
    baseFeeMaxChangeDenominator: uint8
    minimumBaseFee: uint32
    systemTxMaxGas: uint32
    maximumBaseFee: uint128

struct Addresses:
    l1CrossDomainMessenger: address
    l1StandardBridge: address
    optimismPortal: address
    disputeGameFactory: address
    batchInbox: address

BATCHER: constant(uint8) = 0
FEE_SCALARS: constant(uint8) = 1
GAS_LIMIT: constant(uint8) = 2
UNSAFE_BLOCK_SIGNER: constant(uint8) = 3
EIP_1559_PARAMS: constant(uint8) = 4
OPERATOR_FEE_PARAMS: constant(uint8) = 5

MAX_GAS_LIMIT: constant(uint64) = 200_000_000
SYSTEM_TX_MAX_GAS: constant(uint32) = 1_000_000

owner: public(address)
guardian: public(address)
unsafeBlockSigner: public(address)
batcherHash: public(bytes32)
gasLimit: public(uint64)
basefeeScalar: public(uint32)
blobbasefeeScalar: public(uint32)
eip1559Denominator: public(uint32)
eip1559Elasticity: public(uint32)
operatorFeeScalar: public(uint32)
operatorFeeConstant: public(uint64)
maxResourceLimit: public(uint32)
l2ChainId: public(uint256)
isCustomGasToken: public(bool)
paused: public(bool)
l1CrossDomainMessenger: public(address)
l1StandardBridge: public(address)
optimismPortal: public(address)
disputeGameFactory: public(address)
batchInbox: public(address)


@deploy
def __init__(
    owner: address,
    guardian: address,
    unsafe_block_signer: address,
    batcher: address,
    gas_limit: uint64,
    fee_scalars: uint32[2],
    eip1559: uint32[2],
    operator_fee_scalar: uint32,
    operator_fee_constant: uint64,
    max_resource_limit: uint32,
    l2_chain_id: uint256,
    custom_gas_token: bool,
    addresses: Addresses,
):
    self.owner = owner
    self.guardian = guardian
    self.unsafeBlockSigner = unsafe_block_signer
    self.batcherHash = convert(batcher, bytes32)
    self.gasLimit = gas_limit
    self.basefeeScalar = fee_scalars[0]
    self.blobbasefeeScalar = fee_scalars[1]
    self.eip1559Denominator = eip1559[0]
    self.eip1559Elasticity = eip1559[1]
    self.operatorFeeScalar = operator_fee_scalar
    self.operatorFeeConstant = operator_fee_constant
    self.maxResourceLimit = max_resource_limit
    self.l2ChainId = l2_chain_id
    self.isCustomGasToken = custom_gas_token
    self.l1CrossDomainMessenger = addresses.l1CrossDomainMessenger
    self.l1StandardBridge = addresses.l1StandardBridge
    self.optimismPortal = addresses.optimismPortal
    self.disputeGameFactory = addresses.disputeGameFactory
    self.batchInbox = addresses.batchInbox


@external
def setBatcherHash(_batcherHash: bytes32):
    self._only_owner()
    self.batcherHash = _batcherHash
    log ConfigUpdate(version=0, updateType=BATCHER, data=abi_encode(_batcherHash))


@external
def setGasConfigEcotone(_basefeeScalar: uint32, _blobbasefeeScalar: uint32):
    self._only_owner()
    self.basefeeScalar = _basefeeScalar
    self.blobbasefeeScalar = _blobbasefeeScalar
    log ConfigUpdate(version=0, updateType=FEE_SCALARS, data=abi_encode(empty(uint256), self._scalar()))


@external
def setGasLimit(_gasLimit: uint64):
    self._only_owner()
    if _gasLimit < self._minimum_gas_limit() or _gasLimit > MAX_GAS_LIMIT:
        raw_revert(
            abi_encode(
                _gasLimit,
                self._minimum_gas_limit(),
                MAX_GAS_LIMIT,
                method_id=method_id("InvalidGasLimit(uint64,uint64,uint64)"),
            )
        )
    self.gasLimit = _gasLimit
    log ConfigUpdate(version=0, updateType=GAS_LIMIT, data=abi_encode(_gasLimit))


@external
def setUnsafeBlockSigner(_unsafeBlockSigner: address):
    self._only_owner()
    self.unsafeBlockSigner = _unsafeBlockSigner
    log ConfigUpdate(version=0, updateType=UNSAFE_BLOCK_SIGNER, data=abi_encode(_unsafeBlockSigner))


@external
def setEIP1559Params(_denominator: uint32, _elasticity: uint32):
    self._only_owner()
    if _denominator == 0 or _elasticity == 0:
        raw_revert(method_id("InvalidEIP1559Params()"))
    self.eip1559Denominator = _denominator
    self.eip1559Elasticity = _elasticity
    packed: uint256 = convert(_denominator, uint256) << 32 | convert(_elasticity, uint256)
    log ConfigUpdate(version=0, updateType=EIP_1559_PARAMS, data=abi_encode(packed))


@external
def setOperatorFeeScalars(_operatorFeeScalar: uint32, _operatorFeeConstant: uint64):
    self._only_owner()
    self.operatorFeeScalar = _operatorFeeScalar
    self.operatorFeeConstant = _operatorFeeConstant
    packed: uint256 = convert(_operatorFeeScalar, uint256) << 64 | convert(_operatorFeeConstant, uint256)
    log ConfigUpdate(version=0, updateType=OPERATOR_FEE_PARAMS, data=abi_encode(packed))


@external
def transferOwnership(newOwner: address):
    self._only_owner()
    log OwnershipTransferred(previousOwner=self.owner, newOwner=newOwner)
    self.owner = newOwner


@external
def pause():
    """
    @notice Stops proving and finalising withdrawals; deposits go on.
    """
    self._only_guardian()
    self.paused = True
    log Paused(account=msg.sender)


@external
def unpause():
    self._only_guardian()
    self.paused = False
    log Unpaused(account=msg.sender)


@external
@view
def overhead() -> uint256:
    """
    @notice Unused since Ecotone, always zero.
    """
    return 0


@external
@view
def scalar() -> uint256:
    return self._scalar()


@external
@view
def minimumGasLimit() -> uint64:
    """
    @notice Room for all deposits that an L1 block may buy and for the L1-attributes transaction.
    """
    return self._minimum_gas_limit()


@external
@pure
def maximumGasLimit() -> uint64:
    return MAX_GAS_LIMIT


@external
@view
def resourceConfig() -> ResourceConfig:
    return ResourceConfig(
        maxResourceLimit=self.maxResourceLimit,
        elasticityMultiplier=10,
        baseFeeMaxChangeDenominator=8,
        minimumBaseFee=10**9,
        systemTxMaxGas=SYSTEM_TX_MAX_GAS,
        maximumBaseFee=max_value(uint128),
    )


@external
@pure
def version() -> String[8]:
    return "3.4.0"


@internal
@view
def _scalar() -> uint256:
    """
    @notice Ecotone's packing: version 1 in the highest byte, then the blob and the base scalar at the end.
    """
    return 1 << 248 | convert(self.blobbasefeeScalar, uint256) << 32 | convert(self.basefeeScalar, uint256)


@internal
@view
def _minimum_gas_limit() -> uint64:
    return convert(self.maxResourceLimit, uint64) + convert(SYSTEM_TX_MAX_GAS, uint64)


@internal
@view
def _only_owner():
    if msg.sender != self.owner:
        raw_revert(method_id("Unauthorized()"))


@internal
@view
def _only_guardian():
    if msg.sender != self.guardian:
        raw_revert(method_id("Unauthorized()"))
