# pragma version 0.4.3
"""
@title L1Block
@notice What L2 knows of its L1 origin. Only the L1-attributes deposit at the top of each block writes it.
@dev Every word is packed by hand as op-geth reads it (PROTOCOL.md section 2); the order of the variables is the layout.
"""

# error NotDepositor()

DEPOSITOR: constant(address) = 0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001
MASK_32: constant(uint256) = 2**32 - 1
MASK_64: constant(uint256) = 2**64 - 1

time_and_number: uint256  # 0: time << 64 | number
basefee: public(uint256)  # 1
hash: public(bytes32)  # 2
scalars_and_sequence: uint256  # 3: baseFeeScalar << 96 | blobBaseFeeScalar << 64 | sequenceNumber
batcherHash: public(bytes32)  # 4
l1FeeOverhead: public(uint256)  # 5
l1FeeScalar: public(uint256)  # 6
blobBaseFee: public(uint256)  # 7
operator_fee: uint256  # 8: operatorFeeScalar << 64 | operatorFeeConstant


@external
def setL1BlockValuesIsthmus():
    """
    @notice Takes the 176 packed bytes of calldata that follow no ABI: see PROTOCOL.md section 2.
    """
    if msg.sender != DEPOSITOR:
        raw_revert(method_id("NotDepositor()"))
    head: uint256 = convert(slice(msg.data, 4, 32), uint256)
    self.scalars_and_sequence = head >> 128
    self.time_and_number = head & (2**128 - 1)
    self.basefee = convert(slice(msg.data, 36, 32), uint256)
    self.blobBaseFee = convert(slice(msg.data, 68, 32), uint256)
    self.hash = convert(slice(msg.data, 100, 32), bytes32)
    self.batcherHash = convert(slice(msg.data, 132, 32), bytes32)
    self.operator_fee = convert(slice(msg.data, 164, 12), uint256)


@external
@view
def number() -> uint64:
    return convert(self.time_and_number & MASK_64, uint64)


@external
@view
def timestamp() -> uint64:
    return convert(self.time_and_number >> 64, uint64)


@external
@view
def sequenceNumber() -> uint64:
    return convert(self.scalars_and_sequence & MASK_64, uint64)


@external
@view
def blobBaseFeeScalar() -> uint32:
    return convert((self.scalars_and_sequence >> 64) & MASK_32, uint32)


@external
@view
def baseFeeScalar() -> uint32:
    return convert((self.scalars_and_sequence >> 96) & MASK_32, uint32)


@external
@view
def operatorFeeScalar() -> uint32:
    return convert((self.operator_fee >> 64) & MASK_32, uint32)


@external
@view
def operatorFeeConstant() -> uint64:
    return convert(self.operator_fee & MASK_64, uint64)


@external
@pure
def DEPOSITOR_ACCOUNT() -> address:
    return DEPOSITOR


@external
@pure
def isCustomGasToken() -> bool:
    return False


@external
@pure
def gasPayingToken() -> (address, uint8):
    """
    @notice The address that stands for a chain's native coin, and its decimals.
    """
    return 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE, 18


@external
@pure
def gasPayingTokenName() -> String[8]:
    return "OPEN"


@external
@pure
def gasPayingTokenSymbol() -> String[8]:
    return "OPEN"


@external
@pure
def version() -> String[8]:
    return "1.6.0"
