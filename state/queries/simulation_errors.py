"""Why a simulation was refused or stopped, with the codes of ethereum/execution-apis and geth's words.

NodeError
└── SimulationRefused               -32000
    ├── SimulatedNonceTooLow        -38010
    ├── SimulatedNonceTooHigh       -38011
    ├── SimulatedFeeTooLow          -38012
    ├── SimulatedGasTooLow          -38013
    ├── SimulatedFundsTooLow        -38014
    ├── SimulatedBlockFull          -38015
    ├── BlockNumbersNotInOrder      -38020
    ├── TimestampsNotInOrder        -38021
    ├── SimulatedInitCodeTooLarge   -38025
    ├── SimulationTooLarge          -38026
    └── SimulatedFeesInvalid        -32602
"""

from typing import Final

from state.errors import Blame, InvalidTransaction, NodeError
from state.execution.errors import (
    FeeCapTooLow,
    FloorDataGas,
    InitCodeTooLarge,
    InsufficientFunds,
    IntrinsicGasTooLow,
    NonceTooHigh,
    NonceTooLow,
    TipAboveFeeCap,
)


class SimulationRefused(NodeError):
    """A simulated transaction or block that no chain could have."""

    blame = Blame.USER
    rpc_code = -32000


class SimulatedNonceTooLow(SimulationRefused):
    """While validating: the account has used this nonce."""

    rpc_code = -38010


class SimulatedNonceTooHigh(SimulationRefused):
    """While validating: nonces before this one are missing."""

    rpc_code = -38011


class SimulatedFeeTooLow(SimulationRefused):
    """The fee cap is below the block's base fee."""

    rpc_code = -38012


class SimulatedGasTooLow(SimulationRefused):
    """The gas limit covers neither intrinsic gas nor the calldata floor."""

    rpc_code = -38013


class SimulatedFundsTooLow(SimulationRefused):
    """The sender can't pay gas and value."""

    rpc_code = -38014


class SimulatedBlockFull(SimulationRefused):
    """The call wants more gas than its block has left."""

    rpc_code = -38015


class BlockNumbersNotInOrder(SimulationRefused):
    """A simulated block's number is not above the one before."""

    rpc_code = -38020


class TimestampsNotInOrder(SimulationRefused):
    """A simulated block's timestamp is not above the one before."""

    rpc_code = -38021


class SimulatedInitCodeTooLarge(SimulationRefused):
    """A creation with more init code than EIP-3860 allows."""

    rpc_code = -38025


class SimulationTooLarge(SimulationRefused):
    """More blocks or calls than one question may simulate."""

    rpc_code = -38026


class SimulatedFeesInvalid(SimulationRefused):
    """The priority fee is above the fee cap."""

    rpc_code = -32602


_BY_CAUSE: Final[tuple[tuple[type[InvalidTransaction], type[SimulationRefused]], ...]] = (
    (NonceTooLow, SimulatedNonceTooLow),
    (NonceTooHigh, SimulatedNonceTooHigh),
    (FeeCapTooLow, SimulatedFeeTooLow),
    (IntrinsicGasTooLow, SimulatedGasTooLow),
    (FloorDataGas, SimulatedGasTooLow),
    (InsufficientFunds, SimulatedFundsTooLow),
    (InitCodeTooLarge, SimulatedInitCodeTooLarge),
    (TipAboveFeeCap, SimulatedFeesInvalid),
)


def refusal(cause: InvalidTransaction, gas_limit: int) -> SimulationRefused:
    """The error that a client sees for a simulated transaction that could not start."""
    kind = next((kind for known, kind in _BY_CAUSE if isinstance(cause, known)), SimulationRefused)
    return kind(f"err: {cause} (supplied gas {gas_limit})")
