"""What genesis writes into the OPEN predeploys: tranches, parameters, and the coins that Vesting holds.

    open_storage(config) -> dict[contract name, dict[slot, value]]
    open_balances(config) -> dict[contract name, wei]
    parameter_key(name) -> bytes                 the key that Parameters.get takes: keccak256 of the name
    PARAMETERS                                   every parameter with devnet and production value and bounds
    production_parameters(epoch_proposer=...) -> dict[name, value] for GenesisConfig.parameters

A tranche's genesis part is in its beneficiary's hands from the start (community's less what named accounts get), so it
counts as released; Vesting holds all the rest. With `UPFRONT` of contracts.genesis_config the sum is exactly
1,000,000,000 OPEN. Slots come from the compiler's layout, so a moved variable cannot go unnoticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sha3 import keccak_256

from contracts.artifacts import artifact
from contracts.errors import GenesisInconsistent
from contracts.genesis_config import TOTAL_SUPPLY, TRANCHES, UPFRONT, WEI_PER_OPEN, GenesisConfig
from contracts.storage import Storage, storage_words

MONTH: Final = 30 * 86_400
"""Seconds of a vesting month."""
MAX_PARAMETERS: Final = 64

_DAY = 86_400
_ANY = 2**160 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """One line of the genesis allocation (CONTRACTS.md, Vesting)."""

    name: str
    total: int
    """Wei."""
    cliff: int
    """Seconds without accrual."""
    duration: int
    """Seconds of linear accrual after the cliff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number that governance may turn. Basis points, wei or seconds, as the name's first word tells."""

    name: str
    devnet: int
    production: int
    low: int
    high: int


ALLOCATION: Final = (
    Tranche(name="community", total=517_100_000 * WEI_PER_OPEN, cliff=0, duration=48 * MONTH),
    Tranche(name="investors", total=182_900_000 * WEI_PER_OPEN, cliff=12 * MONTH, duration=36 * MONTH),
    Tranche(name="team", total=150_000_000 * WEI_PER_OPEN, cliff=12 * MONTH, duration=36 * MONTH),
    Tranche(name="ecosystem", total=100_000_000 * WEI_PER_OPEN, cliff=0, duration=48 * MONTH),
    Tranche(name="liquidity", total=50_000_000 * WEI_PER_OPEN, cliff=0, duration=0),
)

PARAMETERS: Final = (
    # What the platform gets is the rest of a fee: 10 % at genesis.
    Parameter(name="fee.ownerBps", devnet=2_000, production=2_000, low=0, high=4_000),
    Parameter(name="fee.stakersBps", devnet=2_000, production=2_000, low=0, high=4_000),
    Parameter(name="fee.contributorsBps", devnet=5_000, production=5_000, low=2_500, high=10_000),
    Parameter(name="stake.least", devnet=10**16, production=WEI_PER_OPEN, low=10**15, high=1_000_000 * WEI_PER_OPEN),
    # What must lie in a worker's pool before it can settle or fulfil.
    Parameter(
        name="stake.workerMin",
        devnet=100 * WEI_PER_OPEN,
        production=10_000 * WEI_PER_OPEN,
        low=0,
        high=10_000_000 * WEI_PER_OPEN,
    ),
    Parameter(name="datanet.creationFee", devnet=0, production=0, low=0, high=100_000 * WEI_PER_OPEN),
    Parameter(
        name="epoch.bond", devnet=WEI_PER_OPEN, production=10_000 * WEI_PER_OPEN, low=0, high=1_000_000 * WEI_PER_OPEN
    ),
    # The only account that may propose epochs, as a number; zero: anybody.
    Parameter(name="epoch.proposer", devnet=0, production=0, low=0, high=_ANY),
    Parameter(name="window.unstake", devnet=30, production=14 * _DAY, low=0, high=90 * _DAY),
    Parameter(name="window.withdrawalNotice", devnet=30, production=_DAY, low=0, high=30 * _DAY),
    Parameter(name="window.dispute", devnet=5, production=_DAY, low=0, high=30 * _DAY),
    Parameter(name="window.challenge", devnet=5, production=3 * _DAY, low=0, high=30 * _DAY),
    Parameter(name="window.retirement", devnet=60, production=7 * _DAY, low=0, high=90 * _DAY),
)


def parameter_key(name: str) -> bytes:
    """keccak256 of a parameter's name."""
    return _keccak(name)


def tranche_id(name: str) -> bytes:
    """keccak256 of a tranche's name."""
    return _keccak(name)


def production_parameters(*, epoch_proposer: bytes) -> dict[str, int]:
    """Name → production value of every parameter.

    As long as epochs cannot be challenged on chain, one accountable address proposes them; zero lets anybody.
    """
    values = {parameter.name: parameter.production for parameter in PARAMETERS}
    return values | {"epoch.proposer": int.from_bytes(epoch_proposer, "big")}


def genesis_parameters(config: GenesisConfig) -> dict[str, int]:
    """Name → genesis value; GenesisInconsistent for an unknown name or a value outside its bounds."""
    values = {parameter.name: parameter.devnet for parameter in PARAMETERS}
    if unknown := sorted(set(config.parameters) - set(values)):
        raise GenesisInconsistent(f"no such parameter: {', '.join(unknown)}")
    values |= config.parameters
    for parameter in PARAMETERS:
        if not parameter.low <= values[parameter.name] <= parameter.high:
            raise GenesisInconsistent(
                f"{parameter.name}: got {values[parameter.name]}, expected {parameter.low} to {parameter.high}"
            )
    split = sum(values[name] for name in ("fee.ownerBps", "fee.stakersBps", "fee.contributorsBps"))
    if split > 10_000:
        raise GenesisInconsistent(f"fee shares: got {split} basis points in all, expected up to 10000")
    return values


def open_storage(config: GenesisConfig) -> dict[str, Storage]:
    """Contract name → its non-zero storage at genesis; contracts that start empty are left out."""
    return {"Vesting": _vesting(config), "Parameters": _parameters(config)}


def open_balances(config: GenesisConfig) -> dict[str, int]:
    """Contract name → wei at genesis: what the tranches have not given out yet."""
    if sum(tranche.total for tranche in ALLOCATION) != TOTAL_SUPPLY:
        raise GenesisInconsistent("the tranches do not sum to the total supply")
    return {"Vesting": TOTAL_SUPPLY - sum(UPFRONT.values())}


def _vesting(config: GenesisConfig) -> Storage:
    if tuple(tranche.name for tranche in ALLOCATION) != TRANCHES:
        raise GenesisInconsistent("the tranches are not those of the genesis configuration")
    rows = {
        tranche_id(tranche.name): (
            config.beneficiaries[tranche.name],
            tranche.total,
            UPFRONT.get(tranche.name, 0),
            config.timestamp,
            tranche.cliff,
            tranche.duration,
            UPFRONT.get(tranche.name, 0),
        )
        for tranche in ALLOCATION
    }
    return storage_words(artifact("Vesting"), {"_tranches": rows})


def _parameters(config: GenesisConfig) -> Storage:
    values = genesis_parameters(config)
    if len(PARAMETERS) > MAX_PARAMETERS:
        raise GenesisInconsistent(f"{len(PARAMETERS)} parameters, the contract lists up to {MAX_PARAMETERS}")
    keys = {parameter.name: parameter_key(parameter.name) for parameter in PARAMETERS}
    return storage_words(
        artifact("Parameters"),
        {
            "_timelock": config.timelock,
            "_keys": tuple(keys.values()),
            "_known": dict.fromkeys(keys.values(), True),
            "_values": {key: values[name] for name, key in keys.items()},
            "_bounds": {keys[parameter.name]: (parameter.low, parameter.high) for parameter in PARAMETERS},
        },
    )


def _keccak(text: str) -> bytes:
    digest: bytes = keccak_256(text.encode()).digest()
    return digest
