"""A network of its own on a simulated L1, with operators' keys that nobody else knows.

What `openledger devnet` makes in one process, for processes that are started one by one, as in Docker Compose: the same
files, but operators' keys are random and may be encrypted.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eth_account import Account

from contracts.genesis_config import WEI_PER_OPEN, GenesisConfig
from contracts.l1_genesis import l1_genesis
from node.devnet.network import NOBODY
from node.errors import StartupError
from node.files import load_key
from node.keystores import LIGHT_ROUNDS, STANDARD_ROUNDS, encrypt, read_password, write_secret
from node.network.files import NetworkFiles, l1_genesis_hash, with_anchor_root, write_json, write_network
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address

ROLES: Final = ("operator", "batcher", "proposer", "unsafe_block_signer")
L1_OPERATOR_OPEN: Final = 10_000
PASSWORD_BYTES: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedNetwork:
    """What the command's flags say."""

    directory: Path
    keys: Path
    password_file: Path | None
    """Of the operators' keystores; made with a random password where missing. None: keys are hexadecimal."""
    l2_chain_id: int
    l1_chain_id: int
    block_time: int
    gas_limit: int
    accounts: tuple[tuple[bytes, int], ...]
    """Who has OPEN on L2 and on the simulated L1, and how much in wei."""

    @property
    def files(self) -> NetworkFiles:
        return NetworkFiles(directory=self.directory)

    def key(self, role: str) -> Path:
        """The file with an operator's private key."""
        return self.keys / f"{role}.{'key' if self.password_file is None else 'json'}"


def create_simulated_network(network: SimulatedNetwork) -> NetworkFiles:
    """Write the keys that are missing, then the files, rollup.json last: what was cut off is made again.

    Raises StartupError where a file can't be written.
    """
    files = network.files
    try:
        files.directory.mkdir(parents=True, exist_ok=True)
        config = with_anchor_root(_genesis_config(network, _operators(network)))
        l1 = l1_genesis(config)
        write_json(files.l1_genesis, l1)
        write_network(files, config, l1_hash=l1_genesis_hash(l1, network.l1_chain_id), l1_number=0)
    except OSError as error:
        raise StartupError(f"network in {files.directory} can't be written: {error}") from error
    return files


def _operators(network: SimulatedNetwork) -> dict[str, Address]:
    """Role -> address; keys that are there from an earlier try are kept."""
    rounds = LIGHT_ROUNDS if network.password_file and _make_password(network.password_file) else STANDARD_ROUNDS
    password = None if network.password_file is None else read_password(network.password_file)
    addresses = {}
    for role in ROLES:
        path = network.key(role)
        if path.exists():
            key = load_key(path, network.password_file)
        else:
            key = bytes(Account.create().key)
            write_secret(path, f"0x{key.hex()}\n" if password is None else encrypt(key, password, rounds=rounds))
        addresses[role] = private_key_to_address(key)
    return addresses


def _make_password(path: Path) -> bool:
    """Whether a random password was written; False where somebody's is there."""
    if path.exists():
        return False
    write_secret(path, secrets.token_urlsafe(PASSWORD_BYTES) + "\n")
    return True


def _genesis_config(network: SimulatedNetwork, operators: Mapping[str, Address]) -> GenesisConfig:
    funded = tuple((address, L1_OPERATOR_OPEN * WEI_PER_OPEN) for address in operators.values())
    return GenesisConfig(
        timestamp=int(time.time()),
        accounts=network.accounts,
        l1_accounts=(*network.accounts, *funded, (NOBODY, L1_OPERATOR_OPEN * WEI_PER_OPEN)),
        l2_chain_id=network.l2_chain_id,
        l1_chain_id=network.l1_chain_id,
        block_time=network.block_time,
        gas_limit=network.gas_limit,
        operator=operators["operator"],
        batcher=operators["batcher"],
        proposer=operators["proposer"],
        unsafe_block_signer=operators["unsafe_block_signer"],
    )
