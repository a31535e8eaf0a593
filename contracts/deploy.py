"""The plan of `openledger deploy-l1`: which creations, in which order, leave which contract at which address.

Contracts name each other in their constructors, so their addresses are predicted from the deployer's nonce; the
plan is good only if the deployer sends nothing else in between.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import rlp
from eth_abi.abi import encode
from eth_hash.auto import keccak

from contracts.addresses import L1_CONTRACT_NAMES
from contracts.artifacts import Artifact, artifact
from contracts.genesis_config import GenesisConfig
from contracts.l1_contracts import l1_contracts
from contracts.signatures import canonical_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """One contract-creating transaction."""

    name: str
    nonce: int
    """Of the deployer."""
    address: bytes
    """Where the contract will lie."""
    data: bytes
    """Initcode with constructor arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPlan:
    """Everything that a deployment sends, and the configuration that it results in."""

    creations: tuple[Creation, ...]
    config: GenesisConfig
    """The given one, with `l1_contracts` as deployed: L2's genesis is made from it."""

    @property
    def addresses(self) -> Mapping[str, bytes]:
        """Contract name → address."""
        return self.config.l1_contracts


def deployment_plan(config: GenesisConfig, *, deployer: bytes, first_nonce: int) -> DeploymentPlan:
    """The creations that put `config`'s L1 contracts on any L1, sent by `deployer` from nonce `first_nonce`."""
    addresses = {name: created_address(deployer, first_nonce + i) for i, name in enumerate(L1_CONTRACT_NAMES)}
    resolved = dataclasses.replace(config, l1_contracts=addresses)
    creations = tuple(
        Creation(
            name=contract.name,
            nonce=first_nonce + i,
            address=addresses[contract.name],
            data=artifact(contract.name).creation + encode_arguments(artifact(contract.name), contract.arguments),
        )
        for i, contract in enumerate(l1_contracts(resolved))
    )
    return DeploymentPlan(creations=creations, config=resolved)


def created_address(sender: bytes, nonce: int) -> bytes:
    """Where the creation that `sender` sends with `nonce` puts its contract."""
    return bytes(keccak(rlp.encode([sender, nonce]))[12:])


def encode_arguments(built: Artifact, arguments: tuple[object, ...]) -> bytes:
    """ABI encoding of constructor arguments; an assembled contract's are plain words."""
    constructors = [entry for entry in built.abi if entry["type"] == "constructor"]
    if not constructors:
        return b"".join(_word(argument) for argument in arguments)
    inputs = constructors[0]["inputs"]
    types = [canonical_signature({"name": "", "inputs": [parameter]})[1:-1] for parameter in inputs]
    return encode(types, arguments)


def _word(argument: object) -> bytes:
    if not isinstance(argument, bytes):
        raise TypeError(f"{type(argument).__name__} is not a word")
    return argument.rjust(32, b"\0")
