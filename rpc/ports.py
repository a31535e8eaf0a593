"""What the server asks of a chain. `node/wiring.py` implements these over the database, the engine, the pool and the
reader processes, once for the L2 node and once for the simulated L1.

    ChainPort    blocks, receipts, heads                  synchronous: a few reads from the local database
    StatePort    state, calls, estimates, proofs, logs    asynchronous: a reader process answers
    PoolPort     submitting, pending transactions         `submit` is asynchronous: a follower forwards
    PendingPort  the next block, executed ahead           asynchronous: a reader process answers
    NodeInfo     what this node is and how it fares
    RollupPort   what op-node would answer                absent on L1
    AdminPort    starting and stopping parts              served on a port of its own, with authentication
    HistoryPort  where an account did something           asynchronous: a reader process answers
    TracePort    transactions and calls run again         asynchronous: a reader process answers
    EconomyPort  Datanets, models, inferences, rewards    asynchronous: a reader process answers; absent on L1

Every state question names its block by hash, so that an answer can't mix two blocks. Heads are pushed the other way,
by `rpc.events.EventHub`. Implementations raise NodeError for what can be expected; anything else is a bug.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rpc.devnet_ports import AccountsPort, FaucetPort, SandboxPort
from rpc.history_ports import HistoryPort
from rpc.trace_ports import TracePort
from rpc.values import (
    AccountProof,
    BlockView,
    ChainHeads,
    JsonObject,
    PendingBlock,
    PoolCounts,
    PoolEntry,
    ReceiptsView,
    SyncProgress,
    TopicFilter,
    TransactionLocation,
)
from state.blocks import Header
from state.execution.port import AccountOverride, BlockOverrides, CallMessage, TransactionOutcome
from state.primitives.types import Address, BlockNumber, Gas, Hash32, Nonce, Wei
from state.queries import AccessListResult, SimulatedBlockResult, SimulationRequest
from state.transactions import RecoveredTransaction


class ChainPort(Protocol):
    """The blocks of one chain. Cheap enough for the event loop."""

    def heads(self) -> ChainHeads:
        """The three heads as they stand now."""

    def canonical_hash(self, number: int) -> Hash32 | None:
        """The hash of the canonical block at `number`; None above the unsafe head.

        Raises NodeError below the first block that a node made from a snapshot has.
        """

    def header(self, block_hash: Hash32) -> Header | None:
        """The header of any block that is known, canonical or not."""

    def block(self, block_hash: Hash32) -> BlockView | None:
        """The block with its transactions, senders and hashes."""

    def receipts(self, block_hash: Hash32) -> ReceiptsView | None:
        """The block's receipts; also of blocks that a reorg has removed, while they are kept."""

    def transaction_location(self, transaction_hash: Hash32) -> TransactionLocation | None:
        """Where the canonical chain has the transaction."""

    def next_base_fee(self, header: Header) -> Wei:
        """The base fee, in wei, of the block after `header` by this chain's rule."""


class StatePort(Protocol):
    """Questions to the state after a block. Each raises NodeError where the state is gone or not there yet."""

    async def balance(self, block_hash: Hash32, address: Address) -> Wei: ...

    async def nonce(self, block_hash: Hash32, address: Address) -> Nonce: ...

    async def code(self, block_hash: Hash32, address: Address) -> bytes: ...

    async def storage(self, block_hash: Hash32, address: Address, slot: int) -> int: ...

    async def call(
        self,
        block_hash: Hash32,
        message: CallMessage,
        overrides: Mapping[Address, AccountOverride],
        block_overrides: BlockOverrides | None = None,
    ) -> TransactionOutcome:
        """What `message` does in the block `block_hash`, on the state after it. `gas_limit` is already capped."""

    async def estimate_gas(
        self,
        block_hash: Hash32,
        message: CallMessage,
        overrides: Mapping[Address, AccountOverride],
        block_overrides: BlockOverrides | None = None,
    ) -> Gas:
        """The least gas limit (within 1.5 %) with which `message` succeeds, at most `message.gas_limit`.

        Raises NodeError in geth's words; for a revert one whose `rpc_code` is 3 and whose `data` is the revert data.
        """

    async def simulate(self, block_hash: Hash32, request: SimulationRequest) -> Sequence[SimulatedBlockResult]:
        """The requested blocks on the block `block_hash`. Raises SimulationRefused and OverrideRefused."""

    async def access_list(
        self, block_hash: Hash32, message: CallMessage, overrides: Mapping[Address, AccountOverride]
    ) -> AccessListResult:
        """What `message` touches in the block `block_hash`, on the state after it."""

    async def proof(self, block_hash: Hash32, address: Address, slots: Sequence[int]) -> AccountProof: ...

    async def rendered_logs(
        self,
        first: BlockNumber,
        last: BlockNumber,
        addresses: frozenset[Address],
        topics: TopicFilter,
        *,
        limit: int,
        max_bytes: int,
    ) -> bytes:
        """A JSON array of `log_json` of the logs of canonical blocks `first` to `last` inclusive, in order; no address
        means any. Finished where they were found: there may be tens of thousands, too many for the event loop.

        Raises NodeError with code -32005 for more than `limit` logs or `max_bytes` of JSON."""


class PoolPort(Protocol):
    """Transactions that no block has yet."""

    async def submit(self, raw: bytes) -> Hash32:
        """The hash of a signed transaction that the pool (or, for a follower, the sequencer) now has.

        Raises NodeError in geth's words for one that it won't take."""

    def pending_nonce(self, address: Address) -> Nonce | None:
        """The nonce after the account's executable transactions; None if the pool holds none of its."""

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        """A transaction that the pool holds."""

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        """At most `limit` transactions that the next block may take, best first."""

    def content(self, sender: Address | None = None) -> Iterator[PoolEntry]:
        """All that it holds, or only one sender's, by sender and nonce."""

    def counts(self) -> PoolCounts:
        """How many it holds."""


class PendingPort(Protocol):
    """The next block, executed ahead."""

    async def block(self) -> PendingBlock:
        """Of the pool's executable transactions, on the unsafe head; StatePort can be asked about it by its hash."""


class NodeInfo(Protocol):
    """What this node is."""

    @property
    def client_version(self) -> str:
        """`Name/version/platform/runtime`."""

    @property
    def chain_id(self) -> int: ...

    @property
    def block_time(self) -> int:
        """Seconds between blocks."""

    def suggested_tip(self) -> Wei:
        """maxPriorityFeePerGas that gets a transaction into the next blocks; capped, so that it can't spiral."""

    def syncing(self) -> SyncProgress | None:
        """None when the node has caught up."""

    def peer_count(self) -> int: ...

    def unhealthy(self) -> Sequence[str]:
        """Why this process doesn't work as it should, for /healthz; empty when it does."""

    def not_ready(self) -> Sequence[str]:
        """Why this node should get no traffic now, for /readyz; empty when it should."""


class RollupPort(Protocol):
    """op-node's questions, answered in op-node's JSON forms (`optimism_*`)."""

    async def sync_status(self) -> JsonObject: ...

    async def output_at_block(self, number: BlockNumber) -> JsonObject:
        """Raises NodeError for a block that isn't there."""

    async def rollup_config(self) -> JsonObject: ...


class AdminPort(Protocol):
    """What an operator may do to a running node. Each raises NodeError for what doesn't fit the node's state now."""

    async def start_sequencer(self, head: Hash32) -> None:
        """Build on from `head`, which must be the unsafe head."""

    async def stop_sequencer(self) -> Hash32:
        """The unsafe head, after which this node builds no block until it is started again."""

    def sequencer_active(self) -> bool: ...

    async def start_batcher(self) -> None: ...

    async def stop_batcher(self) -> None: ...

    def node_info(self) -> JsonObject:
        """What runs here, in JSON."""

    def peers(self) -> Sequence[JsonObject]:
        """Those that this node is connected to."""

    def add_peer(self, address: str) -> None:
        """Connect to `host:port` and keep connected, until the node ends."""

    async def remove_peer(self, node_id: bytes) -> bool:
        """Whether there was such a peer; it is let go."""

    def set_log_level(self, level: str) -> None:
        """Log events from `debug`, `info`, `warning` or `error` up, until the process ends."""


class NetworkPort(Protocol):
    """What a node knows of the network that it is part of."""

    def equivocations(self) -> Sequence[JsonObject]:
        """`{number, seenAt, l1Reorg, blocks: [{hash, l1Origin: {number, hash}, message}, ...]}`, oldest first."""

    def leadership(self) -> JsonObject | None:
        """None where no failover is configured."""


class EconomyPort(Protocol):
    """Questions about the AI economy: the OPEN predeploys, and what follows from the chain's own data."""

    async def ask(self, question: str, block_hash: Hash32, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer at a canonical block: plain values by the names that clients see, the block among them.

        Questions and their arguments are those of `rpc.namespaces.open_economy`. Raises NodeError.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything that the methods of one server may ask."""

    chain: ChainPort
    state: StatePort
    pool: PoolPort
    info: NodeInfo
    rollup: RollupPort | None = None
    """None on L1: `optimism_*` is then not there."""
    economy: EconomyPort | None = None
    """None where there are no OPEN predeploys: `open_*` is then not available."""
    network: NetworkPort | None = None
    """None where the chain is no rollup."""
    admin: AdminPort | None = None
    """None where `admin_*` is not served: it has a server of its own."""
    pending: PendingPort | None = None
    """None where no block is executed ahead: `pending` is then the unsafe head's state, and the pool's nonces."""
    accounts: AccountsPort | None = None
    """None where the node holds no keys: everywhere but on a devnet."""
    faucet: FaucetPort | None = None
    """None where nobody is paid for asking: everywhere but on a devnet."""
    sandbox: SandboxPort | None = None
    """None for a chain whose time and state nobody forges."""
    history: HistoryPort | None = None
    """None where nobody looks accounts up in the chain's history: some of `ots_*` are then not available."""
    traces: TracePort | None = None
    """None where nothing is run again: `debug_trace*` and `trace_*` are then not available."""
    prepare_transactions: Callable[[Sequence[bytes]], Awaitable[None]] | None = None
    """Told the raw transactions of a batch before they are submitted one by one: what takes long may begin."""
