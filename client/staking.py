"""Staking pools (CONTRACTS.md 06)."""

from enum import IntEnum

from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes

from client.chain import Chain


class StakeKind(IntEnum):
    """What a pool stands for."""

    VALIDATOR = 0
    MODEL = 1
    WORKER = 2


def worker_pool(worker: str) -> bytes:
    """The pool id of a worker or validator: its address, left-padded."""
    return bytes.fromhex(worker[2:]).rjust(32, b"\0")


def model_pool(model_id: int) -> bytes:
    """The pool id of a model."""
    return model_id.to_bytes(32, "big")


class Staking:
    """The Staking predeploy."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._contract = chain.contract("Staking")

    def stake(self, account: LocalAccount, kind: StakeKind, pool: bytes, amount: int) -> HexBytes:
        """Send `amount` wei into a pool."""
        return self._chain.send(account, self._contract.functions.stake(int(kind), pool), value=amount)

    def stake_of(self, kind: StakeKind, pool: bytes, account: str) -> int:
        """Wei that an account's shares of a pool are worth."""
        return int(self._contract.functions.stakeOf(int(kind), pool, account).call())

    def total(self, kind: StakeKind, pool: bytes) -> int:
        """Wei in a pool."""
        return int(self._contract.functions.totalStake(int(kind), pool).call())
