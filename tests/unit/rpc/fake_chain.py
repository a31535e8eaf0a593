"""A chain in memory that answers the server's ports over real state records."""

import asyncio
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from rpc.ports import Ports
from rpc.values import (
    AccountProof,
    BlockId,
    BlockView,
    ChainHeads,
    JsonObject,
    L1FeeFields,
    PoolCounts,
    PoolEntry,
    ReceiptsView,
    StorageProof,
    SyncProgress,
    TopicFilter,
    TransactionLocation,
)
from rpc.views.receipts import located_logs, log_json
from state.blocks import EMPTY_TRIE_ROOT, Header, Log, Receipt, combine_blooms, encode_holocene_extra_data
from state.database import TooManyLogs
from state.errors import InvalidTransaction
from state.execution.port import AccountOverride, BlockOverrides, CallMessage, TransactionOutcome
from state.primitives.crypto import KECCAK_EMPTY, keccak256, private_key_to_address
from state.primitives.types import ZERO_HASH, Address, BlockNumber, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.queries import (
    AccessListResult,
    BlockRequest,
    SimulatedBlockResult,
    SimulatedCall,
    SimulationRequest,
)
from state.transactions import (
    AccessListEntry,
    Authorization,
    DepositTransaction,
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
    encode_transaction,
    recover_transaction,
    sign_transaction,
)

CHAIN_ID = 161299
KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
SENDER = private_key_to_address(KEY)
RECIPIENT = Address(bytes.fromhex("70997970c51812dc3a010c7d01b50e0d17dc79c8"))
CONTRACT = Address(bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3"))
TOPIC_A, TOPIC_B = Hash32(b"\xaa" * 32), Hash32(b"\xbb" * 32)
REVERTING = Address(b"\x0e" * 20)
REASON = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"no".ljust(32, b"\0")
BROKEN = Address(b"\xbb" * 20)
"""Reading its balance is a bug: it raises what no NodeError is."""


def signed(
    type_: TransactionType, nonce: int, *, to: Address | None = RECIPIENT, **fields: object
) -> RecoveredTransaction:
    """A signed transaction of any type."""
    is_priced = type_ in (TransactionType.LEGACY, TransactionType.ACCESS_LIST)
    unsigned = SignedTransaction(
        type=type_,
        chain_id=CHAIN_ID,
        nonce=Nonce(nonce),
        gas_limit=Gas(100_000),
        max_fee_per_gas=Wei(3_000_000_000),
        max_priority_fee_per_gas=Wei(3_000_000_000 if is_priced else 1_000_000),
        to=to,
        value=Wei(1),
        data=b"",
        y_parity=0,
        r=0,
        s=0,
    )
    return sign_transaction(dataclasses.replace(unsigned, **fields), KEY)


def all_types() -> list[RecoveredTransaction]:
    """One transaction of each signed type, and a creation."""
    entry = AccessListEntry(address=CONTRACT, storage_keys=(ZERO_HASH,))
    tuple_ = Authorization(chain_id=CHAIN_ID, address=CONTRACT, nonce=Nonce(7), y_parity=1, r=2, s=3)
    return [
        signed(TransactionType.LEGACY, 0),
        signed(TransactionType.ACCESS_LIST, 1, access_list=(entry,)),
        signed(TransactionType.DYNAMIC_FEE, 2, to=CONTRACT),
        signed(TransactionType.SET_CODE, 3, authorizations=(tuple_,)),
        signed(TransactionType.DYNAMIC_FEE, 4, to=None, data=b"\x60\x00"),
    ]


DEPOSIT = DepositTransaction(
    source_hash=Hash32(b"\x01" * 32),
    sender=Address(bytes.fromhex("deaddeaddeaddeaddeaddeaddeaddeaddead0001")),
    to=Address(bytes.fromhex("4200000000000000000000000000000000000015")),
    mint=Wei(5),
    value=Wei(0),
    gas_limit=Gas(1_000_000),
    is_system_transaction=False,
    data=b"\x09",
)


@dataclass(slots=True)
class FakeChain:
    """All ports of one server at once; `append` and `fork` move the chain."""

    is_rollup: bool = True
    views: dict[Hash32, BlockView] = field(default_factory=dict)
    receipt_views: dict[Hash32, ReceiptsView] = field(default_factory=dict)
    canonical: list[Hash32] = field(default_factory=list)
    pooled: dict[Hash32, RecoveredTransaction] = field(default_factory=dict)
    queued: set[Hash32] = field(default_factory=set)
    """Of those in `pooled`, behind a nonce gap."""
    deployed: set[bytes] = field(default_factory=lambda: {CONTRACT})
    submitted: list[bytes] = field(default_factory=list)
    has_submitted: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[CallMessage] = field(default_factory=list)
    block_overrides: list[BlockOverrides | None] = field(default_factory=list)
    simulations: list[SimulationRequest] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    progress: SyncProgress | None = None

    def __post_init__(self) -> None:
        self.append([])

    @property
    def ports(self) -> Ports:
        return Ports(chain=self, state=self, pool=self, info=self, rollup=self if self.is_rollup else None)

    # -- moving the chain

    def append(self, transactions: Sequence[RecoveredTransaction], *, salt: bytes = b"", logs: int = 0) -> Hash32:
        """A new head with a deposit and `transactions`, each of which logs `logs` times; a little gas each."""
        parent = self.views[self.canonical[-1]] if self.canonical else None
        number = 0 if parent is None else parent.header.number + 1
        deposit = dataclasses.replace(DEPOSIT, source_hash=keccak256(salt + bytes((number,))))
        raws = [encode_transaction(deposit), *(entry.raw for entry in transactions)]
        emitted = tuple(
            Log(address=CONTRACT, topics=(TOPIC_A, TOPIC_B)[: 1 + index % 2], data=bytes((index,)))
            for index in range(logs)
        )
        receipts = [
            Receipt(
                type=TransactionType.DEPOSIT,
                succeeded=True,
                cumulative_gas_used=Gas(50_000),
                logs=(),
                deposit_nonce=Nonce(number),
            )
        ]
        for entry in transactions:
            gas = Gas(receipts[-1].cumulative_gas_used + 21_000)
            kind = entry.transaction.type
            receipts.append(Receipt(type=kind, succeeded=True, cumulative_gas_used=gas, logs=emitted))
        header = Header(
            parent_hash=ZERO_HASH if parent is None else parent.hash,
            fee_recipient=Address(bytes.fromhex("4200000000000000000000000000000000000011")),
            state_root=keccak256(b"state" + salt + bytes((number,))),
            transactions_root=keccak256(b"".join(raws)),
            receipts_root=keccak256(salt),
            logs_bloom=combine_blooms(receipt.bloom for receipt in receipts),
            number=BlockNumber(number),
            gas_limit=Gas(20_000_000),
            gas_used=receipts[-1].cumulative_gas_used,
            timestamp=UnixSeconds(1_700_000_000 + 2 * number),
            extra_data=encode_holocene_extra_data(250, 6),
            prev_randao=ZERO_HASH,
            base_fee_per_gas=Wei(1_000_000_000),
            withdrawals_root=EMPTY_TRIE_ROOT,
        )
        block_hash = header.hash
        self.views[block_hash] = BlockView(
            hash=block_hash,
            header=header,
            transactions=tuple(raws),
            transaction_hashes=tuple(keccak256(raw) for raw in raws),
            senders=(DEPOSIT.sender, *(entry.sender for entry in transactions)),
        )
        fees = L1FeeFields(
            l1_base_fee=Wei(7),
            l1_gas_used=Gas(1600),
            l1_fee=Wei(99),
            l1_blob_base_fee=Wei(1),
            l1_base_fee_scalar=2,
            l1_blob_base_fee_scalar=3,
        )
        self.receipt_views[block_hash] = ReceiptsView(
            receipts=tuple(receipts), l1_fees=(None, *(fees if self.is_rollup else None for _ in transactions))
        )
        self.canonical.append(block_hash)
        return block_hash

    def fork(self, depth: int) -> list[Hash32]:
        """Takes `depth` blocks off the head, and returns them newest first; they stay readable by hash."""
        removed = [self.canonical.pop() for _ in range(depth)]
        return removed

    def admit(self, transaction: RecoveredTransaction) -> None:
        self.pooled[transaction.hash] = transaction

    # -- ChainPort

    def heads(self) -> ChainHeads:
        def at(index: int) -> BlockId:
            number = max(len(self.canonical) + index, 0)
            return BlockId(hash=self.canonical[number], number=BlockNumber(number))

        return ChainHeads(unsafe=at(-1), safe=at(-2), finalized=at(-3))

    def canonical_hash(self, number: int) -> Hash32 | None:
        return self.canonical[number] if 0 <= number < len(self.canonical) else None

    def header(self, block_hash: Hash32) -> Header | None:
        view = self.views.get(block_hash)
        return None if view is None else view.header

    def block(self, block_hash: Hash32) -> BlockView | None:
        return self.views.get(block_hash)

    def receipts(self, block_hash: Hash32) -> ReceiptsView | None:
        return self.receipt_views.get(block_hash)

    def transaction_location(self, transaction_hash: Hash32) -> TransactionLocation | None:
        for block_hash in self.canonical:
            hashes = self.views[block_hash].transaction_hashes
            if transaction_hash in hashes:
                return TransactionLocation(block_hash=block_hash, index=hashes.index(transaction_hash))
        return None

    def next_base_fee(self, header: Header) -> Wei:
        return Wei(header.base_fee_per_gas + 1)

    # -- StatePort

    async def balance(self, block_hash: Hash32, address: Address) -> Wei:
        if address == BROKEN:
            raise ZeroDivisionError
        return Wei(10**18 + self.views[block_hash].header.number)

    async def nonce(self, block_hash: Hash32, address: Address) -> Nonce:
        return Nonce(self.views[block_hash].header.number)

    async def code(self, block_hash: Hash32, address: Address) -> bytes:
        return b"\x60\x2a" if address in self.deployed else b""

    async def storage(self, block_hash: Hash32, address: Address, slot: int) -> int:
        return slot + 1

    async def call(
        self,
        block_hash: Hash32,
        message: CallMessage,
        overrides: Mapping[Address, AccountOverride],
        block_overrides: BlockOverrides | None = None,
    ) -> TransactionOutcome:
        self.calls.append(message)
        self.block_overrides.append(block_overrides)
        if message.to == REVERTING:
            return self._outcome(succeeded=False, output=REASON, error="execution reverted")
        if message.gas_limit == 1:
            return self._outcome(succeeded=False, output=b"", error="out of gas")
        override = overrides.get(message.to) if message.to else None
        return self._outcome(
            succeeded=True, output=(override and override.code) or b"\x2a".rjust(32, b"\0"), error=None
        )

    def _outcome(self, *, succeeded: bool, output: bytes, error: str | None) -> TransactionOutcome:
        return TransactionOutcome(
            succeeded=succeeded, gas_used=Gas(21_000), logs=(), output=output, error=error, created_address=None
        )

    async def estimate_gas(
        self,
        block_hash: Hash32,
        message: CallMessage,
        overrides: Mapping[Address, AccountOverride],
        block_overrides: BlockOverrides | None = None,
    ) -> Gas:
        self.calls.append(message)
        self.block_overrides.append(block_overrides)
        if message.to == REVERTING:
            raise EstimateReverted(REASON)
        return Gas(21_000)

    async def simulate(self, block_hash: Hash32, request: SimulationRequest) -> Sequence[SimulatedBlockResult]:
        self.simulations.append(request)
        parent = self.views[block_hash].header
        return [self._simulated(parent, number, block) for number, block in enumerate(request.blocks, start=1)]

    def _simulated(self, parent: Header, number: int, block: BlockRequest) -> SimulatedBlockResult:
        transactions = [call.unsigned(nonce=9, gas_limit=50_000, chain_id=self.chain_id) for call in block.calls]
        log = Log(address=CONTRACT, topics=(TOPIC_A,), data=b"\x01")
        return SimulatedBlockResult(
            header=dataclasses.replace(parent, number=BlockNumber(parent.number + number)),
            transactions=tuple(transactions),
            senders=(SENDER,) * len(transactions),
            calls=tuple(self._simulated_call(transaction.to, log) for transaction in transactions),
        )

    def _simulated_call(self, to: Address | None, log: Log) -> SimulatedCall:
        if to == REVERTING:
            outcome = self._outcome(succeeded=False, output=REASON, error="execution reverted")
        elif to is None:
            outcome = self._outcome(succeeded=False, output=b"", error="out of gas")
        else:
            outcome = self._outcome(succeeded=True, output=b"\x2a", error=None)
        return SimulatedCall(outcome=outcome, logs=(log,) if outcome.succeeded else (), is_gas_capped=to is None)

    async def access_list(
        self, block_hash: Hash32, message: CallMessage, overrides: Mapping[Address, AccountOverride]
    ) -> AccessListResult:
        self.calls.append(message)
        entry = AccessListEntry(address=CONTRACT, storage_keys=(TOPIC_A,))
        error = "execution reverted" if message.to == REVERTING else None
        return AccessListResult(access_list=(entry,), gas_used=Gas(23_000), error=error)

    async def proof(self, block_hash: Hash32, address: Address, slots: Sequence[int]) -> AccountProof:
        return AccountProof(
            balance=Wei(1),
            nonce=Nonce(0),
            code_hash=KECCAK_EMPTY,
            storage_root=EMPTY_TRIE_ROOT,
            proof=(b"\x01",),
            storage=tuple(StorageProof(slot=slot, value=slot, proof=(b"\x02",)) for slot in slots),
        )

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
        found = []
        for number in range(first, last + 1):
            block_hash = self.canonical[number]
            for located in located_logs(self.views[block_hash], self.receipt_views[block_hash]):
                if addresses and located.log.address not in addresses:
                    continue
                if len(topics) > len(located.log.topics):
                    continue
                if all(w is None or t in w for w, t in zip(topics, located.log.topics, strict=False)):
                    found.append(log_json(located, self.views[block_hash].header.timestamp))
        rendered = orjson.dumps(found)
        if len(found) > limit or len(rendered) > max_bytes:
            raise TooManyLogs(f"query returned more than {limit} results; narrow the range or the filter")
        return rendered

    # -- PoolPort

    async def submit(self, raw: bytes) -> Hash32:
        self.submitted.append(raw)
        self.has_submitted.set()
        recovered = recover_transaction(raw)
        if recovered.transaction.nonce < len(self.canonical) - 1:
            raise InvalidTransaction("nonce too low")
        self.admit(recovered)
        return recovered.hash

    def pending_nonce(self, address: Address) -> Nonce | None:
        nonces = [entry.transaction.nonce for entry in self.pooled.values() if entry.sender == address]
        return Nonce(max(nonces) + 1) if nonces else None

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        return self.pooled.get(transaction_hash)

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        return list(self.pooled.values())[:limit]

    def content(self, sender: Address | None = None) -> Iterator[PoolEntry]:
        for entry in self.pooled.values():
            if sender in (None, entry.sender):
                yield PoolEntry(transaction=entry, is_executable=entry.hash not in self.queued)

    def counts(self) -> PoolCounts:
        return PoolCounts(executable=len(self.pooled) - len(self.queued), queued=len(self.queued))

    # -- NodeInfo

    client_version = "OpenLedger/0.1.0/test/python"
    chain_id = CHAIN_ID
    block_time = 2

    def suggested_tip(self) -> Wei:
        return Wei(1_000_000)

    def syncing(self) -> SyncProgress | None:
        return self.progress

    def peer_count(self) -> int:
        return 3

    def unhealthy(self) -> Sequence[str]:
        return self.troubles

    def not_ready(self) -> Sequence[str]:
        return self.reasons

    # -- RollupPort

    async def sync_status(self) -> JsonObject:
        return {"unsafe_l2": {"number": len(self.canonical) - 1}}

    async def output_at_block(self, number: BlockNumber) -> JsonObject:
        return {"version": "0x" + "00" * 32, "blockRef": {"number": number}}

    async def rollup_config(self) -> JsonObject:
        return {"l2_chain_id": CHAIN_ID}


class EstimateReverted(InvalidTransaction):
    """What an estimate raises for a revert."""

    rpc_code = 3

    def __init__(self, data: bytes) -> None:
        super().__init__("execution reverted")
        self.data = data
