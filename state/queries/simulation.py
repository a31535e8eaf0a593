"""eth_simulateV1: blocks that nobody built, one on the other, on the state of one that somebody did.

    SimulationRequest ─▶ sequence_blocks ─▶ for each: overrides ▶ system calls ▶ calls ▶ roots ▶ header

Every block gets a real header, with roots and hash as if it had been sealed, so that the next builds on it. The fast
executor runs them all. Sources: the eth_simulateV1 notes of ethereum/execution-apis; geth's simulator.
"""

from dataclasses import dataclass, replace

from state.blocks import EMPTY_TRIE_ROOT, Header, Log, Receipt, combine_blooms
from state.database import ChainDatabase
from state.errors import InvalidTransaction
from state.execution.hooks import EmittedLog
from state.execution.overrides import precompile_moves
from state.execution.port import BlockEnv, ChainRules, TransactionOutcome
from state.execution.precompiles import ETHEREUM_PRECOMPILES, OPTIMISM_PRECOMPILES
from state.execution.simulated import SimulatedBlock, TransferLogs
from state.primitives.crypto import keccak256
from state.primitives.types import ZERO_ADDRESS, ZERO_HASH, Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei
from state.queries.overlay import Overlay, override_changes
from state.queries.simulated_chain import (
    BlockRequest,
    SimulatedBlockResult,
    SimulatedCall,
    SimulationRequest,
    sequence_blocks,
    total_gas,
)
from state.queries.simulation_errors import SimulatedBlockFull, refusal
from state.transactions import (
    CallRequest,
    RecoveredTransaction,
    SignedTransaction,
    encode_without_signature,
)
from state.transition import child_base_fee
from state.transition.ancestors import Ancestors
from state.transition.genesis import MESSAGE_PASSER
from state.trie import ordered_root
from state.world.commit import StateCommit
from state.world.readers import StateSource, TrieState
from state.world.types import StateReader


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationBase:
    """The block on which a simulation begins."""

    hash: Hash32
    header: Header
    state: StateReader
    """After it."""
    nodes: StateSource
    """Where its tries are."""


def simulate(
    db: ChainDatabase, rules: ChainRules, base: SimulationBase, request: SimulationRequest
) -> list[SimulatedBlockResult]:
    """The blocks of `request` on `base`. Nothing is written. Raises SimulationRefused and OverrideRefused."""
    simulation = _Simulation(db, rules, base, request)
    return [simulation.add(block) for block in sequence_blocks(base.header, request)]


class _Simulation:
    """The chain so far."""

    def __init__(
        self,
        db: ChainDatabase,
        rules: ChainRules,
        base: SimulationBase,
        request: SimulationRequest,
    ) -> None:
        self._rules = rules
        self._request = request
        self._overlay = Overlay(base.nodes)
        self._state = base.state
        self._root = base.header.state_root
        self._parent, self._parent_hash = base.header, base.hash
        self._older = Ancestors(db, base.hash, base.header)
        self._hashes: dict[int, Hash32] = {}
        self._gas_left = request.gas_cap

    def add(self, block: BlockRequest) -> SimulatedBlockResult:
        """The next block, on which the one after builds."""
        env = self._env(block)
        if block.accounts:
            usual = OPTIMISM_PRECOMPILES if self._rules.is_optimism else ETHEREUM_PRECOMPILES
            env = replace(env, precompile_moves=precompile_moves(block.accounts, usual))
            self._move_on(self._overlay.commit(self._root, override_changes(self._state, block.accounts)))
        execution = SimulatedBlock(self._state, env, self._rules, validates=self._request.validates)
        execution.run_system_calls()
        transactions, calls = list[RecoveredTransaction](), list[SimulatedCall]()
        for call in block.calls:
            transaction, is_capped = self._transaction(call, execution, env)
            transactions.append(transaction)
            calls.append(self._run(execution, transaction, is_capped=is_capped))
        commit = self._overlay.commit(self._root, execution.finish())
        self._move_on(commit)
        header = self._header(env, commit, transactions, calls)
        self._parent, self._parent_hash = header, header.hash
        self._hashes[header.number] = self._parent_hash
        return SimulatedBlockResult(
            header=header,
            transactions=tuple(transaction.transaction for transaction in transactions),
            senders=tuple(transaction.sender for transaction in transactions),
            calls=tuple(calls),
        )

    def _move_on(self, commit: StateCommit) -> None:
        self._root = commit.state_root
        self._state = TrieState(self._overlay, commit.state_root)

    # --- the block -------------------------------------------------------------------------------------------

    def _env(self, block: BlockRequest) -> BlockEnv:
        wanted, parent = block.overrides, self._parent
        assert wanted.number is not None and wanted.timestamp is not None  # noqa: S101, PT018 - sequence_blocks sets both
        return BlockEnv(
            number=BlockNumber(wanted.number),
            timestamp=UnixSeconds(wanted.timestamp),
            fee_recipient=parent.fee_recipient if wanted.fee_recipient is None else wanted.fee_recipient,
            prev_randao=ZERO_HASH if wanted.prev_randao is None else wanted.prev_randao,
            gas_limit=Gas(parent.gas_limit if wanted.gas_limit is None else wanted.gas_limit),
            base_fee_per_gas=self._base_fee(block),
            parent_hash=self._parent_hash,
            parent_beacon_block_root=wanted.parent_beacon_block_root or ZERO_HASH,
            ancestor_hash=self._ancestor,
            blob_base_fee=None if wanted.blob_base_fee is None else Wei(wanted.blob_base_fee),
        )

    def _base_fee(self, block: BlockRequest) -> Wei:
        """Zero unless it is asked for or validated, so that calls without fees may run."""
        if block.overrides.base_fee_per_gas is not None:
            return Wei(block.overrides.base_fee_per_gas)
        return child_base_fee(self._parent, self._rules) if self._request.validates else Wei(0)

    def _ancestor(self, number: int) -> Hash32 | None:
        return self._hashes.get(number) or self._older(number)

    def _header(
        self,
        env: BlockEnv,
        commit: StateCommit,
        transactions: list[RecoveredTransaction],
        calls: list[SimulatedCall],
    ) -> Header:
        receipts = _receipts(transactions, calls)
        return Header(
            parent_hash=env.parent_hash,
            fee_recipient=env.fee_recipient,
            state_root=commit.state_root,
            transactions_root=ordered_root([transaction.raw for transaction in transactions]),
            receipts_root=ordered_root([receipt.encode() for receipt in receipts]),
            logs_bloom=combine_blooms([receipt.bloom for receipt in receipts if receipt.logs]),
            number=env.number,
            gas_limit=env.gas_limit,
            gas_used=total_gas(calls),
            timestamp=env.timestamp,
            # On L2 it carries the parameters of the next base fee.
            extra_data=self._parent.extra_data if self._rules.is_optimism else b"",
            prev_randao=env.prev_randao,
            base_fee_per_gas=env.base_fee_per_gas,
            withdrawals_root=self._withdrawals_root(),
            parent_beacon_block_root=env.parent_beacon_block_root,
        )

    def _withdrawals_root(self) -> Hash32:
        """L2: the message passer's storage root (Isthmus). L1: of no withdrawals."""
        account = self._state.account(MESSAGE_PASSER) if self._rules.is_optimism else None
        return EMPTY_TRIE_ROOT if account is None else account.storage_root

    # --- calls -----------------------------------------------------------------------------------------------

    def _transaction(
        self, call: CallRequest, execution: SimulatedBlock, env: BlockEnv
    ) -> tuple[RecoveredTransaction, bool]:
        """The call as a transaction of the block, and whether the simulation's gas cap lowered its gas limit."""
        sender = call.sender or ZERO_ADDRESS
        remaining = env.gas_limit - execution.gas_used
        wanted = remaining if call.gas is None else call.gas
        if wanted > remaining:
            raise SimulatedBlockFull(f"block gas limit reached: remaining: {remaining}, required: {wanted}")
        gas_limit = min(wanted, self._gas_left)
        nonce = execution.nonce(sender) if call.nonce is None else call.nonce
        transaction = call.unsigned(nonce=nonce, gas_limit=gas_limit, chain_id=self._rules.chain_id)
        return _unsigned(transaction, sender), gas_limit < wanted

    def _run(self, execution: SimulatedBlock, transaction: RecoveredTransaction, *, is_capped: bool) -> SimulatedCall:
        hooks = TransferLogs() if self._request.traces_transfers else None
        try:
            outcome = execution.apply(transaction) if hooks is None else execution.trace(transaction, hooks)
        except InvalidTransaction as cause:
            raise refusal(cause, transaction.transaction.gas_limit) from cause
        self._gas_left -= outcome.gas_used
        logs = outcome.logs if hooks is None else tuple(map(_as_log, hooks.logs))
        return SimulatedCall(outcome=outcome, logs=logs if outcome.succeeded else (), is_gas_capped=is_capped)


def _unsigned(transaction: SignedTransaction, sender: Address) -> RecoveredTransaction:
    raw = encode_without_signature(transaction)
    return RecoveredTransaction(transaction=transaction, sender=sender, raw=raw, hash=keccak256(raw))


def _as_log(log: EmittedLog) -> Log:
    topics = tuple(Hash32(topic.to_bytes(32, "big")) for topic in log.topics)
    return Log(address=log.address, topics=topics, data=log.data)


def _receipts(transactions: list[RecoveredTransaction], calls: list[SimulatedCall]) -> list[Receipt]:
    receipts, gas = [], 0
    for transaction, call in zip(transactions, calls, strict=True):
        outcome: TransactionOutcome = call.outcome
        gas += outcome.gas_used
        receipts.append(
            Receipt(
                type=transaction.transaction.type,
                succeeded=outcome.succeeded,
                cumulative_gas_used=Gas(gas),
                logs=outcome.logs,
            )
        )
    return receipts
