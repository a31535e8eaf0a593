"""Datanets: create, contribute, accept, publish (CONTRACTS.md 07)."""

from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes
from web3.types import TxReceipt

from client.chain import Chain, event_arguments
from contracts.datanets import contribution_commitment


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """What may be done with a Datanet's rows."""

    commercial: bool = True
    derivatives: bool = True
    attribution: bool = True
    revenue_share_bps: int = 500
    """The Datanet owner's part of what its contributions earn."""
    expiry: int = 0
    """UNIX seconds; 0 never."""

    def as_tuple(self) -> tuple[bool, bool, bool, int, int]:
        return (self.commercial, self.derivatives, self.attribution, self.revenue_share_bps, self.expiry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a contribution must bring and pass. Amounts in wei, windows in seconds."""

    bond: int = 0
    review_fee: int = 0
    min_score: int = 0
    min_validators: int = 0
    commit_window: int = 60
    reveal_window: int = 60

    def as_tuple(self) -> tuple[int, int, int, int, int, int]:
        windows = (self.commit_window, self.reveal_window)
        return (self.bond, self.review_fee, self.min_score, self.min_validators, *windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """A contribution as the chain has it."""

    id: int
    datanet_id: int
    contributor: str
    rows: int
    content_root: bytes
    status: int


class Datanets:
    """The Datanets predeploy."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._contract = chain.contract("Datanets")

    def create(
        self,
        owner: LocalAccount,
        name: str,
        metadata_uri: str,
        schema_hash: bytes,
        terms: License,
        policy: Policy,
    ) -> int:
        """The new Datanet's id."""
        return self.created(self._chain.wait(self.send_create(owner, name, metadata_uri, schema_hash, terms, policy)))

    def send_create(
        self, owner: LocalAccount, name: str, metadata_uri: str, schema_hash: bytes, terms: License, policy: Policy
    ) -> HexBytes:
        """Send the creation; `created` reads the id from its receipt."""
        call = self._contract.functions.create(name, metadata_uri, schema_hash, terms.as_tuple(), policy.as_tuple())
        return self._chain.send(owner, call)

    def created(self, receipt: TxReceipt) -> int:
        """The Datanet's id in the receipt of its creation."""
        return int(event_arguments(self._contract, "DatanetCreated", receipt)["datanetId"])

    def commit(self, contributor: LocalAccount, datanet_id: int, root: bytes, salt: bytes) -> HexBytes:
        """Send the commitment to a content root; `contribute` follows a block or more later."""
        commitment = contribution_commitment(contributor.address, datanet_id, root, salt)
        return self._chain.send(contributor, self._contract.functions.commitContribution(commitment))

    def contribute(
        self, contributor: LocalAccount, datanet_id: int, root: bytes, rows: int, uri: str, salt: bytes, value: int
    ) -> HexBytes:
        """Send the contribution that was committed to, with bond and review fee as `value`."""
        call = self._contract.functions.contribute(datanet_id, root, rows, uri, salt)
        return self._chain.send(contributor, call, value=value)

    def contribution_of(self, receipt: TxReceipt) -> int:
        """The contribution's id in the receipt of `contribute`."""
        return int(event_arguments(self._contract, "Contributed", receipt)["contributionId"])

    def finalize(self, owner: LocalAccount, contribution_id: int) -> HexBytes:
        """Send the acceptance of a contribution."""
        return self._chain.send(owner, self._contract.functions.finalize(contribution_id))

    def publish_version(self, owner: LocalAccount, datanet_id: int) -> int:
        """The number of the version that was published."""
        return self.published(self._chain.wait(self.send_publish(owner, datanet_id)))

    def send_publish(self, owner: LocalAccount, datanet_id: int) -> HexBytes:
        """Send the publication; `published` reads the number from its receipt."""
        return self._chain.send(owner, self._contract.functions.publishVersion(datanet_id))

    def published(self, receipt: TxReceipt) -> int:
        """The version's number in the receipt of its publication."""
        return int(event_arguments(self._contract, "VersionPublished", receipt)["version"])

    def contribution(self, contribution_id: int) -> Contribution:
        """What the chain knows of a contribution."""
        found = self._contract.functions.contribution(contribution_id).call()
        contributor, status, rows, _, datanet_id, root, _ = found
        return Contribution(
            id=contribution_id,
            datanet_id=datanet_id,
            contributor=contributor,
            rows=rows,
            content_root=bytes(root),
            status=status,
        )

    def owner_and_share(self, datanet_id: int) -> tuple[str, int]:
        """(owner, revenueShareBps) of a Datanet."""
        found = self._contract.functions.datanet(datanet_id).call()
        return str(found[0]), int(found[6][3])

    def price_of_contributing(self, datanet_id: int) -> int:
        """Wei that a contribution brings along: bond and review fee."""
        policy = self._contract.functions.datanet(datanet_id).call()[7]
        return int(policy[0]) + int(policy[1])

    def versions(self, datanet_id: int) -> int:
        """How many versions are published; the newest has this number."""
        return int(self._contract.functions.datanet(datanet_id).call()[1])
