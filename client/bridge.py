"""The bridge: deposits to L2, withdrawals to L1 (PROTOCOL.md sections 3, 11 and 13).

    deposit ─▶ L1 portal ─────────────────────────▶ arrives on L2 by derivation
    withdraw ─▶ L2 message passer ─▶ a game claims an output root ─▶ prove ─▶ both delays ─▶ finalize

Everything is read from the two chains' JSON-RPC; the proof is checked against the game's claim here, before L1 is paid
for refusing it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import rlp
from eth_abi.abi import encode
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractCustomError, ContractLogicError, Web3Exception
from web3.types import TxReceipt

from client.chain import Chain, event_arguments, explain_revert
from client.errors import BadInput, TransactionRefused, TransactionReverted
from contracts.addresses import L2_TO_L1_MESSAGE_PASSER, checksum

DEPOSIT_GAS: Final = 100_000
WITHDRAWAL_GAS: Final = 100_000
DEPOSIT_TYPE: Final = b"\x7e"
GAMES_SEARCHED: Final = 200
CHALLENGER_WINS: Final = 1
BRIDGE_SECONDS: Final = 600.0

EXPLANATIONS: Final = {
    "OptimismPortal_AlreadyFinalized": "it was finalised before",
    "OptimismPortal_Unproven": "it has not been proven by this account: prove it first",
    "OptimismPortal_ProofNotOldEnough": "its proof is too young: wait for the proof maturity delay",
    "OptimismPortal_InvalidRootClaim": "its game is not final yet, or was lost: wait, or prove again",
    "OptimismPortal_InvalidProofTimestamp": "its proof is as old as its game: prove it again",
    "OptimismPortal_InvalidDisputeGame": "that game does not count: prove by a later one",
    "OptimismPortal_ImproperDisputeGame": "that game was blacklisted or retired: prove by a later one",
    "OptimismPortal_InvalidOutputRootProof": "the L2 node's output differs from what the game claims",
    "OptimismPortal_CallPaused": "the guardian has paused withdrawals",
    "OptimismPortal_InsufficientGas": "the transaction's gas limit is below what the withdrawal asks for",
    "OptimismPortal_GasLimitTooLow": "the deposit's L2 gas limit is below 21,000 plus 40 for each byte of data",
    "OptimismPortal_CalldataTooLarge": "a deposit carries at most 120,000 bytes",
    "OptimismPortal_NotAllowedOnCGTMode": "this L1's coin is not OPEN: native deposits and withdrawals are refused",
    "InvalidMerkleProof": "the proof does not lead from the game's output root to the withdrawal",
}
"""What the portal's custom errors mean for whoever sees them."""


class WithdrawalStatus(StrEnum):
    """How far a withdrawal is."""

    WAITING_TO_PROVE = "waiting to prove"
    """No game claims an output root at or above its block yet."""
    READY_TO_PROVE = "ready to prove"
    WAITING_TO_FINALIZE = "waiting to finalize"
    READY_TO_FINALIZE = "ready to finalize"
    FINALIZED = "finalized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A message that was passed to L1."""

    nonce: int
    sender: str
    target: str
    value: int
    """Wei."""
    gas_limit: int
    data: bytes
    block_number: int
    """L2 block that holds it."""

    def as_tuple(self) -> tuple[int, str, str, int, int, bytes]:
        """As the portal's struct has it."""
        return (self.nonce, self.sender, self.target, self.value, self.gas_limit, self.data)

    @property
    def hash(self) -> bytes:
        """keccak256 of the ABI encoding: the key in the message passer's and the portal's mappings."""
        types = ["uint256", "address", "address", "uint256", "uint256", "bytes"]
        return keccak(encode(types, self.as_tuple()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """A dispute game as the factory lists it."""

    index: int
    address: str
    root_claim: bytes
    l2_block: int


class Bridge:
    """Both sides of one rollup's bridge. The portal is the one that the L2 node's rollup configuration names."""

    def __init__(self, l2: Chain, l1: Chain) -> None:
        """Raises BadInput if `l2` is no rollup node, or `l1` not the chain that the rollup settles on."""
        self._l2, self._l1 = l2, l1
        try:
            config = l2.rpc("optimism_rollupConfig")
        except TransactionRefused as error:
            raise BadInput(f"{l2.url} is no L2 node ({error}): are --rpc and --l1-rpc swapped?") from error
        if int(config["l1_chain_id"]) != l1.chain_id:
            raise BadInput(f"{l1.url} is chain {l1.chain_id}, the rollup settles on chain {config['l1_chain_id']}")
        self._portal = l1.contract("OptimismPortal", config["deposit_contract_address"])
        factory, registry = (
            getattr(self._portal.functions, name)().call() for name in ("disputeGameFactory", "anchorStateRegistry")
        )
        self._factory = l1.contract("DisputeGameFactory", factory)
        self._registry = l1.contract("AnchorStateRegistry", registry)
        self._passer = l2.contract("L2ToL1MessagePasser")

    # To L2

    def deposit(
        self, account: LocalAccount, amount: int, *, to: str | None = None, gas: int = DEPOSIT_GAS, data: bytes = b""
    ) -> HexBytes:
        """The hash on L2 of the deposit of `amount` wei that L1 has included; `wait_for_deposit` sees it arrive."""
        target = Web3.to_checksum_address(to or account.address)
        call = self._portal.functions.depositTransaction(target, amount, gas, False, data)
        return deposit_hash(self._transact(account, call, value=amount), self._portal)

    def wait_for_deposit(self, l2_hash: HexBytes, seconds: float = BRIDGE_SECONDS) -> TxReceipt:
        """The receipt of a deposit on L2. Raises TransactionReverted where its call failed (the mint stays)."""
        return self._l2.wait(l2_hash, seconds)

    # To L1

    def withdraw(
        self, account: LocalAccount, amount: int, *, to: str | None = None, gas: int = WITHDRAWAL_GAS, data: bytes = b""
    ) -> tuple[HexBytes, Withdrawal]:
        """(hash on L2, the withdrawal) of `amount` wei that left L2."""
        target = Web3.to_checksum_address(to or account.address)
        sent = self._l2.send(account, self._passer.functions.initiateWithdrawal(target, gas, data), value=amount)
        return sent, self._withdrawal_in(self._l2.wait(sent))

    def find(self, l2_hash: str) -> Withdrawal:
        """The withdrawal that an L2 transaction made. Raises BadInput where it made none."""
        try:
            receipt = self._l2.web3.eth.get_transaction_receipt(HexBytes(l2_hash))
        except (Web3Exception, ValueError) as error:
            raise BadInput(f"L2 has no transaction {l2_hash}") from error
        return self._withdrawal_in(receipt)

    def _withdrawal_in(self, receipt: TxReceipt) -> Withdrawal:
        try:
            passed = event_arguments(self._passer, "MessagePassed", receipt)
        except IndexError as error:
            raise BadInput(f"transaction {receipt['transactionHash'].to_0x_hex()} passed no message to L1") from error
        return Withdrawal(
            nonce=passed["nonce"],
            sender=passed["sender"],
            target=passed["target"],
            value=passed["value"],
            gas_limit=passed["gasLimit"],
            data=bytes(passed["data"]),
            block_number=receipt["blockNumber"],
        )

    def game_for(self, withdrawal: Withdrawal) -> Game | None:
        """The oldest game of the newest 200 that may prove the withdrawal; None before there is one."""
        count = self._factory.functions.gameCount().call()
        kind = self._portal.functions.respectedGameType().call()
        if count == 0:
            return None
        found = self._factory.functions.findLatestGames(kind, count - 1, GAMES_SEARCHED).call()
        now = self._l1.timestamp()
        for index, metadata, created, root, extra in reversed(found):
            number = int.from_bytes(extra[:32], "big")
            address = Web3.to_checksum_address(bytes(metadata)[12:])
            # A proof in the same block as its game is refused, and so is its estimate before the next block.
            if number >= withdrawal.block_number and created < now and self._may_prove(address):
                return Game(index=index, address=address, root_claim=bytes(root), l2_block=number)
        return None

    def _may_prove(self, game: str) -> bool:
        proper = self._registry.functions.isGameProper(game).call()
        respected = self._registry.functions.isGameRespected(game).call()
        lost = self._l1.contract("PermissionedGame", game).functions.status().call() == CHALLENGER_WINS
        return bool(proper and respected and not lost)

    def prove(self, account: LocalAccount, withdrawal: Withdrawal) -> TxReceipt:
        """The L1 receipt of the proof. Raises BadInput before a game covers the withdrawal's block."""
        game = self.game_for(withdrawal)
        if game is None:
            raise BadInput(
                f"no game claims L2 block {withdrawal.block_number} or a later one yet: wait for the proposer"
            )
        output, proof = self._storage_proof(withdrawal, game)
        call = self._portal.functions.proveWithdrawalTransaction(withdrawal.as_tuple(), game.index, output, proof)
        return self._transact(account, call)

    def _storage_proof(
        self, withdrawal: Withdrawal, game: Game
    ) -> tuple[tuple[bytes, bytes, bytes, bytes], list[bytes]]:
        """(the four words of the output root, the trie nodes down to the withdrawal): PROTOCOL.md section 11."""
        block = self._l2.rpc("eth_getBlockByNumber", [hex(game.l2_block), False])
        if block is None:
            raise BadInput(f"the L2 node has no block {game.l2_block} yet, which game {game.address} speaks of")
        slot = keccak(withdrawal.hash + bytes(32))
        passer = checksum(L2_TO_L1_MESSAGE_PASSER)
        answer = self._l2.rpc("eth_getProof", [passer, ["0x" + slot.hex()], hex(game.l2_block)])
        words = (
            bytes(32),
            bytes(HexBytes(block["stateRoot"])),
            bytes(HexBytes(answer["storageHash"])),
            bytes(HexBytes(block["hash"])),
        )
        if keccak(b"".join(words)) != game.root_claim:
            raise BadInput(f"this L2 node's block {game.l2_block} is not what game {game.address} claims")
        return words, [bytes(HexBytes(node)) for node in answer["storageProof"][0]["proof"]]

    def finalize(self, account: LocalAccount, withdrawal: Withdrawal) -> bool:
        """Whether the withdrawal's call on L1 succeeded; it is finalised either way, once for all."""
        call = self._portal.functions.finalizeWithdrawalTransaction(withdrawal.as_tuple())
        receipt = self._transact(account, call)
        return bool(event_arguments(self._portal, "WithdrawalFinalized", receipt)["success"])

    def status(self, withdrawal: Withdrawal) -> tuple[WithdrawalStatus, str]:
        """(how far it is, why) by the last proof that anybody submitted."""
        key = withdrawal.hash
        if self._portal.functions.finalizedWithdrawals(key).call():
            return WithdrawalStatus.FINALIZED, "paid out on L1"
        submitters = self._portal.functions.numProofSubmitters(key).call()
        if submitters == 0:
            return self._unproven(withdrawal)
        submitter = self._portal.functions.proofSubmitters(key, submitters - 1).call()
        try:
            self._portal.functions.checkWithdrawal(key, submitter).call()
        except (ContractCustomError, ContractLogicError) as error:
            reason = explain_revert(error)
            if "ProofNotOldEnough" in reason or "InvalidRootClaim" in reason:
                return WithdrawalStatus.WAITING_TO_FINALIZE, explain(reason)
            return WithdrawalStatus.READY_TO_PROVE, explain(reason)
        return WithdrawalStatus.READY_TO_FINALIZE, f"proven by {submitter}"

    def _unproven(self, withdrawal: Withdrawal) -> tuple[WithdrawalStatus, str]:
        game = self.game_for(withdrawal)
        if game is None:
            return WithdrawalStatus.WAITING_TO_PROVE, f"no game claims L2 block {withdrawal.block_number} yet"
        return WithdrawalStatus.READY_TO_PROVE, f"game {game.index} claims L2 block {game.l2_block}"

    def wait_for(self, withdrawal: Withdrawal, wanted: WithdrawalStatus, seconds: float = BRIDGE_SECONDS) -> None:
        """Return when the withdrawal is as far as `wanted` or farther."""
        order = list(WithdrawalStatus)
        self._l1.wait_until(
            lambda: order.index(self.status(withdrawal)[0]) >= order.index(wanted), f"{wanted.value!r}", seconds
        )

    def _transact(self, account: LocalAccount, call: ContractFunction, *, value: int = 0) -> TxReceipt:
        try:
            return self._l1.transact(account, call, value=value)
        except TransactionReverted as error:
            raise TransactionReverted(explain(str(error))) from error


def explain(reason: str) -> str:
    """`reason` with what its custom error means."""
    for name, text in EXPLANATIONS.items():
        if name in reason:
            return f"{reason}: {text}"
    return reason


def deposit_hash(receipt: TxReceipt, portal: Any) -> HexBytes:
    """The L2 hash of the deposit in an L1 receipt. Source: deposits.md, "User-Deposited Transactions"."""
    log = next(iter(portal.events.TransactionDeposited().process_receipt(receipt)))
    opaque = bytes(log["args"]["opaqueData"])
    mint, value, gas = (int.from_bytes(opaque[a:b], "big") for a, b in ((0, 32), (32, 64), (64, 72)))
    to = b"" if opaque[72] else bytes(HexBytes(log["args"]["to"]))
    place = keccak(bytes(log["blockHash"]) + log["logIndex"].to_bytes(32, "big"))
    source = keccak(bytes(32) + place)
    fields = [source, bytes(HexBytes(log["args"]["from"])), to, mint, value, gas, b"", opaque[73:]]
    return HexBytes(keccak(DEPOSIT_TYPE + rlp.encode(fields)))
