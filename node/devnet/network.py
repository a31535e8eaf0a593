"""A new network's files in one directory."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.genesis import l2_genesis
from contracts.genesis_config import WEI_PER_OPEN, GenesisConfig
from contracts.l1_genesis import l1_genesis
from contracts.rollup_json import contract_addresses, rollup_config
from node.devnet.accounts import operator_accounts, user_accounts
from state.execution.port import ChainRules
from state.transition import GenesisSpec, genesis_record

L2_ACCOUNT_OPEN: Final = 10_000
L1_ACCOUNT_OPEN: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFiles:
    """Where a network's files are."""

    directory: Path

    @property
    def l1_genesis(self) -> Path:
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


def create_network(
    directory: Path, *, timestamp: int, l2_chain_id: int, l1_chain_id: int, block_time: int, gas_limit: int
) -> NetworkFiles:
    """The files of a new devnet; rollup.json comes last, so that a half-made one is made again."""
    files = NetworkFiles(directory=directory)
    (directory / "keys").mkdir(parents=True, exist_ok=True)
    config = devnet_genesis_config(
        timestamp=timestamp,
        l2_chain_id=l2_chain_id,
        l1_chain_id=l1_chain_id,
        block_time=block_time,
        gas_limit=gas_limit,
    )
    l1, l2 = l1_genesis(config), l2_genesis(config)
    _write_json(files.l1_genesis, l1)
    _write_json(files.l2_genesis, l2)
    _write_json(files.l1_addresses, contract_addresses(config))
    for role, account in operator_accounts().items():
        write_key(files.key(role), account.private_key)
    rollup = rollup_config(
        config,
        l1_hash=_genesis_hash(l1, l1_chain_id, is_optimism=False),
        l1_number=0,
        l2_hash=_genesis_hash(l2, l2_chain_id, is_optimism=True),
    )
    _write_json(files.rollup, rollup)
    return files


def devnet_genesis_config(
    *, timestamp: int, l2_chain_id: int, l1_chain_id: int, block_time: int, gas_limit: int
) -> GenesisConfig:
    """The devnet's genesis: ten funded accounts on both chains, one operator for every role that has no own key."""
    operators = operator_accounts()
    users = user_accounts()
    everybody = [*users, *operators.values()]
    return GenesisConfig(
        operator=operators["operator"].address,
        batcher=operators["batcher"].address,
        proposer=operators["proposer"].address,
        unsafe_block_signer=operators["unsafe_block_signer"].address,
        timestamp=timestamp,
        accounts=tuple((user.address, L2_ACCOUNT_OPEN * WEI_PER_OPEN) for user in users),
        l1_accounts=tuple((account.address, L1_ACCOUNT_OPEN * WEI_PER_OPEN) for account in everybody),
        l2_chain_id=l2_chain_id,
        l1_chain_id=l1_chain_id,
        block_time=block_time,
        gas_limit=gas_limit,
    )


def _genesis_hash(genesis: Mapping[str, Any], chain_id: int, *, is_optimism: bool) -> bytes:
    rules = ChainRules(chain_id=chain_id, is_optimism=is_optimism)
    return genesis_record(GenesisSpec.from_json(dict(genesis)), rules).hash


def write_key(path: Path, private_key: bytes) -> None:
    """A private key file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("0x" + private_key.hex() + "\n")


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)
