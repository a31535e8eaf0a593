# pragma version 0.4.3
"""
@title Attribution: contributors' money
@license Apache-2.0
@notice Inference registers each settled batch with the contributors' part of its fees. Who earned what is computed off
    chain from the records, which lie in calldata (`contracts/rewards.py`: the same integers for everybody, the Datanet
    owners' revenue shares included), and comes back as an epoch: a cumulative Merkle tree of (account, wei), hashed as
    OpenZeppelin's StandardMerkleTree. Epochs are numbered from 1 and chained by their parents' roots; blocks run on
    without a gap. One claim pays all that an account has earned up to the newest final epoch.

    Disputes come in a later release and revert `NotAvailable()`. Until then the parameter `epoch.proposer`, unless
    zero, names the only account that may propose.
"""

from open.lib import credits
from open.lib import predeploys

initializes: credits
exports: (credits.owed, credits.withdrawOwed)

# error NothingOwed()
# error TransferFailed(address account)
# error NotAvailable()
# error NotInference(address caller)
# error KnownBatch(bytes32 batchHash)
# error NotProposer(address caller, address proposer)
# error WrongValue(uint256 got, uint256 expected)
# error WrongEpoch(uint64 got, uint64 expected)
# error WrongParent(bytes32 got, bytes32 expected)
# error WrongBlocks(uint64 fromBlock, uint64 toBlock)
# error TotalDecreases(uint256 total, uint256 parentTotal)
# error TotalExceedsOwed(uint256 total, uint256 owed)
# error EpochNotProposed(uint64 epoch)
# error EpochAlreadyFinal(uint64 epoch)
# error ParentNotFinal(uint64 epoch)
# error TooEarly(uint64 availableAt)
# error WrongProof(address account, uint256 cumulative)
# error NothingToClaim(address account)
# error ClaimExceedsTotal(uint256 claimed, uint256 total)

interface IParameters:
    def get(key: bytes32) -> uint256: view

struct Batch:
    worker: address
    records: uint16
    blockNumber: uint64
    amount: uint256
    contributorsBps: uint16

struct Epoch:
    parentRoot: bytes32
    fromBlock: uint64
    toBlock: uint64
    root: bytes32
    total: uint256
    proposer: address
    bond: uint256
    proposedAt: uint64
    finalized: bool

struct Owed:
    blockNumber: uint64
    cumulative: uint256

event BatchRegistered:
    batchHash: indexed(bytes32)
    worker: indexed(address)
    records: uint16
    amount: uint256
    contributorsBps: uint16

event EpochProposed:
    epoch: indexed(uint64)
    root: indexed(bytes32)
    proposer: indexed(address)
    parentRoot: bytes32
    fromBlock: uint64
    toBlock: uint64
    total: uint256

event EpochFinalized:
    epoch: indexed(uint64)
    root: indexed(bytes32)
    total: uint256

event Claimed:
    account: indexed(address)
    amount: uint256
    cumulative: uint256

# Two words a batch: worker a20, records u16, block number u64, contributors' basis points u16; and the amount.
_batches: HashMap[bytes32, uint256[2]]
_epochs: HashMap[uint64, Epoch]
_proposed: uint64
_final: uint64
_claimed: HashMap[address, uint256]
_total_claimed: uint256
# What contributors were owed after each block that registered a batch: looked up by binary search.
_history: HashMap[uint256, Owed]
_history_length: uint256


@external
@payable
@nonreentrant
def registerBatch(batchHash: bytes32, worker: address, records: uint16, contributorsBps: uint16):
    """
    @notice Note a settled batch and take the contributors' part of its fees, by Inference.
    @param contributorsBps The contributors' basis points in force: with them, the sent amount follows from the records.
    """
    if msg.sender != predeploys.INFERENCE:
        raw_revert(abi_encode(msg.sender, method_id=method_id("NotInference(address)")))
    if self._batches[batchHash][0] != 0:
        raw_revert(abi_encode(batchHash, method_id=method_id("KnownBatch(bytes32)")))
    self._batches[batchHash] = [
        (convert(worker, uint256) << 96) | (convert(records, uint256) << 80)
        | (convert(convert(block.number, uint64), uint256) << 16) | convert(contributorsBps, uint256),
        msg.value,
    ]
    self._note_owed(msg.value)
    log BatchRegistered(
        batchHash=batchHash, worker=worker, records=records, amount=msg.value, contributorsBps=contributorsBps
    )


@external
@payable
@nonreentrant
def proposeEpoch(epoch: uint64, parentRoot: bytes32, fromBlock: uint64, toBlock: uint64, root: bytes32, total: uint256):
    """
    @notice Propose the cumulative tree after the batches of blocks fromBlock to toBlock, with exactly the bond
        `epoch.bond`, which comes back when the epoch is final.
    @param epoch One more than the epoch proposed last.
    @param parentRoot That epoch's root; zero for the first.
    @param fromBlock That epoch's toBlock + 1; zero for the first.
    @param toBlock A block before the present one.
    @param root Root of the tree of (account, cumulative wei).
    @param total Sum of the tree's amounts: not less than the parent's, not more than contributors were owed.
    """
    proposer: uint256 = self._parameter(keccak256("epoch.proposer"))
    if proposer != 0 and proposer != convert(msg.sender, uint256):
        raw_revert(
            abi_encode(
                msg.sender, convert(convert(proposer, uint160), address),
                method_id=method_id("NotProposer(address,address)"),
            )
        )
    bond: uint256 = self._parameter(keccak256("epoch.bond"))
    if msg.value != bond:
        raw_revert(abi_encode(msg.value, bond, method_id=method_id("WrongValue(uint256,uint256)")))
    self._check_chained(epoch, parentRoot, fromBlock, toBlock, total)
    self._proposed = epoch
    self._epochs[epoch] = Epoch(
        parentRoot=parentRoot, fromBlock=fromBlock, toBlock=toBlock, root=root, total=total, proposer=msg.sender,
        bond=msg.value, proposedAt=convert(block.timestamp, uint64), finalized=False,
    )
    log EpochProposed(
        epoch=epoch, root=root, proposer=msg.sender, parentRoot=parentRoot, fromBlock=fromBlock, toBlock=toBlock,
        total=total,
    )


@external
@nonreentrant
def finalizeEpoch(epoch: uint64):
    """
    @notice Make an epoch final after its challenge window, and its parent; its bond is credited to the proposer.
    """
    item: Epoch = self._epochs[epoch]
    if item.proposedAt == 0:
        raw_revert(abi_encode(epoch, method_id=method_id("EpochNotProposed(uint64)")))
    if item.finalized:
        raw_revert(abi_encode(epoch, method_id=method_id("EpochAlreadyFinal(uint64)")))
    if epoch != self._final + 1:
        raw_revert(abi_encode(epoch - 1, method_id=method_id("ParentNotFinal(uint64)")))
    final_at: uint256 = convert(item.proposedAt, uint256) + self._parameter(keccak256("window.challenge"))
    if block.timestamp < final_at:
        raw_revert(abi_encode(convert(final_at, uint64), method_id=method_id("TooEarly(uint64)")))
    self._epochs[epoch].finalized = True
    self._final = epoch
    credits._credit(item.proposer, item.bond)
    log EpochFinalized(epoch=epoch, root=item.root, total=item.total)


@external
@nonreentrant
def claim(account: address, cumulative: uint256, proof: DynArray[bytes32, 64]):
    """
    @notice Credit `account` with what the newest final epoch says it earned and it didn't claim before.
    @param proof Siblings in the tree, from the leaf upwards; pairs are hashed in sorted order.
    """
    node: bytes32 = keccak256(keccak256(abi_encode(account, cumulative)))
    for sibling: bytes32 in proof:
        if convert(node, uint256) < convert(sibling, uint256):
            node = keccak256(concat(node, sibling))
        else:
            node = keccak256(concat(sibling, node))
    newest: uint64 = self._final
    if newest == 0 or node != self._epochs[newest].root:
        raw_revert(abi_encode(account, cumulative, method_id=method_id("WrongProof(address,uint256)")))
    before: uint256 = self._claimed[account]
    if cumulative <= before:
        raw_revert(abi_encode(account, method_id=method_id("NothingToClaim(address)")))
    amount: uint256 = cumulative - before
    total_claimed: uint256 = self._total_claimed + amount
    # A tree whose leaves sum to more than its total must not reach into bonds and later epochs' money.
    if total_claimed > self._epochs[newest].total:
        raw_revert(
            abi_encode(
                total_claimed, self._epochs[newest].total, method_id=method_id("ClaimExceedsTotal(uint256,uint256)")
            )
        )
    self._claimed[account] = cumulative
    self._total_claimed = total_claimed
    credits._credit(account, amount)
    log Claimed(account=account, amount=amount, cumulative=cumulative)


@external
@payable
def challengeRecord(batchHash: bytes32, index: uint16, recomputedHash: bytes32) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def revealPreimage(disputeId: uint256, data: Bytes[4096]):
    raw_revert(method_id("NotAvailable()"))


@external
@payable
def challengeEpoch(epoch: uint64, root: bytes32) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def commitVerdict(disputeId: uint256, commitment: bytes32):
    raw_revert(method_id("NotAvailable()"))


@external
def revealVerdict(disputeId: uint256, hash: bytes32, salt: bytes32):
    raw_revert(method_id("NotAvailable()"))


@external
def resolve(disputeId: uint256):
    raw_revert(method_id("NotAvailable()"))


@external
@view
def dispute(disputeId: uint256) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def epoch(number: uint64) -> Epoch:
    """
    @notice Everything about an epoch; proposedAt is zero when nobody proposed it.
    """
    return self._epochs[number]


@external
@view
def batch(batchHash: bytes32) -> Batch:
    """
    @notice Worker, record count, block, contributors' wei and basis points of a batch; block zero when it is unknown.
    """
    packed: uint256 = self._batches[batchHash][0]
    return Batch(
        worker=convert(convert(packed >> 96, uint160), address),
        records=convert((packed >> 80) & (2**16 - 1), uint16),
        blockNumber=convert((packed >> 16) & (2**64 - 1), uint64),
        amount=self._batches[batchHash][1],
        contributorsBps=convert(packed & (2**16 - 1), uint16),
    )


@external
@view
def proposedEpoch() -> uint64:
    """
    @notice The newest epoch that was proposed, 0 before the first.
    """
    return self._proposed


@external
@view
def finalEpoch() -> uint64:
    """
    @notice The newest final epoch, 0 before the first.
    """
    return self._final


@external
@view
def claimed(account: address) -> uint256:
    """
    @notice Wei that the account has claimed in all.
    """
    return self._claimed[account]


@external
@view
def owedBy(blockNumber: uint64) -> uint256:
    """
    @notice Wei that contributors were owed in all, paid or not, after that block.
    """
    return self._owed_by(blockNumber)


@internal
@view
def _check_chained(number: uint64, parent_root: bytes32, from_block: uint64, to_block: uint64, total: uint256):
    last: uint64 = self._proposed
    parent: Epoch = self._epochs[last]
    if number != last + 1:
        raw_revert(abi_encode(number, last + 1, method_id=method_id("WrongEpoch(uint64,uint64)")))
    if parent_root != parent.root:
        raw_revert(abi_encode(parent_root, parent.root, method_id=method_id("WrongParent(bytes32,bytes32)")))
    expected_from: uint64 = 0
    if last > 0:
        expected_from = parent.toBlock + 1
    if from_block != expected_from or to_block < from_block or convert(to_block, uint256) >= block.number:
        raw_revert(abi_encode(from_block, to_block, method_id=method_id("WrongBlocks(uint64,uint64)")))
    if total < parent.total:
        raw_revert(abi_encode(total, parent.total, method_id=method_id("TotalDecreases(uint256,uint256)")))
    owed: uint256 = self._owed_by(to_block)
    if total > owed:
        raw_revert(abi_encode(total, owed, method_id=method_id("TotalExceedsOwed(uint256,uint256)")))


@internal
def _note_owed(amount: uint256):
    length: uint256 = self._history_length
    number: uint64 = convert(block.number, uint64)
    cumulative: uint256 = amount
    if length > 0:
        cumulative += self._history[length - 1].cumulative
        if self._history[length - 1].blockNumber == number:
            self._history[length - 1].cumulative = cumulative
            return
    self._history[length] = Owed(blockNumber=number, cumulative=cumulative)
    self._history_length = length + 1


@internal
@view
def _owed_by(number: uint64) -> uint256:
    low: uint256 = 0
    high: uint256 = self._history_length
    for _: uint256 in range(64):
        if low == high:
            break
        middle: uint256 = (low + high) // 2
        if self._history[middle].blockNumber <= number:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return 0
    return self._history[low - 1].cumulative


@internal
@view
def _parameter(key: bytes32) -> uint256:
    return staticcall IParameters(predeploys.PARAMETERS).get(key)
