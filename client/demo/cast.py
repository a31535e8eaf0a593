"""Who plays whom."""

from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from client.keys import devnet_account


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The demo's players, all different accounts."""

    owner: LocalAccount
    """Creates the Datanets and owns the models."""
    contributors: tuple[LocalAccount, ...]
    buyers: tuple[LocalAccount, ...]
    worker: LocalAccount
    """Serves the answers, settles, proposes the epoch."""

    def role(self, address: str) -> str:
        """What an address plays, for people."""
        for index, account in enumerate(self.contributors, start=1):
            if account.address == address:
                return f"contributor {index}"
        for index, account in enumerate(self.buyers, start=1):
            if account.address == address:
                return f"buyer {index}"
        named: dict[str, str] = {self.owner.address: "owner", self.worker.address: "worker"}
        return named.get(address, "other")


def devnet_cast() -> Cast:
    """The devnet's ten accounts."""
    accounts = [devnet_account(index) for index in range(10)]
    return Cast(
        owner=accounts[0],
        contributors=tuple(accounts[1:6]),
        buyers=tuple(accounts[6:9]),
        worker=accounts[9],
    )
