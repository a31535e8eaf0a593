"""StateQueries: every question that clients may ask about the state after a block."""

from collections.abc import Callable, Mapping, Sequence

from state.blocks import Header
from state.database import BlockRecord, ChainDatabase, ChainReads, LogEntry
from state.execution.overrides import pretended
from state.execution.port import (
    AccountOverride,
    BlockEnv,
    BlockOverrides,
    CallMessage,
    ChainRules,
    Executor,
    TransactionOutcome,
)
from state.primitives.crypto import KECCAK_EMPTY
from state.primitives.types import Address, Gas, Hash32
from state.queries.access_lists import AccessListResult, create_access_list
from state.queries.estimation import estimate_gas
from state.queries.pending import PendingBlocks, PendingRequest, build_pending, without_delta
from state.queries.proofs import AccountProof, prove_account
from state.queries.simulated_chain import SimulatedBlockResult, SimulationRequest
from state.queries.simulation import SimulationBase, simulate
from state.transition.ancestors import Ancestors
from state.world.readers import TrieState, state_at
from state.world.types import EMPTY_ACCOUNT, Account, StateReader

Overrides = Mapping[Address, AccountOverride]


class StateQueries:
    """Answers from one database with one executor. Synchronous; each method raises UnknownBlock for an unknown hash
    and PrunedState for a state that is no longer kept."""

    def __init__(self, db: ChainDatabase, executor: Executor, rules: ChainRules, *, trust_flat: bool = True) -> None:
        """`trust_flat`: nobody commits while a question is answered, so that the head may be read from its flat
        tables. Without it all is read from tries, slower and safe beside a thread that commits."""
        self._db = db
        self._executor = executor
        self._rules = rules
        self._trust_flat = trust_flat
        self._pending = PendingBlocks()

    @property
    def database(self) -> ChainReads:
        """The chain that is asked, for questions about its blocks and logs."""
        return self._db

    @property
    def rules(self) -> ChainRules:
        """Of the chain that is asked."""
        return self._rules

    @property
    def chain_id(self) -> int:
        """Of the chain that is asked."""
        return self._rules.chain_id

    @property
    def stands_still(self) -> bool:
        """Whether nobody commits while a question is answered, so that the flat tables may be walked."""
        return self._trust_flat

    def state_after(self, block_hash: Hash32) -> StateReader:
        """The world as the block left it. Raises UnknownBlock, or PrunedState where it is no longer kept."""
        pending = self._pending.get(block_hash)
        if pending is not None:
            return pending.state
        header = self._db.require_header(block_hash)
        self._db.require_state(header.number)
        return state_at(self._db, block_hash) if self._trust_flat else TrieState(self._db, header.state_root)

    def header(self, block_hash: Hash32) -> Header:
        """The header of a block of the chain, or of a pending one. Raises UnknownBlock."""
        pending = self._pending.get(block_hash)
        return self._db.require_header(block_hash) if pending is None else pending.header

    def make_pending(self, request: PendingRequest, has_time: Callable[[], bool]) -> BlockRecord:
        """The pending block, without what it would write; from now on it can be asked about. Raises InvalidBlock."""
        state = self.state_after(request.parent_hash)
        record = build_pending(self._db, self._executor, self._rules, state, request, has_time)
        self._pending.keep(record, self._db)
        return without_delta(record)

    def account(self, block_hash: Hash32, address: Address) -> Account:
        """The account, neutral values where there is none."""
        return self.state_after(block_hash).account(address) or EMPTY_ACCOUNT

    def code(self, block_hash: Hash32, address: Address) -> bytes:
        """The account's code."""
        state = self.state_after(block_hash)
        account = state.account(address)
        return b"" if account is None else state.code(account.code_hash)

    def storage(self, block_hash: Hash32, address: Address, slot: int) -> int:
        """The word in a slot, 0 where nothing was written."""
        return self.state_after(block_hash).storage(address, slot)

    def call(
        self,
        block_hash: Hash32,
        message: CallMessage,
        overrides: Overrides | None = None,
        block_overrides: BlockOverrides | None = None,
    ) -> TransactionOutcome:
        """What `message` does in the block's environment on the state after it.

        Raises InvalidTransaction and OverrideRefused.
        """
        state, env = self.pretended(block_hash, overrides, block_overrides)
        return self._executor.call(state, env, self._rules, message)

    def estimate_gas(
        self,
        block_hash: Hash32,
        message: CallMessage,
        overrides: Overrides | None = None,
        block_overrides: BlockOverrides | None = None,
    ) -> Gas:
        """The least gas limit, within 1.5 %, with which `message` succeeds; `message.gas_limit` is the cap.

        Raises QueryReverted, QueryFailed, GasExceedsAllowance, InsufficientTransferFunds, InvalidTransaction and
        OverrideRefused.
        """
        state, env = self.pretended(block_hash, overrides, block_overrides)
        sender = state.account(message.sender) or EMPTY_ACCOUNT
        return estimate_gas(
            lambda attempt: self._executor.call(state, env, self._rules, attempt),
            message,
            sender.balance,
            is_plain_transfer=_is_plain_transfer(state, message),
        )

    def simulate(self, block_hash: Hash32, request: SimulationRequest) -> list[SimulatedBlockResult]:
        """The requested blocks on this one. Raises SimulationRefused and OverrideRefused."""
        pending = self._pending.get(block_hash)
        base = SimulationBase(
            hash=block_hash,
            header=self.header(block_hash),
            state=self.state_after(block_hash),
            nodes=self._db if pending is None else pending.nodes,
        )
        return simulate(self._db, self._rules, base, request)

    def access_list(
        self, block_hash: Hash32, message: CallMessage, overrides: Overrides | None = None
    ) -> AccessListResult:
        """What `message` touches in the block's environment on the state after it.

        Raises InvalidTransaction and OverrideRefused.
        """
        state, env = self.pretended(block_hash, overrides, None)
        return create_access_list(state, env, self._rules, message)

    def pretended(
        self, block_hash: Hash32, accounts: Overrides | None, block: BlockOverrides | None
    ) -> tuple[StateReader, BlockEnv]:
        """State and environment of the block, with what the question pretends. Raises OverrideRefused."""
        env = self.environment(block_hash, self.header(block_hash))
        return pretended(self.state_after(block_hash), env, self._rules, accounts, block)

    def proof(self, block_hash: Hash32, address: Address, slots: Sequence[int]) -> AccountProof:
        """The account and its slots with their Merkle proofs under the block's state root (EIP-1186)."""
        pending = self._pending.get(block_hash)
        if pending is not None:
            return prove_account(pending.nodes, pending.header.state_root, address, slots)
        header = self._db.require_header(block_hash)
        self._db.require_state(header.number)
        return prove_account(self._db, header.state_root, address, slots)

    def search_logs(
        self,
        from_block: int,
        to_block: int,
        addresses: Sequence[Address],
        topics: Sequence[Sequence[Hash32] | None],
        limit: int,
    ) -> list[LogEntry]:
        """Canonical logs, as `ChainDatabase.search_logs` finds them."""
        return self._db.search_logs(from_block, to_block, addresses, topics, limit)

    def environment(self, block_hash: Hash32, header: Header) -> BlockEnv:
        """The block's own environment, so that a call sees the number, time and base fee that the block had."""
        parent = self._db.header(header.parent_hash)
        ancestors = (
            Ancestors(self._db, block_hash, header)
            if parent is None
            else Ancestors(self._db, header.parent_hash, parent)
        )
        return BlockEnv(
            number=header.number,
            timestamp=header.timestamp,
            fee_recipient=header.fee_recipient,
            prev_randao=header.prev_randao,
            gas_limit=header.gas_limit,
            base_fee_per_gas=header.base_fee_per_gas,
            parent_hash=header.parent_hash,
            parent_beacon_block_root=header.parent_beacon_block_root,
            ancestor_hash=ancestors,
        )


def _is_plain_transfer(state: StateReader, message: CallMessage) -> bool:
    if message.to is None or message.data or message.access_list or message.authorizations:
        return False
    recipient = state.account(message.to)
    return recipient is None or recipient.code_hash == KECCAK_EMPTY
