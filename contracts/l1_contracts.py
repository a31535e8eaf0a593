"""What each L1 contract is created with: constructor arguments and the storage that they leave behind.

The two are written side by side, so that a deployment (`contracts.deploy`) and the simulated L1's genesis
(`contracts.l1_genesis`) cannot drift apart; a test compares them word for word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts import addresses
from contracts.addresses import L1_CONTRACT_NAMES
from contracts.artifacts import artifact
from contracts.genesis_config import GenesisConfig
from contracts.storage import Storage, storage_words

PERMISSIONED_GAME = 1
"""Game type of PermissionedGame, and the respected one."""

INITIAL_DEPOSIT_BASE_FEE = 10**9
"""Wei: price of L2 gas in the portal before the first deposit."""

_REFERENCES = (
    "L1CrossDomainMessenger", "L1StandardBridge", "OptimismPortal", "DisputeGameFactory", "BatchInbox",
)  # fmt: skip
"""Fields of SystemConfig's struct `Addresses`, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class L1Contract:
    """One contract before it lies anywhere."""

    name: str
    arguments: tuple[Any, ...] = ()
    """Constructor arguments, as eth_abi encodes them."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Storage variables that the constructor sets, see `contracts.storage.storage_words`."""

    @property
    def storage(self) -> Storage:
        """Non-zero words after the constructor."""
        return storage_words(artifact(self.name), self.variables)


def l1_contracts(config: GenesisConfig) -> tuple[L1Contract, ...]:
    """All L1 contracts of a network at `config.l1_contracts`, in the order of creation."""
    builders = {
        "SystemConfig": _system_config,
        "AnchorStateRegistry": _registry,
        "PermissionedGame": _game,
        "DisputeGameFactory": _factory,
        "OptimismPortal": _portal,
        "BatchInbox": _inbox,
        "L1CrossDomainMessenger": _messenger,
        "L1StandardBridge": _bridge,
        "Multicall3": _multicall3,
    }
    return tuple(builders[name](config) for name in L1_CONTRACT_NAMES)


def _multicall3(config: GenesisConfig) -> L1Contract:
    return L1Contract(name="Multicall3")


def _system_config(config: GenesisConfig) -> L1Contract:
    references = tuple(config.l1_contracts[name] for name in _REFERENCES)
    return L1Contract(
        name="SystemConfig",
        arguments=(
            config.operator, config.guardian, config.unsafe_block_signer, config.batcher, config.gas_limit,
            (config.base_fee_scalar, config.blob_base_fee_scalar),
            (config.eip1559_denominator, config.eip1559_elasticity),
            config.operator_fee_scalar, config.operator_fee_constant, config.max_resource_limit,
            config.l2_chain_id, config.custom_gas_token, references,
        ),
        variables={
            "owner": config.operator, "guardian": config.guardian,
            "unsafeBlockSigner": config.unsafe_block_signer, "batcherHash": config.batcher,
            "gasLimit": config.gas_limit, "basefeeScalar": config.base_fee_scalar,
            "blobbasefeeScalar": config.blob_base_fee_scalar,
            "eip1559Denominator": config.eip1559_denominator, "eip1559Elasticity": config.eip1559_elasticity,
            "operatorFeeScalar": config.operator_fee_scalar,
            "operatorFeeConstant": config.operator_fee_constant,
            "maxResourceLimit": config.max_resource_limit, "l2ChainId": config.l2_chain_id,
            "isCustomGasToken": config.custom_gas_token,
            **{name[:2].lower() + name[2:] if name.startswith("L1") else name[0].lower() + name[1:]: where
               for name, where in zip(_REFERENCES, references, strict=True)},
        },
    )  # fmt: skip


def _registry(config: GenesisConfig) -> L1Contract:
    system_config, factory = config.l1_contracts["SystemConfig"], config.l1_contracts["DisputeGameFactory"]
    delay = config.dispute_game_finality_delay
    return L1Contract(
        name="AnchorStateRegistry",
        arguments=(system_config, factory, delay, PERMISSIONED_GAME, config.anchor_root, 0),
        variables={
            "systemConfig": system_config,
            "disputeGameFactory": factory,
            "disputeGameFinalityDelaySeconds": delay,
            "respectedGameType": PERMISSIONED_GAME,
            "starting_root": config.anchor_root,
        },
    )


def _game(config: GenesisConfig) -> L1Contract:
    registry = config.l1_contracts["AnchorStateRegistry"]
    return L1Contract(
        name="PermissionedGame",
        arguments=(
            config.proposer, config.challenger, registry, config.max_clock_duration, config.l2_chain_id,
        ),
        variables={
            "proposer": config.proposer, "challenger": config.challenger, "anchorStateRegistry": registry,
            "maxClockDuration": config.max_clock_duration, "l2ChainId": config.l2_chain_id, "createdAt": 1,
        },
    )  # fmt: skip


def _factory(config: GenesisConfig) -> L1Contract:
    game = config.l1_contracts["PermissionedGame"]
    return L1Contract(
        name="DisputeGameFactory",
        arguments=(config.operator, PERMISSIONED_GAME, game, config.init_bond),
        variables={
            "owner": config.operator,
            "gameImpls": {PERMISSIONED_GAME: game},
            "initBonds": {PERMISSIONED_GAME: config.init_bond},
        },
    )


def _portal(config: GenesisConfig) -> L1Contract:
    system_config, registry = config.l1_contracts["SystemConfig"], config.l1_contracts["AnchorStateRegistry"]
    return L1Contract(
        name="OptimismPortal",
        arguments=(system_config, registry, config.proof_maturity_delay),
        variables={
            "systemConfig": system_config,
            "anchorStateRegistry": registry,
            "proofMaturityDelaySeconds": config.proof_maturity_delay,
            "resource_metering.params": (INITIAL_DEPOSIT_BASE_FEE, 0, 0),
        },
    )


def _inbox(config: GenesisConfig) -> L1Contract:
    where = config.l1_contracts["SystemConfig"]
    return L1Contract(name="BatchInbox", arguments=(where,), variables={"systemConfig": where})


def _messenger(config: GenesisConfig) -> L1Contract:
    portal, system_config = config.l1_contracts["OptimismPortal"], config.l1_contracts["SystemConfig"]
    return L1Contract(
        name="L1CrossDomainMessenger",
        arguments=(portal, system_config),
        variables={"portal": portal, "systemConfig": system_config},
    )


def _bridge(config: GenesisConfig) -> L1Contract:
    messenger, system_config = config.l1_contracts["L1CrossDomainMessenger"], config.l1_contracts["SystemConfig"]
    return L1Contract(
        name="L1StandardBridge",
        arguments=(messenger, system_config),
        variables={"bridge.messenger": messenger, "systemConfig": system_config},
    )


def l2_counterparts(config: GenesisConfig) -> dict[str, dict[str, bytes]]:
    """L2 contract → the variables that name its counterpart on L1."""
    return {
        "L2CrossDomainMessenger": {"otherMessenger": config.l1_contracts["L1CrossDomainMessenger"]},
        "L2StandardBridge": {
            "bridge.messenger": addresses.L2_CROSS_DOMAIN_MESSENGER,
            "otherBridge": config.l1_contracts["L1StandardBridge"],
        },
    }
