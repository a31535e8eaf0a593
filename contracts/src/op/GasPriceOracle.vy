# pragma version 0.4.3
"""
@title GasPriceOracle
@notice What a transaction will pay for L1 data and to the operator, for wallets (PROTOCOL.md section 5).
@dev Fees of included transactions are computed by the node itself, from the signed bytes.
"""

# error Deprecated()

interface L1Block:
    def number() -> uint64: view
    def basefee() -> uint256: view
    def blobBaseFee() -> uint256: view
    def baseFeeScalar() -> uint32: view
    def blobBaseFeeScalar() -> uint32: view
    def operatorFeeScalar() -> uint32: view
    def operatorFeeConstant() -> uint64: view

L1_BLOCK: constant(address) = 0x4200000000000000000000000000000000000015
MAX_TRANSACTION: constant(uint256) = 131072
PADDED_TRANSACTION: constant(uint256) = MAX_TRANSACTION + 32
SIGNATURE_BYTES: constant(uint256) = 68
HASH_TABLE: constant(uint256) = 8192
WINDOW: constant(uint256) = 8191  # the largest distance of a match
TAIL: constant(uint256) = 13  # bytes at the end that FastLZ never starts a match in
MAX_MATCH: constant(uint256) = 262

MIN_SIZE_SCALED: constant(uint256) = 100 * 10**6
SIZE_SLOPE: constant(uint256) = 836_500
SIZE_INTERCEPT: constant(uint256) = 42_585_600


@external
@view
def getL1Fee(_data: Bytes[MAX_TRANSACTION]) -> uint256:
    """
    @param _data The unsigned transaction; its signature is counted as 68 incompressible bytes.
    """
    return self._l1_fee(self._fastlz_length(concat(_data, empty(bytes32))) + SIGNATURE_BYTES)


@external
@view
def getL1FeeUpperBound(_unsignedTxSize: uint256) -> uint256:
    """
    @notice The fee of the least compressible transaction of that many bytes.
    """
    size: uint256 = _unsignedTxSize + SIGNATURE_BYTES
    return self._l1_fee(size + size // 255 + 16)


@external
@view
def getL1GasUsed(_data: Bytes[MAX_TRANSACTION]) -> uint256:
    length: uint256 = self._fastlz_length(concat(_data, empty(bytes32))) + SIGNATURE_BYTES
    return self._estimated_size(length) * 16 // 10**6


@external
@view
def getOperatorFee(_gasUsed: uint256) -> uint256:
    """
    @notice Saturates at the largest word, as the specification has it.
    """
    scalar: uint256 = convert(staticcall L1Block(L1_BLOCK).operatorFeeScalar(), uint256)
    constant_part: uint256 = convert(staticcall L1Block(L1_BLOCK).operatorFeeConstant(), uint256)
    if scalar != 0 and _gasUsed > max_value(uint256) // scalar:
        return max_value(uint256) // 10**6 + constant_part
    return _gasUsed * scalar // 10**6 + constant_part


@external
@view
def gasPrice() -> uint256:
    return block.basefee


@external
@view
def baseFee() -> uint256:
    return block.basefee


@external
@view
def l1BaseFee() -> uint256:
    return staticcall L1Block(L1_BLOCK).basefee()


@external
@view
def blobBaseFee() -> uint256:
    return staticcall L1Block(L1_BLOCK).blobBaseFee()


@external
@view
def baseFeeScalar() -> uint32:
    return staticcall L1Block(L1_BLOCK).baseFeeScalar()


@external
@view
def blobBaseFeeScalar() -> uint32:
    return staticcall L1Block(L1_BLOCK).blobBaseFeeScalar()


@external
@pure
def overhead() -> uint256:
    raw_revert(method_id("Deprecated()"))


@external
@pure
def scalar() -> uint256:
    raw_revert(method_id("Deprecated()"))


@external
@pure
def decimals() -> uint256:
    return 6


@external
@pure
def DECIMALS() -> uint256:
    return 6


@external
@pure
def isEcotone() -> bool:
    return True


@external
@pure
def isFjord() -> bool:
    return True


@external
@pure
def isIsthmus() -> bool:
    return True


@external
@pure
def isJovian() -> bool:
    return False


@external
@pure
def version() -> String[8]:
    return "1.4.0"


@internal
@view
def _l1_fee(length: uint256) -> uint256:
    base: uint256 = convert(staticcall L1Block(L1_BLOCK).baseFeeScalar(), uint256)
    blob: uint256 = convert(staticcall L1Block(L1_BLOCK).blobBaseFeeScalar(), uint256)
    scaled: uint256 = 16 * base * staticcall L1Block(L1_BLOCK).basefee()
    scaled += blob * staticcall L1Block(L1_BLOCK).blobBaseFee()
    return self._estimated_size(length) * scaled // 10**12


@internal
@pure
def _estimated_size(length: uint256) -> uint256:
    """
    @notice Bytes after batch compression, times a million, estimated from the FastLZ length.
    """
    if SIZE_SLOPE * length <= SIZE_INTERCEPT + MIN_SIZE_SCALED:
        return MIN_SIZE_SCALED
    return SIZE_SLOPE * length - SIZE_INTERCEPT


@internal
@pure
def _fastlz_length(padded: Bytes[PADDED_TRANSACTION]) -> uint256:
    """
    @notice Length of FastLZ level-1 output without producing it.
    @param padded The bytes followed by 32 zeros, so that a word can be read at any of them.
    @dev In one piece: an internal call would copy the bytes each time. The three bytes that are looked up are
         compared as the top 24 bits of a word.
    """
    size: uint256 = len(padded) - 32
    if size <= TAIL:
        return self._literals(size)
    limit: uint256 = size - TAIL
    seen: uint256[HASH_TABLE] = empty(uint256[HASH_TABLE])  # where three bytes with this hash were last
    written: uint256 = 0
    anchor: uint256 = 0  # first byte that isn't written yet
    at: uint256 = 2
    for _: uint256 in range(MAX_TRANSACTION):
        if at >= limit:
            break
        triple: uint256 = convert(extract32(padded, at), uint256) >> 232
        slot: uint256 = self._hash(triple)
        old: uint256 = seen[slot]
        seen[slot] = at
        if (
            at - old > WINDOW
            or triple != convert(extract32(padded, old), uint256) >> 232
            or at + 1 >= limit
        ):
            at += 1
            continue
        written += self._literals(at - anchor)

        # The match counts equal bytes after the triple, and the byte that ends it.
        room: uint256 = limit + 6 - at
        length: uint256 = 0
        for _i: uint256 in range(MAX_TRANSACTION // 32 + 1):
            if length >= room:
                break
            difference: uint256 = convert(extract32(padded, old + 3 + length), uint256) ^ convert(
                extract32(padded, at + 3 + length), uint256
            )
            if difference != 0:
                length += self._leading_zero_bytes(difference) + 1
                break
            length += 32
        length = min(length, room)
        written += self._match(length)

        at += length
        seen[self._hash(convert(extract32(padded, at), uint256) >> 232)] = at
        at += 1
        seen[self._hash(convert(extract32(padded, at), uint256) >> 232)] = at
        at += 1
        anchor = at
    return written + self._literals(size - anchor)


@internal
@pure
def _leading_zero_bytes(word: uint256) -> uint256:
    for i: uint256 in range(32):
        if word >> (248 - 8 * i) != 0:
            return i
    return 32


@internal
@pure
def _hash(triple: uint256) -> uint256:
    """
    @notice FastLZ hashes the three bytes as a little-endian number.
    """
    reversed: uint256 = (triple >> 16) | (triple & 65280) | ((triple & 255) << 16)
    return ((2654435769 * reversed) >> 19) & (HASH_TABLE - 1)


@internal
@pure
def _literals(count: uint256) -> uint256:
    """
    @notice Runs of at most 32 bytes, each with one byte before it.
    """
    rest: uint256 = count % 32
    return count // 32 * 33 + (rest + 1 if rest != 0 else 0)


@internal
@pure
def _match(length: uint256) -> uint256:
    """
    @notice Two bytes for a short match, three for each long piece.
    """
    rest: uint256 = (length - 1) % MAX_MATCH
    return (length - 1) // MAX_MATCH * 3 + (3 if rest >= 6 else 2)
