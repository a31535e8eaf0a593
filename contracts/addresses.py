"""Every fixed address, as 20 bytes; `checksum` and `to_hex` give the two spellings.

L2 predeploys are part of the protocol (OP) or of the product (OPEN); a simulated L1 gets its contracts at the
addresses below from genesis, a real one wherever `contracts.deploy` creates them.
"""

from __future__ import annotations

from enum import StrEnum

from eth_hash.auto import keccak


def address(text: str) -> bytes:
    """20 bytes of a 0x-prefixed hex address."""
    raw = bytes.fromhex(text.removeprefix("0x"))
    if len(raw) != 20:
        raise ValueError(f"{text!r} has {len(raw)} bytes, expected 20")
    return raw


def to_hex(value: bytes) -> str:
    """Lower-case 0x-prefixed hex."""
    return "0x" + value.hex()


def checksum(value: bytes) -> str:
    """EIP-55 spelling."""
    plain = value.hex()
    digest = keccak(plain.encode()).hex()
    return "0x" + "".join(c.upper() if int(d, 16) > 7 else c for c, d in zip(plain, digest, strict=False))


def _predeploy(number: int) -> bytes:
    return bytes.fromhex("4200") + number.to_bytes(18, "big")


ZERO = bytes(20)

# OP Stack predeploys (specs/protocol/predeploys.md).
WRAPPED_OPEN = _predeploy(0x06)
L2_CROSS_DOMAIN_MESSENGER = _predeploy(0x07)
GAS_PRICE_ORACLE = _predeploy(0x0F)
L2_STANDARD_BRIDGE = _predeploy(0x10)
SEQUENCER_FEE_VAULT = _predeploy(0x11)
L1_BLOCK = _predeploy(0x15)
L2_TO_L1_MESSAGE_PASSER = _predeploy(0x16)
BASE_FEE_VAULT = _predeploy(0x19)
L1_FEE_VAULT = _predeploy(0x1A)
OPERATOR_FEE_VAULT = _predeploy(0x1B)

DEPOSITOR_ACCOUNT = address("0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001")
"""Sender of the L1-attributes deposit; the only caller whom L1Block obeys."""

# System contracts and preinstalls, the same on L1 and L2.
SYSTEM_CALLER = address("0xfffffffffffffffffffffffffffffffffffffffe")
BEACON_ROOTS = address("0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02")
HISTORY_STORAGE = address("0x0000F90827F1C53a10cb7A02335B175320002935")
CREATE2_DEPLOYER = address("0x4e59b44847b379578588920cA78FbF26c0B4956C")
MULTICALL3 = address("0xcA11bde05977b3631167028862bE2a173976CA11")
PERMIT2 = address("0x000000000022D473030F116dDEE9F6B43aC78BA3")
PERMIT2_LOGIC = b"IMPL" + b"Permit2".rjust(16, b"\0")
"""What Permit2 delegates to: no constant of the real one, only of our L2's genesis."""


class Open(StrEnum):
    """The OPEN predeploys, in the order of their addresses (CONTRACTS.md)."""

    VESTING = "Vesting"
    GOPEN = "GOpen"
    TIMELOCK = "Timelock"
    GOVERNOR = "Governor"
    PARAMETERS = "Parameters"
    STAKING = "Staking"
    DATANETS = "Datanets"
    MODELS = "Models"
    INFERENCE = "Inference"
    ATTRIBUTION = "Attribution"
    TREASURY = "Treasury"


def _open_predeploy(number: int) -> bytes:
    """ "OPEN" in ASCII, then 31 hexadecimal zeros and one digit."""
    return b"OPEN" + number.to_bytes(16, "big")


def _open_implementation(number: int) -> bytes:
    """ "IMPL" in ASCII in the last four bytes' place of the prefix: `0x494D504C…01` holds what `0x4F50454E…01` runs."""
    return b"IMPL" + number.to_bytes(16, "big")


OPEN_PREDEPLOYS: dict[str, bytes] = {name: _open_predeploy(i) for i, name in enumerate(Open, 1)}
OPEN_IMPLEMENTATIONS: dict[str, bytes] = {name: _open_implementation(i) for i, name in enumerate(Open, 1)}

OP_PREDEPLOYS: dict[str, bytes] = {
    "WrappedOpen": WRAPPED_OPEN,
    "L2CrossDomainMessenger": L2_CROSS_DOMAIN_MESSENGER,
    "GasPriceOracle": GAS_PRICE_ORACLE,
    "L2StandardBridge": L2_STANDARD_BRIDGE,
    "SequencerFeeVault": SEQUENCER_FEE_VAULT,
    "L1Block": L1_BLOCK,
    "L2ToL1MessagePasser": L2_TO_L1_MESSAGE_PASSER,
    "BaseFeeVault": BASE_FEE_VAULT,
    "L1FeeVault": L1_FEE_VAULT,
    "OperatorFeeVault": OPERATOR_FEE_VAULT,
}

FEE_VAULTS = ("SequencerFeeVault", "BaseFeeVault", "L1FeeVault", "OperatorFeeVault")
"""Four addresses that share one source, FeeVault."""

L1_CONTRACT_NAMES = (
    "SystemConfig",
    "AnchorStateRegistry",
    "PermissionedGame",
    "DisputeGameFactory",
    "OptimismPortal",
    "BatchInbox",
    "L1CrossDomainMessenger",
    "L1StandardBridge",
    "Multicall3",
)
"""L1 contracts in the order in which `contracts.deploy` creates them."""


def _simulated(number: int) -> bytes:
    return b"OPENL1" + number.to_bytes(14, "big")


SIMULATED_L1: dict[str, bytes] = {
    name: MULTICALL3 if name == "Multicall3" else _simulated(i) for i, name in enumerate(L1_CONTRACT_NAMES, 1)
}
"""Where the simulated L1's genesis puts them."""


def alias_l1_address(sender: bytes) -> bytes:
    """How a contract on L1 appears as the sender of its deposit on L2 (PROTOCOL.md section 3)."""
    offset = 0x1111000000000000000000000000000000001111
    return ((int.from_bytes(sender, "big") + offset) % (1 << 160)).to_bytes(20, "big")
