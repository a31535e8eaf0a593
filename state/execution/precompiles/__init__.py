"""Precompiled contracts on native libraries, for both executors.

py-evm's own are pure Python where it hurts: one pairing takes most of a second, so that a block full of them would
take minutes (FINDINGS). Each contract here is a price and a pure function of bytes on a wheel; `evm_functions` turns a
table of them into py-evm's form. They are checked equal to py-evm's, input by input, in tests/properties.

    hashes      0x01 ecrecover (coincurve), 0x02, 0x03, 0x04, 0x09 BLAKE2b F (blake2b-py)
    modexp      0x05, CPython's integers
    bn254       0x06 to 0x08, revm's arithmetic (pyrevm)
    kzg         0x0a, c-kzg
    bls12_381   0x0b to 0x11 (EIP-2537), arkworks
    p256        0x100 (RIP-7212), OpenSSL; OP chains only

What flows in: calldata. What flows out: output bytes, or InvalidInput, which costs the call all its gas. An OP chain
has one more contract and limits on four inputs (specs: granite, isthmus/exec-engine.md). Start reading at
`contract.py`. Nothing here reads state or knows what a transaction is.
"""

from dataclasses import replace
from typing import Final

from state.execution.precompiles import bls12_381, bn254, hashes, kzg, modexp, p256
from state.execution.precompiles.contract import (
    EvmFunction,
    InvalidInput,
    Precompile,
    PrecompileTable,
    evm_functions,
    moved_precompiles,
    precompile_address,
)

__all__ = [
    "ETHEREUM_PRECOMPILES",
    "OPTIMISM_PRECOMPILES",
    "EvmFunction",
    "InvalidInput",
    "Precompile",
    "PrecompileTable",
    "evm_functions",
    "moved_precompiles",
    "precompile_address",
    "prepare_precompiles",
]

ETHEREUM_PRECOMPILES: Final[PrecompileTable] = {
    precompile_address(number): precompile
    for number, precompile in enumerate(
        (
            hashes.ECRECOVER,
            hashes.SHA256,
            hashes.RIPEMD_160,
            hashes.IDENTITY,
            modexp.MODEXP,
            bn254.ADD,
            bn254.MULTIPLY,
            bn254.PAIRING,
            hashes.BLAKE2F,
            kzg.POINT_EVALUATION,
            bls12_381.G1_ADD,
            bls12_381.G1_MSM,
            bls12_381.G2_ADD,
            bls12_381.G2_MSM,
            bls12_381.PAIRING,
            bls12_381.MAP_FP_TO_G1,
            bls12_381.MAP_FP2_TO_G2,
        ),
        start=1,
    )
}
"""Prague on Ethereum: 0x01 to 0x11."""

OPTIMISM_PRECOMPILES: Final[PrecompileTable] = {
    **ETHEREUM_PRECOMPILES,
    precompile_address(0x08): replace(bn254.PAIRING, max_input=112_687),
    precompile_address(0x0C): replace(bls12_381.G1_MSM, max_input=513_760),
    precompile_address(0x0E): replace(bls12_381.G2_MSM, max_input=488_448),
    precompile_address(0x0F): replace(bls12_381.PAIRING, max_input=235_008),
    precompile_address(0x100): p256.P256VERIFY,
}
"""Isthmus: Prague's, P256VERIFY, and the limits on inputs."""


def prepare_precompiles() -> None:
    """Load what the first call would wait for (KZG's trusted setup, over a second): for a node's start."""
    kzg.trusted_setup()
