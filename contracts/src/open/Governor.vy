# pragma version 0.4.3
"""
@title Governor
@license Apache-2.0
@notice OpenZeppelin 5's Governor with settings, simple counting, quorum and timelock.
    Every function reverts `NotAvailable()` in this release; the interface is final.
"""

# error NotAvailable()

event ProposalCreated:
    proposalId: uint256
    proposer: address
    targets: DynArray[address, 16]
    amounts: DynArray[uint256, 16]
    signatures: DynArray[String[64], 16]
    calldatas: DynArray[Bytes[4096], 16]
    voteStart: uint256
    voteEnd: uint256
    description: String[4096]

event ProposalQueued:
    proposalId: uint256
    etaSeconds: uint256

event ProposalExecuted:
    proposalId: uint256

event ProposalCanceled:
    proposalId: uint256

event VoteCast:
    voter: indexed(address)
    proposalId: uint256
    support: uint8
    weight: uint256
    reason: String[4096]

event VoteCastWithParams:
    voter: indexed(address)
    proposalId: uint256
    support: uint8
    weight: uint256
    reason: String[4096]
    params: Bytes[1024]


@external
@view
def name() -> String[64]:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def version() -> String[64]:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def COUNTING_MODE() -> String[64]:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def clock() -> uint48:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def CLOCK_MODE() -> String[64]:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def BALLOT_TYPEHASH() -> bytes32:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def EXTENDED_BALLOT_TYPEHASH() -> bytes32:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def token() -> address:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def timelock() -> address:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def nonces(owner: address) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def supportsInterface(interfaceId: bytes4) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def eip712Domain() -> (bytes1, String[64], String[64], uint256, address, bytes32, DynArray[uint256, 16]):
    raw_revert(method_id("NotAvailable()"))


@external
@view
def votingDelay() -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def votingPeriod() -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def proposalThreshold() -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def quorum(timepoint: uint256) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def quorumNumerator(timepoint: uint256 = 0) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def quorumDenominator() -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def hashProposal(
    targets: DynArray[address, 16], amounts: DynArray[uint256, 16], calldatas: DynArray[Bytes[4096], 16], descriptionHash: bytes32,
) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def getProposalId(
    targets: DynArray[address, 16], amounts: DynArray[uint256, 16], calldatas: DynArray[Bytes[4096], 16], descriptionHash: bytes32,
) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def state(proposalId: uint256) -> uint8:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def proposalSnapshot(proposalId: uint256) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def proposalDeadline(proposalId: uint256) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def proposalProposer(proposalId: uint256) -> address:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def proposalEta(proposalId: uint256) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def proposalNeedsQueuing(proposalId: uint256) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def proposalVotes(proposalId: uint256) -> (uint256, uint256, uint256):
    raw_revert(method_id("NotAvailable()"))


@external
@view
def hasVoted(proposalId: uint256, account: address) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def getVotes(account: address, timepoint: uint256) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def getVotesWithParams(account: address, timepoint: uint256, params: Bytes[1024]) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def propose(
    targets: DynArray[address, 16], amounts: DynArray[uint256, 16], calldatas: DynArray[Bytes[4096], 16], description: String[4096],
) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def queue(
    targets: DynArray[address, 16], amounts: DynArray[uint256, 16], calldatas: DynArray[Bytes[4096], 16], descriptionHash: bytes32,
) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@payable
def execute(
    targets: DynArray[address, 16], amounts: DynArray[uint256, 16], calldatas: DynArray[Bytes[4096], 16], descriptionHash: bytes32,
) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def cancel(
    targets: DynArray[address, 16], amounts: DynArray[uint256, 16], calldatas: DynArray[Bytes[4096], 16], descriptionHash: bytes32,
) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def castVote(proposalId: uint256, support: uint8) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def castVoteWithReason(proposalId: uint256, support: uint8, reason: String[4096]) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def castVoteWithReasonAndParams(
    proposalId: uint256, support: uint8, reason: String[4096], params: Bytes[1024],
) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def castVoteBySig(proposalId: uint256, support: uint8, voter: address, signature: Bytes[1024]) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def castVoteWithReasonAndParamsBySig(
    proposalId: uint256, support: uint8, voter: address, reason: String[4096], params: Bytes[1024], signature: Bytes[1024],
) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@payable
def relay(target: address, amount: uint256, data: Bytes[1024]):
    raw_revert(method_id("NotAvailable()"))


@external
def setVotingDelay(newVotingDelay: uint48):
    raw_revert(method_id("NotAvailable()"))


@external
def setVotingPeriod(newVotingPeriod: uint32):
    raw_revert(method_id("NotAvailable()"))


@external
def setProposalThreshold(newProposalThreshold: uint256):
    raw_revert(method_id("NotAvailable()"))


@external
def updateQuorumNumerator(newQuorumNumerator: uint256):
    raw_revert(method_id("NotAvailable()"))


@external
def updateTimelock(newTimelock: address):
    raw_revert(method_id("NotAvailable()"))
