"""A new devnet's files: its contracts are in the simulated L1's genesis."""

from pathlib import Path
from typing import Final

from contracts.genesis_config import WEI_PER_OPEN, GenesisConfig
from contracts.l1_genesis import l1_genesis
from node.devnet.accounts import operator_accounts, user_accounts
from node.network.files import (
    NetworkFiles,
    l1_genesis_hash,
    with_anchor_root,
    write_json,
    write_key,
    write_network,
)

__all__ = ["NetworkFiles", "create_network", "devnet_genesis_config"]

L2_ACCOUNT_OPEN: Final = 10_000
L1_ACCOUNT_OPEN: Final = 10_000
NOBODY: Final = bytes(20)
"""Has coin on L1, as on Ethereum: viem's buildInitiateWithdrawal estimates a call with value from this address."""


def create_network(
    directory: Path, *, timestamp: int, l2_chain_id: int, l1_chain_id: int, block_time: int, gas_limit: int
) -> NetworkFiles:
    """The files of a new devnet; rollup.json comes last, so that a half-made one is made again."""
    files = NetworkFiles(directory=directory)
    directory.mkdir(parents=True, exist_ok=True)
    config = with_anchor_root(
        devnet_genesis_config(
            timestamp=timestamp,
            l2_chain_id=l2_chain_id,
            l1_chain_id=l1_chain_id,
            block_time=block_time,
            gas_limit=gas_limit,
        )
    )
    l1 = l1_genesis(config)
    write_json(files.l1_genesis, l1)
    for role, account in operator_accounts().items():
        write_key(files.key(role), account.private_key)
    write_network(files, config, l1_hash=l1_genesis_hash(l1, l1_chain_id), l1_number=0)
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
        l1_accounts=tuple(
            (who, L1_ACCOUNT_OPEN * WEI_PER_OPEN) for who in (*(account.address for account in everybody), NOBODY)
        ),
        l2_chain_id=l2_chain_id,
        l1_chain_id=l1_chain_id,
        block_time=block_time,
        gas_limit=gas_limit,
    )
