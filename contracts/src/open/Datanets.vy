# pragma version 0.4.3
"""
@title Datanets: data with an owner, a licence and a history
@license Apache-2.0
@notice A contributor commits to a content root, contributes it a block or more later with bond and review fee, and the
    Datanet's owner accepts it with `finalize` (validators' scores take that place in a later release). Accepted
    contributions are leaves of the Datanet's sparse Merkle tree (lib/sparse_tree.vy), whose root a version snapshots.
    A contribution that nobody accepted within its commit and reveal windows expires, and its bond goes back.
"""

from open.lib import credits
from open.lib import predeploys
from open.lib import sparse_tree

initializes: credits
initializes: sparse_tree
exports: (credits.owed, credits.withdrawOwed)

# error NothingOwed()
# error TransferFailed(address account)
# error NotAvailable()
# error UnknownDatanet(uint256 datanetId)
# error UnknownContribution(uint256 contributionId)
# error UnknownVersion(uint256 datanetId, uint32 version)
# error WrongLicense()
# error WrongPolicy()
# error WrongValue(uint256 got, uint256 expected)
# error EmptyName()
# error AlreadyCommitted(bytes32 commitment)
# error NotCommitted(bytes32 commitment)
# error CommittedTooLate(uint64 committedAt)
# error DuplicateContent(uint256 datanetId, bytes32 contentRoot)
# error NoRows()
# error NotOwner(address caller, address owner)
# error NotContributor(address caller, address contributor)
# error WrongStatus(uint256 contributionId, uint8 status)
# error StillOpen(uint64 until)
# error WrongProof(uint256 contributionId)
# error LimitReached(uint256 limit)

interface IParameters:
    def get(key: bytes32) -> uint256: view

interface ITreasury:
    def deposit(): payable

struct License:
    commercial: bool
    derivatives: bool
    attribution: bool
    revenueShareBps: uint16
    expiry: uint64

struct Policy:
    bond: uint256
    reviewFee: uint256
    minScore: uint16
    minValidators: uint8
    commitWindow: uint64
    revealWindow: uint64

struct Datanet:
    owner: address
    versions: uint32
    accepted: uint32
    name: String[64]
    metadataURI: String[512]
    schemaHash: bytes32
    license: License
    policy: Policy

struct Contribution:
    contributor: address
    status: uint8
    rows: uint32
    createdAt: uint64
    datanetId: uint256
    contentRoot: bytes32
    committedIn: uint64

struct Version:
    root: bytes32
    publishedAt: uint64
    blockNumber: uint64
    contributions: uint32

struct Reputation:
    accepted: uint32
    rejected: uint32
    influence: uint256

event DatanetCreated:
    datanetId: indexed(uint256)
    owner: indexed(address)
    name: String[64]
    metadataURI: String[512]

event Committed:
    contributor: indexed(address)
    commitment: indexed(bytes32)

event Contributed:
    contributionId: indexed(uint256)
    datanetId: indexed(uint256)
    contributor: indexed(address)
    contentRoot: bytes32
    rows: uint32
    uri: String[512]

event ScoreCommitted:
    contributionId: indexed(uint256)
    validator: indexed(address)
    commitment: bytes32

event ScoreRevealed:
    contributionId: indexed(uint256)
    validator: indexed(address)
    score: uint16

event ContributionFinalized:
    contributionId: indexed(uint256)
    datanetId: indexed(uint256)
    status: uint8
    score: uint16

event VersionPublished:
    datanetId: indexed(uint256)
    version: indexed(uint32)
    root: bytes32

event ContributionWithdrawn:
    contributionId: indexed(uint256)
    datanetId: indexed(uint256)

PENDING: constant(uint8) = 1
ACCEPTED: constant(uint8) = 2
REJECTED: constant(uint8) = 3
EXPIRED: constant(uint8) = 4
WITHDRAWN: constant(uint8) = 5

_MAX_IDS: constant(uint256) = 2**32 - 1
_MAX_VALIDATORS: constant(uint8) = 31
_MAX_WINDOW: constant(uint64) = 90 * 86400

_datanets: HashMap[uint256, Datanet]
_datanet_count: uint256
_contributions: HashMap[uint256, Contribution]
_contribution_count: uint256
_uris: HashMap[uint256, String[512]]
_commitments: HashMap[bytes32, uint64]  # commitment -> block number
_taken: HashMap[uint256, HashMap[bytes32, uint256]]  # datanet -> content root -> contribution
_versions: HashMap[uint256, HashMap[uint32, Version]]
_reputation: HashMap[address, Reputation]


@external
@payable
@nonreentrant
def create(
    name: String[64], metadataURI: String[512], schemaHash: bytes32, license: License, policy: Policy
) -> uint256:
    """
    @notice Found a Datanet, owned by the caller, for exactly the parameter `datanet.creationFee`; returns its id.
    @param schemaHash keccak256 of the JSON schema that rows follow.
    @param license What a model may do with the data; fixed for ever. expiry 0 means never.
    @param policy Bond and review fee in wei, score limits, windows in seconds.
    """
    if len(name) == 0:
        raw_revert(method_id("EmptyName()"))
    if license.revenueShareBps > 10_000 or (license.expiry != 0 and convert(license.expiry, uint256) <= block.timestamp):
        raw_revert(method_id("WrongLicense()"))
    if (
        policy.minScore > 10_000 or policy.minValidators > _MAX_VALIDATORS or policy.commitWindow > _MAX_WINDOW
        or policy.revealWindow > _MAX_WINDOW
    ):
        raw_revert(method_id("WrongPolicy()"))
    fee: uint256 = staticcall IParameters(predeploys.PARAMETERS).get(keccak256("datanet.creationFee"))
    self._require_value(msg.value, fee)
    datanet_id: uint256 = self._datanet_count + 1
    if datanet_id > _MAX_IDS:
        raw_revert(abi_encode(_MAX_IDS, method_id=method_id("LimitReached(uint256)")))
    self._datanet_count = datanet_id
    self._datanets[datanet_id] = Datanet(
        owner=msg.sender, versions=0, accepted=0, name=name, metadataURI=metadataURI, schemaHash=schemaHash,
        license=license, policy=policy,
    )
    log DatanetCreated(datanetId=datanet_id, owner=msg.sender, name=name, metadataURI=metadataURI)
    if msg.value > 0:
        extcall ITreasury(predeploys.TREASURY).deposit(value=msg.value)
    return datanet_id


@external
def commitContribution(commitment: bytes32):
    """
    @notice Claim a content root without showing it.
    @param commitment keccak256(abi.encode(sender, datanetId, contentRoot, salt)).
    """
    if self._commitments[commitment] != 0:
        raw_revert(abi_encode(commitment, method_id=method_id("AlreadyCommitted(bytes32)")))
    self._commitments[commitment] = convert(block.number, uint64)
    log Committed(contributor=msg.sender, commitment=commitment)


@external
@payable
@nonreentrant
def contribute(datanetId: uint256, contentRoot: bytes32, rows: uint32, uri: String[512], salt: bytes32) -> uint256:
    """
    @notice Add rows that were committed in an earlier block, with the policy's bond and review fee attached; returns
        the contribution id. The earliest commitment owns a root: it displaces a later one that is still pending.
    @param contentRoot Merkle root of the rows; a root that the Datanet already has is refused.
    """
    policy: Policy = self._require_datanet(datanetId)
    if rows == 0:
        raw_revert(method_id("NoRows()"))
    commitment: bytes32 = keccak256(abi_encode(msg.sender, datanetId, contentRoot, salt))
    # Whoever sent the commitment in, whose it is lies in its preimage: a copied one helps its owner only.
    committed_in: uint64 = self._commitments[commitment]
    if committed_in == 0:
        raw_revert(abi_encode(commitment, method_id=method_id("NotCommitted(bytes32)")))
    if convert(committed_in, uint256) >= block.number:
        raw_revert(abi_encode(committed_in, method_id=method_id("CommittedTooLate(uint64)")))
    self._require_value(msg.value, policy.bond + policy.reviewFee)
    self._displace(datanetId, contentRoot, committed_in)
    contribution_id: uint256 = self._contribution_count + 1
    if contribution_id > _MAX_IDS:
        raw_revert(abi_encode(_MAX_IDS, method_id=method_id("LimitReached(uint256)")))
    self._contribution_count = contribution_id
    self._taken[datanetId][contentRoot] = contribution_id
    self._contributions[contribution_id] = Contribution(
        contributor=msg.sender, status=PENDING, rows=rows, createdAt=convert(block.timestamp, uint64),
        datanetId=datanetId, contentRoot=contentRoot, committedIn=committed_in,
    )
    self._uris[contribution_id] = uri
    log Contributed(
        contributionId=contribution_id, datanetId=datanetId, contributor=msg.sender, contentRoot=contentRoot,
        rows=rows, uri=uri,
    )
    return contribution_id


@external
def commitScore(contributionId: uint256, commitment: bytes32):
    raw_revert(method_id("NotAvailable()"))


@external
def revealScore(contributionId: uint256, score: uint16, salt: bytes32):
    raw_revert(method_id("NotAvailable()"))


@external
@nonreentrant
def finalize(contributionId: uint256):
    """
    @notice Accept a pending contribution, by the Datanet's owner; or let it expire, by anybody else, once the policy's
        windows are over. Either way the contributor is credited with bond and review fee: no validator reviewed.
    """
    item: Contribution = self._require_status(contributionId, PENDING)
    owner: address = self._datanets[item.datanetId].owner
    policy: Policy = self._datanets[item.datanetId].policy
    status: uint8 = ACCEPTED
    if msg.sender == owner:
        self._reputation[item.contributor].accepted += 1
        self._datanets[item.datanetId].accepted += 1
        leaf: bytes32 = self._leaf(item)
        sparse_tree._insert(item.datanetId, contributionId, leaf)
    else:
        until: uint64 = item.createdAt + policy.commitWindow + policy.revealWindow
        if block.timestamp < convert(until, uint256):
            raw_revert(abi_encode(until, method_id=method_id("StillOpen(uint64)")))
        status = EXPIRED
        self._taken[item.datanetId][item.contentRoot] = 0
    self._contributions[contributionId].status = status
    credits._credit(item.contributor, policy.bond + policy.reviewFee)
    log ContributionFinalized(contributionId=contributionId, datanetId=item.datanetId, status=status, score=0)


@external
@nonreentrant
def withdrawContribution(contributionId: uint256, proof: bytes32[32]):
    """
    @notice Take an accepted contribution out of every later version, by its contributor.
    @param proof Siblings of its leaf in the present tree, from the leaf upwards.
    """
    item: Contribution = self._require_status(contributionId, ACCEPTED)
    if msg.sender != item.contributor:
        raw_revert(abi_encode(msg.sender, item.contributor, method_id=method_id("NotContributor(address,address)")))
    self._contributions[contributionId].status = WITHDRAWN
    self._datanets[item.datanetId].accepted -= 1
    if not sparse_tree._clear(item.datanetId, contributionId, self._leaf(item), proof):
        raw_revert(abi_encode(contributionId, method_id=method_id("WrongProof(uint256)")))
    log ContributionWithdrawn(contributionId=contributionId, datanetId=item.datanetId)


@external
@nonreentrant
def publishVersion(datanetId: uint256) -> uint32:
    """
    @notice Snapshot the root of the accepted contributions, by the Datanet's owner; returns the version, from 1.
    """
    _: Policy = self._require_datanet(datanetId)
    owner: address = self._datanets[datanetId].owner
    if msg.sender != owner:
        raw_revert(abi_encode(msg.sender, owner, method_id=method_id("NotOwner(address,address)")))
    number: uint32 = self._datanets[datanetId].versions + 1
    root: bytes32 = sparse_tree._root(datanetId)
    self._datanets[datanetId].versions = number
    self._versions[datanetId][number] = Version(
        root=root, publishedAt=convert(block.timestamp, uint64), blockNumber=convert(block.number, uint64),
        contributions=self._datanets[datanetId].accepted,
    )
    log VersionPublished(datanetId=datanetId, version=number, root=root)
    return number


@external
@view
def datanet(datanetId: uint256) -> Datanet:
    """
    @notice Everything about a Datanet; the owner is zero for an id not handed out yet.
    """
    return self._datanets[datanetId]


@external
@view
def contribution(contributionId: uint256) -> Contribution:
    """
    @notice Everything about a contribution; status 0 unknown, 1 pending, 2 accepted, 3 rejected, 4 expired, 5 withdrawn.
    """
    return self._contributions[contributionId]


@external
@view
def contributionURI(contributionId: uint256) -> String[512]:
    """
    @notice Where the contribution's rows can be fetched.
    """
    return self._uris[contributionId]


@external
@view
def version(datanetId: uint256, number: uint32) -> Version:
    """
    @notice Root, time, block and contribution count of a published version.
    """
    found: Version = self._versions[datanetId][number]
    if found.publishedAt == 0:
        raw_revert(abi_encode(datanetId, number, method_id=method_id("UnknownVersion(uint256,uint32)")))
    return found


@external
@view
def license(datanetId: uint256) -> License:
    """
    @notice The Datanet's licence.
    """
    _: Policy = self._require_datanet(datanetId)
    return self._datanets[datanetId].license


@external
@view
def root(datanetId: uint256) -> bytes32:
    """
    @notice The root that `publishVersion` would snapshot now.
    """
    return sparse_tree._root(datanetId)


@external
@view
def reputation(account: address) -> (uint32, uint32, uint256):
    """
    @notice Contributions accepted and rejected, and influence, of an account.
    """
    found: Reputation = self._reputation[account]
    return found.accepted, found.rejected, found.influence


@external
@view
def datanetCount() -> uint256:
    """
    @notice How many Datanets exist; ids run from 1 to it.
    """
    return self._datanet_count


@external
@view
def contributionCount() -> uint256:
    """
    @notice How many contributions exist; ids run from 1 to it.
    """
    return self._contribution_count


@internal
@view
def _require_datanet(datanet_id: uint256) -> Policy:
    if self._datanets[datanet_id].owner == empty(address):
        raw_revert(abi_encode(datanet_id, method_id=method_id("UnknownDatanet(uint256)")))
    return self._datanets[datanet_id].policy


@internal
@view
def _require_status(contribution_id: uint256, status: uint8) -> Contribution:
    item: Contribution = self._contributions[contribution_id]
    if item.contributor == empty(address):
        raw_revert(abi_encode(contribution_id, method_id=method_id("UnknownContribution(uint256)")))
    if item.status != status:
        raw_revert(abi_encode(contribution_id, item.status, method_id=method_id("WrongStatus(uint256,uint8)")))
    return item


@internal
@pure
def _leaf(item: Contribution) -> bytes32:
    return keccak256(concat(item.contentRoot, convert(item.rows, bytes4)))


@internal
def _displace(datanet_id: uint256, content_root: bytes32, committed_in: uint64):
    # Clears the way for a contribution of this root, or reverts because the root is rightly somebody's.
    known: uint256 = self._taken[datanet_id][content_root]
    if known == 0:
        return
    item: Contribution = self._contributions[known]
    if item.status != PENDING or item.committedIn <= committed_in:
        raw_revert(abi_encode(datanet_id, content_root, method_id=method_id("DuplicateContent(uint256,bytes32)")))
    policy: Policy = self._datanets[datanet_id].policy
    self._contributions[known].status = REJECTED
    self._reputation[item.contributor].rejected += 1
    credits._credit(item.contributor, policy.bond + policy.reviewFee)
    log ContributionFinalized(contributionId=known, datanetId=datanet_id, status=REJECTED, score=0)


@internal
@pure
def _require_value(got: uint256, expected: uint256):
    if got != expected:
        raw_revert(abi_encode(got, expected, method_id=method_id("WrongValue(uint256,uint256)")))
