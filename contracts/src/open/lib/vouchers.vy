# pragma version 0.4.3
"""
@title EIP-712 payment vouchers
@license Apache-2.0
@notice A payer signs ever larger cumulative amounts to one worker; `contracts/vouchers.py` signs and verifies the
    same digest.
"""

struct Voucher:
    payer: address
    worker: address
    session: uint64
    cumulative: uint256

_DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_NAME: constant(bytes32) = keccak256("OpenLedger Inference")
_VERSION: constant(bytes32) = keccak256("1")
_VOUCHER_TYPE: constant(bytes32) = keccak256(
    "Voucher(address payer,address worker,uint64 session,uint256 cumulative)"
)
# Half of secp256k1's order: of the two signatures (s, n - s) only the low one counts.
_HALF_ORDER: constant(uint256) = (
    57896044618658097711785492504343953926418782139537452191302581570759080747168
)


@internal
@view
def _domain_separator() -> bytes32:
    return keccak256(abi_encode(_DOMAIN_TYPE, _NAME, _VERSION, chain.id, self))


@internal
@pure
def _digest(domain: bytes32, voucher: Voucher) -> bytes32:
    inner: bytes32 = keccak256(
        abi_encode(_VOUCHER_TYPE, voucher.payer, voucher.worker, voucher.session, voucher.cumulative)
    )
    return keccak256(concat(b"\x19\x01", domain, inner))


@internal
@view
def _is_signed(domain: bytes32, voucher: Voucher, signature: Bytes[65]) -> bool:
    if len(signature) != 65 or voucher.payer == empty(address):
        return False
    s: uint256 = convert(extract32(signature, 32), uint256)
    v: uint256 = convert(extract32(signature, 33), uint256) & 255
    if s > _HALF_ORDER or (v != 27 and v != 28):
        return False
    r: uint256 = convert(extract32(signature, 0), uint256)
    # ecrecover answers zero for what is no signature; the payer is not zero.
    return ecrecover(self._digest(domain, voucher), v, r, s) == voucher.payer
