"""The files of one network in one directory."""

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.genesis import l2_genesis
from contracts.genesis_config import GenesisConfig
from contracts.rollup_json import contract_addresses, rollup_config
from rollup.codec import output_root
from state.blocks import Header
from state.execution.port import ChainRules
from state.primitives.types import Hash32
from state.transition import GenesisSpec, genesis_record


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFiles:
    """Where a network's files are."""

    directory: Path

    @property
    def l1_genesis(self) -> Path:
        """Of the simulated L1; a network on another L1 has none."""
        return self.directory / "l1-genesis.json"

    @property
    def l2_genesis(self) -> Path:
        return self.directory / "genesis.json"

    @property
    def rollup(self) -> Path:
        return self.directory / "rollup.json"

    @property
    def l1_addresses(self) -> Path:
        return self.directory / "l1-addresses.json"

    def key(self, role: str) -> Path:
        """The private key file of an operator's role."""
        return self.directory / "keys" / f"{role}.key"

    @property
    def complete(self) -> bool:
        """Whether a network was created here."""
        return self.rollup.exists()


def with_anchor_root(config: GenesisConfig) -> GenesisConfig:
    """`config` whose anchor is the output root of the L2 genesis block that it results in."""
    header, block_hash = _genesis_block(l2_genesis(config), config.l2_chain_id, is_optimism=True)
    return dataclasses.replace(config, anchor_root=output_root(header, block_hash))


def l1_genesis_hash(genesis: Mapping[str, Any], chain_id: int) -> Hash32:
    """The hash of the simulated L1's first block."""
    return _genesis_block(genesis, chain_id, is_optimism=False)[1]


def write_network(files: NetworkFiles, config: GenesisConfig, *, l1_hash: Hash32, l1_number: int) -> None:
    """Write genesis.json, l1-addresses.json and, last, rollup.json of a network that begins at an L1 block."""
    genesis = l2_genesis(config)
    write_json(files.l2_genesis, genesis)
    write_json(files.l1_addresses, contract_addresses(config))
    l2_hash = _genesis_block(genesis, config.l2_chain_id, is_optimism=True)[1]
    write_json(files.rollup, rollup_config(config, l1_hash=l1_hash, l1_number=l1_number, l2_hash=l2_hash))


def write_key(path: Path, private_key: bytes) -> None:
    """A private key file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("0x" + private_key.hex() + "\n")


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Replace a JSON file at once: readers see the old or the new one."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def _genesis_block(genesis: Mapping[str, Any], chain_id: int, *, is_optimism: bool) -> tuple[Header, Hash32]:
    rules = ChainRules(chain_id=chain_id, is_optimism=is_optimism)
    record = genesis_record(GenesisSpec.from_json(dict(genesis)), rules)
    return record.header, record.hash
