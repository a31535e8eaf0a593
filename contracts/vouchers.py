"""Payment vouchers: EIP-712 messages by which a payer owes a worker an ever larger cumulative amount.

    sign_voucher(voucher, private_key, *, chain_id, contract=INFERENCE) -> bytes          65 bytes: r, s, v
    recover_signer(voucher, signature, *, chain_id, contract=INFERENCE) -> str            VoucherError if malformed
    verify_voucher(voucher, signature, *, chain_id, contract=INFERENCE) -> bool
    voucher_digest(voucher, *, chain_id, contract=INFERENCE) -> bytes
    typed_data(voucher, *, chain_id, contract=INFERENCE) -> dict                          for eth_signTypedData_v4

The domain is {name "OpenLedger Inference", version "1", chainId, verifyingContract}. Only a cumulative amount larger
than what its (payer, worker, session) has settled settles; what it adds must equal the fees of that payer's records
in the batch, to the wei. Signatures have a low s and v 27 or 28, as `Inference.settle` demands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from coincurve import PrivateKey, PublicKey
from eth_utils.address import to_canonical_address, to_checksum_address
from sha3 import keccak_256

INFERENCE: Final = "0x4f50454E00000000000000000000000000000009"
DOMAIN_NAME: Final = "OpenLedger Inference"
DOMAIN_VERSION: Final = "1"

_DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_VOUCHER_TYPE = b"Voucher(address payer,address worker,uint64 session,uint256 cumulative)"
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


class VoucherError(ValueError):
    """A voucher or signature outside its format; the message says what was got and what expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """`Voucher(address payer, address worker, uint64 session, uint256 cumulative)`."""

    payer: str
    """0x-prefixed address of who pays and signs."""
    worker: str
    """0x-prefixed address of who is paid."""
    session: int
    """Any number below 2**64 that payer and worker agree on; each session counts from zero."""
    cumulative: int
    """Wei owed in this session since it began."""

    def as_tuple(self) -> tuple[str, str, int, int]:
        """The struct as `Inference.settle` takes it."""
        return to_checksum_address(self.payer), to_checksum_address(self.worker), self.session, self.cumulative


def domain_separator(*, chain_id: int, contract: str = INFERENCE) -> bytes:
    """32 bytes; equals `Inference.domainSeparator()` on that chain."""
    return _keccak(
        _keccak(_DOMAIN_TYPE)
        + _keccak(DOMAIN_NAME.encode())
        + _keccak(DOMAIN_VERSION.encode())
        + _word(chain_id)
        + _address_word(contract)
    )


def voucher_digest(voucher: Voucher, *, chain_id: int, contract: str = INFERENCE) -> bytes:
    """The 32 bytes that are signed (EIP-712)."""
    if not 0 <= voucher.session < 2**64:
        raise VoucherError(f"session: got {voucher.session}, expected below 2**64")
    if not 0 <= voucher.cumulative < 2**256:
        raise VoucherError(f"cumulative: got {voucher.cumulative}, expected below 2**256")
    struct = _keccak(
        _keccak(_VOUCHER_TYPE)
        + _address_word(voucher.payer)
        + _address_word(voucher.worker)
        + _word(voucher.session)
        + _word(voucher.cumulative)
    )
    return _keccak(b"\x19\x01" + domain_separator(chain_id=chain_id, contract=contract) + struct)


def sign_voucher(voucher: Voucher, private_key: bytes, *, chain_id: int, contract: str = INFERENCE) -> bytes:
    """65 bytes r ++ s ++ v with a low s; deterministic (RFC 6979)."""
    digest = voucher_digest(voucher, chain_id=chain_id, contract=contract)
    signature = PrivateKey(private_key).sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def recover_signer(voucher: Voucher, signature: bytes, *, chain_id: int, contract: str = INFERENCE) -> str:
    """Checksummed address that signed; VoucherError unless the signature is well-formed with a low s."""
    if len(signature) != 65:
        raise VoucherError(f"signature: got {len(signature)} bytes, expected 65")
    if signature[64] not in (27, 28):
        raise VoucherError(f"v: got {signature[64]}, expected 27 or 28")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise VoucherError("s: got the high one of two values, expected the low one")
    digest = voucher_digest(voucher, chain_id=chain_id, contract=contract)
    recoverable = signature[:64] + bytes([signature[64] - 27])
    try:
        public = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except ValueError as error:
        raise VoucherError(f"signature: no public key fits ({error})") from error
    return to_checksum_address(_keccak(public.format(compressed=False)[1:])[12:])


def verify_voucher(voucher: Voucher, signature: bytes, *, chain_id: int, contract: str = INFERENCE) -> bool:
    """True if the payer signed this voucher for that chain and contract."""
    try:
        signer = recover_signer(voucher, signature, chain_id=chain_id, contract=contract)
    except VoucherError:
        return False
    return to_canonical_address(signer) == to_canonical_address(voucher.payer)


def typed_data(voucher: Voucher, *, chain_id: int, contract: str = INFERENCE) -> dict[str, Any]:
    """The voucher as a wallet's `eth_signTypedData_v4` wants it, as JSON: numbers as decimal strings, since a browser's
    JSON.parse would round what is above 2**53."""
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Voucher": [
                {"name": "payer", "type": "address"},
                {"name": "worker", "type": "address"},
                {"name": "session", "type": "uint64"},
                {"name": "cumulative", "type": "uint256"},
            ],
        },
        "primaryType": "Voucher",
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": contract,
        },
        "message": {
            "payer": to_checksum_address(voucher.payer),
            "worker": to_checksum_address(voucher.worker),
            "session": str(voucher.session),
            "cumulative": str(voucher.cumulative),
        },
    }


def _keccak(data: bytes) -> bytes:
    digest: bytes = keccak_256(data).digest()
    return digest


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _address_word(address: str) -> bytes:
    try:
        return to_canonical_address(address).rjust(32, b"\0")
    except (TypeError, ValueError) as error:
        raise VoucherError(f"address: got {address!r}, expected 0x and 40 hex digits") from error
