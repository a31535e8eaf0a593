"""0x0a: KZG point evaluation (EIP-4844) by c-kzg, on the ceremony's trusted setup that py-evm ships."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

import ckzg
import eth

from state.execution.precompiles.contract import InvalidInput, Precompile, flat_price

FIELD_ELEMENTS_PER_BLOB: Final = 4096
BLS_MODULUS: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
INPUT_LENGTH: Final = 192
_OUTPUT: Final = FIELD_ELEMENTS_PER_BLOB.to_bytes(32, "big") + BLS_MODULUS.to_bytes(32, "big")


@cache
def trusted_setup() -> Any:
    """The ceremony's points for c-kzg, loaded once a process. The first call takes one to two seconds."""
    path = Path(eth.__file__).parent / "_utils" / "kzg_trusted_setup.txt"
    return ckzg.load_trusted_setup(str(path), 0)


def point_evaluation(data: bytes) -> bytes:
    """versioned hash 32 ++ z 32 ++ y 32 ++ commitment 48 ++ proof 48 -> the two constants, if p(z) = y is proven."""
    if len(data) != INPUT_LENGTH:
        raise InvalidInput(f"got {len(data)} bytes, expected {INPUT_LENGTH}")
    versioned_hash, z, y, commitment, proof = data[:32], data[32:64], data[64:96], data[96:144], data[144:]
    if b"\x01" + hashlib.sha256(commitment).digest()[1:] != versioned_hash:
        raise InvalidInput("the commitment is not the versioned hash's")
    try:
        proven = ckzg.verify_kzg_proof(commitment, z, y, proof, trusted_setup())
    except RuntimeError as error:
        raise InvalidInput("a point or field element is malformed") from error
    if not proven:
        raise InvalidInput("the proof does not hold")
    return _OUTPUT


POINT_EVALUATION: Final = Precompile(name="KZG point evaluation", gas=flat_price(50_000), run=point_evaluation)
