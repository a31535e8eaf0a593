# pragma version 0.4.3
"""
@title Fields of packed inference records
@license Apache-2.0
@notice Big-endian and packed, as `contracts/records.py` writes them:
    modelId u32, checkpoint u32, payerIndex u16, tokensIn u32, tokensOut u32, method u8, evidencePpm u32,
    recordHash b32, escrowed u8, [requestId b32 if escrowed], count u8, count x (contributionId u32, ppm u32).
    `head` is the record's first 32 bytes as an integer. Arithmetic is unchecked where operands are too narrow to
    overflow: tokens are below 2**32 and prices below MAX_PRICE.
"""

HEAD: constant(uint256) = 57  # bytes up to the first share, without a request id
SHARE: constant(uint256) = 8
MAX_SHARES: constant(uint256) = 16
MAX_RECORD: constant(uint256) = 217
PPM: constant(uint256) = 1_000_000
MAX_PRICE: constant(uint256) = 2**128
_U32: constant(uint256) = 2**32 - 1


@internal
@pure
def _model_and_checkpoint(head: uint256) -> uint256:
    return head >> 192


@internal
@pure
def _payer_index(head: uint256) -> uint256:
    return (head >> 176) & (2**16 - 1)


@internal
@pure
def _tokens_in(head: uint256) -> uint256:
    return (head >> 144) & _U32


@internal
@pure
def _tokens_out(head: uint256) -> uint256:
    return (head >> 112) & _U32


@internal
@pure
def _evidence_ppm(head: uint256) -> uint256:
    return (head >> 72) & _U32


@internal
@pure
def _fee(tokens_in: uint256, tokens_out: uint256, price_in: uint256, price_out: uint256) -> uint256:
    # Rounded up to a wei, so that no paid answer is free.
    cost: uint256 = unsafe_add(unsafe_mul(tokens_in, price_in), unsafe_mul(tokens_out, price_out))
    return unsafe_add(cost, 999) // 1000


@internal
@pure
def _require_whole(ppm: uint256, last: uint256, newest: uint256, index: uint256):
    # The shares sum to the whole, and the last of the ascending ids has been handed out.
    if ppm != PPM:
        raw_revert(abi_encode(index, method_id=method_id("WrongShares(uint256)")))
    if last > newest:
        raw_revert(abi_encode(last, method_id=method_id("UnknownContribution(uint256)")))
