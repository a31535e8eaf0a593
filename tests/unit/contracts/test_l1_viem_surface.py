"""What viem's op-stack actions call and match on exists in our ABIs with exactly these types."""

from __future__ import annotations

import pytest

from contracts.artifacts import artifact
from contracts.signatures import parse_declaration, selector
from tests.unit.contracts.harness import Evm, canonical_type
from tests.unit.contracts.networks import l1_network

WITHDRAWAL = "(uint256,address,address,uint256,uint256,bytes)"
OUTPUT = "(bytes32,bytes32,bytes32,bytes32)"

FUNCTIONS = {
    "OptimismPortal": """
        anchorStateRegistry() (address)
        checkWithdrawal(bytes32,address) ()
        depositTransaction(address,uint256,uint64,bool,bytes) ()
        disputeGameBlacklist(address) (bool)
        disputeGameFactory() (address)
        disputeGameFinalityDelaySeconds() (uint256)
        donateETH() ()
        finalizeWithdrawalTransaction(WITHDRAWAL) ()
        finalizeWithdrawalTransactionExternalProof(WITHDRAWAL,address) ()
        finalizedWithdrawals(bytes32) (bool)
        guardian() (address)
        l2Sender() (address)
        minimumGasLimit(uint64) (uint64)
        numProofSubmitters(bytes32) (uint256)
        params() (uint128,uint64,uint64)
        paused() (bool)
        proofMaturityDelaySeconds() (uint256)
        proofSubmitters(bytes32,uint256) (address)
        proveWithdrawalTransaction(WITHDRAWAL,uint256,OUTPUT,bytes[]) ()
        provenWithdrawals(bytes32,address) (address,uint64)
        respectedGameType() (uint32)
        respectedGameTypeUpdatedAt() (uint64)
        superchainConfig() (address)
        systemConfig() (address)
        version() (string)
    """,
    "DisputeGameFactory": """
        create(uint32,bytes32,bytes) (address)
        findLatestGames(uint32,uint256,uint256) ((uint256,bytes32,uint64,bytes32,bytes)[])
        gameAtIndex(uint256) (uint32,uint64,address)
        gameCount() (uint256)
        gameImpls(uint32) (address)
        games(uint32,bytes32,bytes) (address,uint64)
        getGameUUID(uint32,bytes32,bytes) (bytes32)
        initBonds(uint32) (uint256)
        owner() (address)
        renounceOwnership() ()
        setImplementation(uint32,address) ()
        setInitBond(uint32,uint256) ()
        transferOwnership(address) ()
        version() (string)
    """,
    "PermissionedGame": "l2SequenceNumber() (uint256)",
    "AnchorStateRegistry": """
        isGameFinalized(address) (bool)
        isGameProper(address) (bool)
        isGameRespected(address) (bool)
    """,
    "L1Block": """
        operatorFeeConstant() (uint64)
        operatorFeeScalar() (uint32)
    """,
    "GasPriceOracle": """
        DECIMALS() (uint256)
        baseFee() (uint256)
        decimals() (uint256)
        gasPrice() (uint256)
        getL1Fee(bytes) (uint256)
        getL1GasUsed(bytes) (uint256)
        getOperatorFee(uint256) (uint256)
        isJovian() (bool)
        l1BaseFee() (uint256)
        overhead() (uint256)
        scalar() (uint256)
        version() (string)
    """,
    "L2ToL1MessagePasser": """
        MESSAGE_VERSION() (uint16)
        burn() ()
        initiateWithdrawal(address,uint256,bytes) ()
        messageNonce() (uint256)
        sentMessages(bytes32) (bool)
        version() (string)
    """,
    "Multicall3": "aggregate3((address,bool,bytes)[]) ((bool,bytes)[])",
}

EVENTS = {
    "OptimismPortal": (
        "event TransactionDeposited(address indexed from, address indexed to, uint256 indexed version, "
        "bytes opaqueData)",
        "event WithdrawalProven(bytes32 indexed withdrawalHash, address indexed from, address indexed to)",
        "event WithdrawalProvenExtension1(bytes32 indexed withdrawalHash, address indexed proofSubmitter)",
        "event WithdrawalFinalized(bytes32 indexed withdrawalHash, bool success)",
    ),
    "DisputeGameFactory": (
        "event DisputeGameCreated(address indexed disputeProxy, uint32 indexed gameType, bytes32 indexed rootClaim)",
        "event ImplementationSet(address indexed impl, uint32 indexed gameType)",
        "event InitBondUpdated(uint32 indexed gameType, uint256 indexed newBond)",
        "event OwnershipTransferred(address indexed previousOwner, address indexed newOwner)",
    ),
    "L2ToL1MessagePasser": (
        "event MessagePassed(uint256 indexed nonce, address indexed sender, address indexed target, "
        "uint256 value, uint256 gasLimit, bytes data, bytes32 withdrawalHash)",
        "event WithdrawerBalanceBurnt(uint256 indexed amount)",
    ),
}

# Names on which getWithdrawalStatus decides.
STATUS_ERRORS = (
    "OptimismPortal_AlreadyFinalized",
    "OptimismPortal_InvalidProofTimestamp",
    "OptimismPortal_InvalidRootClaim",
    "OptimismPortal_ProofNotOldEnough",
    "OptimismPortal_Unproven",
)


def surface(name: str) -> set[str]:
    return {
        f"{e['name']}({','.join(map(canonical_type, e['inputs']))}) ({','.join(map(canonical_type, e['outputs']))})"
        for e in artifact(name).abi
        if e["type"] == "function"
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_has_every_function_that_the_client_calls(name: str) -> None:
    lines = FUNCTIONS[name].replace("WITHDRAWAL", WITHDRAWAL).replace("OUTPUT", OUTPUT).splitlines()
    expected = {line.strip() for line in lines if line.strip()}
    assert expected - surface(name) == set()


@pytest.mark.parametrize("name", EVENTS)
def test_emits_events_with_the_same_names_and_topics(name: str) -> None:
    for text in EVENTS[name]:
        expected = parse_declaration(text)
        got = artifact(name).entry("event", expected["name"])
        assert [(p["name"], p["type"], p["indexed"]) for p in got["inputs"]] == [
            (p["name"], p["type"], p["indexed"]) for p in expected["inputs"]
        ]


def test_status_errors_carry_the_names_that_the_client_matches() -> None:
    for error in STATUS_ERRORS:
        assert artifact("OptimismPortal").entry("error", error)["inputs"] == []
    assert selector("OptimismPortal_Unproven()") != selector("Unproven()")


def test_versions_lead_the_client_to_the_dispute_game_path(evm: Evm) -> None:
    version = l1_network(evm)["OptimismPortal"].call("version")
    assert int(version.split(".")[0]) >= 3
