"""The public interface of the OPEN predeploys, signature by signature: a change here breaks people outside."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.artifacts import artifact
from contracts.signatures import canonical_signature

LICENSE = "(bool,bool,bool,uint16,uint64)"
POLICY = "(uint256,uint256,uint16,uint8,uint64,uint64)"
SPEC = "(string,string,bytes32,uint256[],uint256[])"
VOUCHER = "(address,address,uint64,uint256)"

FUNCTIONS = {
    "Vesting": """
        tranche(bytes32)view releasable(bytes32)view release(bytes32) setBeneficiary(bytes32,address)
        withdrawOwed()
    """,
    "GOpen": """
        deposit()payable withdraw(uint256) name()view symbol()view decimals()view totalSupply()view
        balanceOf(address)view allowance(address,address)view transfer(address,uint256) approve(address,uint256)
        transferFrom(address,address,uint256) permit(address,address,uint256,uint256,uint8,bytes32,bytes32)
        nonces(address)view DOMAIN_SEPARATOR()view delegate(address)
        delegateBySig(address,uint256,uint256,uint8,bytes32,bytes32) delegates(address)view getVotes(address)view
        getPastVotes(address,uint256)view getPastTotalSupply(uint256)view clock()view CLOCK_MODE()view
    """,
    "Timelock": """
        schedule(address,uint256,bytes,bytes32,bytes32,uint256)
        scheduleBatch(address[],uint256[],bytes[],bytes32,bytes32,uint256) cancel(bytes32)
        execute(address,uint256,bytes,bytes32,bytes32)payable
        executeBatch(address[],uint256[],bytes[],bytes32,bytes32)payable updateDelay(uint256)
        hashOperation(address,uint256,bytes,bytes32,bytes32)view
        hashOperationBatch(address[],uint256[],bytes[],bytes32,bytes32)view getMinDelay()view
        getOperationState(bytes32)view getTimestamp(bytes32)view isOperation(bytes32)view
        isOperationPending(bytes32)view isOperationReady(bytes32)view isOperationDone(bytes32)view
        hasRole(bytes32,address)view grantRole(bytes32,address) revokeRole(bytes32,address)
        renounceRole(bytes32,address) getRoleAdmin(bytes32)view PROPOSER_ROLE()view EXECUTOR_ROLE()view
        CANCELLER_ROLE()view DEFAULT_ADMIN_ROLE()view supportsInterface(bytes4)view
    """,
    "Governor": """
        propose(address[],uint256[],bytes[],string) queue(address[],uint256[],bytes[],bytes32)
        execute(address[],uint256[],bytes[],bytes32)payable cancel(address[],uint256[],bytes[],bytes32)
        castVote(uint256,uint8) castVoteWithReason(uint256,uint8,string)
        castVoteWithReasonAndParams(uint256,uint8,string,bytes) castVoteBySig(uint256,uint8,address,bytes)
        castVoteWithReasonAndParamsBySig(uint256,uint8,address,string,bytes,bytes) state(uint256)view
        hashProposal(address[],uint256[],bytes[],bytes32)view proposalSnapshot(uint256)view
        proposalDeadline(uint256)view proposalProposer(uint256)view proposalEta(uint256)view
        proposalNeedsQueuing(uint256)view proposalVotes(uint256)view hasVoted(uint256,address)view
        votingDelay()view votingPeriod()view proposalThreshold()view quorum(uint256)view quorumNumerator()view
        quorumNumerator(uint256)view quorumDenominator()view token()view timelock()view COUNTING_MODE()view
        clock()view CLOCK_MODE()view relay(address,uint256,bytes)payable setVotingDelay(uint48)
        setVotingPeriod(uint32) setProposalThreshold(uint256) updateQuorumNumerator(uint256) updateTimelock(address)
    """,
    "Parameters": "get(bytes32)view set(bytes32,uint256) keys()view",
    "Staking": """
        stake(uint8,bytes32)payable requestUnstake(uint8,bytes32,uint256) unstake(uint256)
        stakeOf(uint8,bytes32,address)view totalStake(uint8,bytes32)view slash(uint8,bytes32,uint16,bytes32)
        reward(uint8,bytes32)payable withdrawOwed()
    """,
    "Datanets": f"""
        create(string,string,bytes32,{LICENSE},{POLICY})payable commitContribution(bytes32)
        contribute(uint256,bytes32,uint32,string,bytes32)payable commitScore(uint256,bytes32)
        revealScore(uint256,uint16,bytes32) finalize(uint256) withdrawContribution(uint256,bytes32[32])
        publishVersion(uint256) datanet(uint256)view contribution(uint256)view version(uint256,uint32)view
        reputation(address)view withdrawOwed()
    """,
    "Models": f"""
        propose({SPEC})payable approve(uint256) register({SPEC})
        recordTraining(uint256,bytes32,bytes32,uint8,uint256[],uint32[])
        recordIndex(uint256,uint32,bytes32,bytes32,bytes32) recordEvaluation(uint256,uint32,bytes32,int256,bytes32)
        deploy(uint256,uint32,uint256,uint256,uint32) retire(uint256) transferOwnership(uint256,address)
        model(uint256)view checkpoint(uint256,uint32)view parents(uint256)view
    """,
    "Inference": f"""
        depositFor(address)payable requestWithdrawal(address,uint256) withdraw(address)
        allocation(address,address)view
        request(uint256,address,bytes32,string,bytes,uint32,uint32,uint64)payable fulfil(bytes32,string,bytes)
        release(bytes32) refund(bytes32) settle({VOUCHER}[],bytes[],bytes) quote(uint256,uint32,uint32)view
        withdrawOwed()
    """,
    "Attribution": """
        proposeEpoch(uint64,bytes32,uint64,uint64,bytes32,uint256)payable finalizeEpoch(uint64)
        claim(address,uint256,bytes32[]) challengeRecord(bytes32,uint16,bytes32)payable
        revealPreimage(uint256,bytes) challengeEpoch(uint64,bytes32)payable commitVerdict(uint256,bytes32)
        revealVerdict(uint256,bytes32,bytes32) resolve(uint256) epoch(uint64)view batch(bytes32)view
        dispute(uint256)view withdrawOwed()
    """,
    "Treasury": """
        grant(address,uint256,bytes32) openGrant(address,uint256[],bytes32) releaseMilestone(uint256)
        cancelGrant(uint256) withdrawOwed()
    """,
}

EVENTS = {
    "Vesting": "Released(bytes32 indexed,address indexed,uint256)",
    "Parameters": "ParameterSet(bytes32 indexed,uint256)",
    "Inference": "Settled(bytes32 indexed,address indexed,uint32,uint256)",
}

EVENT_NAMES = {
    "Staking": {"Staked", "UnstakeRequested", "Unstaked", "Slashed", "Rewarded"},
    "Datanets": {
        "DatanetCreated", "Contributed", "ScoreCommitted", "ScoreRevealed", "ContributionFinalized",
        "VersionPublished", "ContributionWithdrawn",
    },
    "Inference": {"Requested", "Fulfilled", "Released", "Refunded", "Settled"},
}  # fmt: skip


def spelled(entry: dict[str, Any]) -> str:
    mutability = entry["stateMutability"]
    return canonical_signature(entry) + {"nonpayable": "", "pure": "view"}.get(mutability, mutability)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_is_there_with_its_arguments(name: str) -> None:
    offered = {spelled(entry) for entry in artifact(name).abi if entry["type"] == "function"}
    assert set(FUNCTIONS[name].split()) <= offered


@pytest.mark.parametrize("name", EVENTS)
def test_events_that_indexers_rely_on_keep_their_topics(name: str) -> None:
    entry = artifact(name).entry("event", EVENTS[name].split("(")[0])
    arguments = ",".join(p["type"] + (" indexed" if p["indexed"] else "") for p in entry["inputs"])
    assert f"{entry['name']}({arguments})" == EVENTS[name]


@pytest.mark.parametrize("name", EVENT_NAMES)
def test_every_step_has_its_event(name: str) -> None:
    assert EVENT_NAMES[name] <= {entry["name"] for entry in artifact(name).abi if entry["type"] == "event"}


def test_treasury_takes_plain_transfers() -> None:
    assert any(entry["type"] == "receive" for entry in artifact("Treasury").abi)
