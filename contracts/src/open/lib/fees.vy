# pragma version 0.4.3
"""
@title How an inference fee is split
@license Apache-2.0
@notice Model owner, stakers (half the worker's pool, half the model's) and contributors get their basis points,
    rounded down; the platform gets what remains, rounding dust included. The parts of a fee therefore always sum to
    the fee. Each record's fee is split by itself, so that anybody can recompute a record's parts from the record.
"""

from open.lib import predeploys

interface IParameters:
    def get(key: bytes32) -> uint256: view

struct Rates:
    owner: uint256
    stakers: uint256
    contributors: uint256

struct Parts:
    platform: uint256
    owner: uint256
    worker_stakers: uint256
    model_stakers: uint256
    contributors: uint256

BPS: constant(uint256) = 10_000


@internal
@view
def _parameter(key: bytes32) -> uint256:
    return staticcall IParameters(predeploys.PARAMETERS).get(key)


@internal
@view
def _rates() -> Rates:
    return Rates(
        owner=self._parameter(keccak256("fee.ownerBps")),
        stakers=self._parameter(keccak256("fee.stakersBps")),
        contributors=self._parameter(keccak256("fee.contributorsBps")),
    )


@internal
@pure
def _split(fee: uint256, rates: Rates) -> Parts:
    owner: uint256 = fee * rates.owner // BPS
    half: uint256 = fee * rates.stakers // (2 * BPS)
    contributors: uint256 = fee * rates.contributors // BPS
    return Parts(
        platform=fee - owner - 2 * half - contributors,
        owner=owner,
        worker_stakers=half,
        model_stakers=half,
        contributors=contributors,
    )


@internal
@pure
def _whole(parts: Parts) -> uint256:
    return parts.platform + parts.owner + parts.worker_stakers + parts.model_stakers + parts.contributors
