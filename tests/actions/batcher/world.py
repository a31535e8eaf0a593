"""A world for the batcher that moves only when a test moves it: an L1, an L2 chain, a derivation, a disk that can die.

The derivation here is a second, much simpler reading of the same rules than `rollup.derivation`: it walks L1's
canonical chain from genesis at every look, which makes it slow and hard to get wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rollup.batcher import Batcher, BatcherConfig, L2Heads, Outbox
from rollup.codec import SpanBatch, decode_batch, decode_frames, read_batches
from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1 import FeePolicy, L1TransactionReceipt, L1TransactionSender, MetaJournal, SenderConfig
from rollup.types import (
    BlockId,
    L1BlockNumber,
    L1BlockRef,
    L1Receipt,
    L2BlockNumber,
    L2BlockRef,
    RollupConfig,
    RollupGenesis,
    SystemConfig,
)
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import ZERO_HASH, Address, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.transactions import (
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
    recover_transaction,
    sign_transaction,
)

KEY = b"\x07" * 32
BATCHER = private_key_to_address(KEY)
INBOX = Address(b"\xbb" * 20)
L2_CHAIN = 161299
SECONDS_PER_L1_BLOCK = 12
FINALITY = 12
"""L1 blocks from the finalized one to the head, both counted."""


class Killed(BaseException):
    """The process died here. No `except Exception` of ours may survive it."""


@dataclass
class Fuse:
    """Kills at the n-th dangerous moment: before or after a write to disk, before or after a send."""

    left: int | None = None
    moments: int = 0

    def moment(self) -> None:
        self.moments += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Killed


@dataclass
class Disk:
    """What survives a kill."""

    fuse: Fuse
    values: dict[bytes, bytes] = field(default_factory=dict)

    def get_meta(self, key: bytes) -> bytes | None:
        return self.values.get(key)

    def put_meta(self, key: bytes, value: bytes | None) -> None:
        self.fuse.moment()
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value
        self.fuse.moment()

    def iterate_meta(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        return iter(sorted((key, value) for key, value in self.values.items() if key.startswith(prefix)))


@dataclass(frozen=True)
class L1BlockStub:
    ref: L1BlockRef
    transactions: tuple[RecoveredTransaction, ...]


class L1Stub:
    """An L1 with one interesting account, geth's pool rules, and reorgs."""

    def __init__(self, fuse: Fuse) -> None:
        self.fuse = fuse
        self.away = False
        self.base_fee = 10**9
        self.capacity = 100
        """Transactions in one block; 0 keeps them all waiting."""
        self.pool: dict[int, RecoveredTransaction] = {}
        self.salt = 0
        genesis = L1BlockRef(
            hash=keccak256(b"L1"), number=L1BlockNumber(0), parent_hash=ZERO_HASH, timestamp=UnixSeconds(1000)
        )
        self.chain = [L1BlockStub(genesis, ())]

    # what tests do

    def mine(self, count: int = 1) -> None:
        for _ in range(count):
            parent = self.chain[-1].ref
            included: list[RecoveredTransaction] = []
            while len(included) < self.capacity and self._nonce() + len(included) in self.pool:
                tx = self.pool[self._nonce() + len(included)]
                if tx.transaction.max_fee_per_gas < self.base_fee:
                    break
                included.append(tx)
            for tx in included:
                del self.pool[tx.transaction.nonce]
            number = parent.number + 1
            self.salt += 1
            ref = L1BlockRef(
                hash=keccak256(parent.hash + self.salt.to_bytes(8, "big")),
                number=L1BlockNumber(number),
                parent_hash=parent.hash,
                timestamp=UnixSeconds(parent.timestamp + SECONDS_PER_L1_BLOCK),
            )
            self.chain.append(L1BlockStub(ref, tuple(included)))

    def reorg(self, depth: int, *, lose_transactions: bool = True) -> None:
        """Replace the last `depth` blocks by empty ones; their transactions are lost or go back to the pool."""
        dropped = [tx for block in self.chain[-depth:] for tx in block.transactions]
        del self.chain[-depth:]
        capacity, self.capacity = self.capacity, 0
        self.mine(depth)
        self.capacity = capacity
        if lose_transactions:
            self.pool.clear()
        else:
            self.pool.update({tx.transaction.nonce: tx for tx in dropped})

    def calldata(self) -> list[tuple[int, bytes]]:
        """(L1 block number, calldata) of all batcher transactions that the canonical chain holds."""
        return [
            (block.ref.number, tx.transaction.data)
            for block in self.chain
            for tx in block.transactions
            if tx.transaction.to == INBOX
        ]

    def _nonce(self) -> int:
        return sum(len(block.transactions) for block in self.chain)

    def _asked(self) -> None:
        if self.away:
            raise L1Unavailable("L1 endpoint did not answer")

    # what the sender and the batcher ask

    async def chain_id(self) -> int:
        return 900

    async def block_ref(self, which: int | Hash32 | str) -> L1BlockRef:
        self._asked()
        if isinstance(which, int):
            return self.chain[which].ref
        return self.chain[-1 if which == "latest" else max(-FINALITY, -len(self.chain))].ref

    async def nonce(self, address: Address, which: str = "latest") -> Nonce:
        self._asked()
        return Nonce(self._nonce())

    async def pending_nonce(self, address: Address) -> Nonce:
        self._asked()
        nonce = self._nonce()
        while nonce in self.pool:
            nonce += 1
        return Nonce(nonce)

    async def gas_price(self) -> tuple[Wei, Wei]:
        self._asked()
        return Wei(self.base_fee), Wei(10**9)

    async def estimate_gas(self, *, sender: Address, to: Address | None, data: bytes, value: int = 0) -> Gas:
        self._asked()
        return Gas(100_000)

    async def receipt(self, transaction_hash: Hash32) -> L1TransactionReceipt | None:
        self._asked()
        for block in self.chain:
            for tx in block.transactions:
                if tx.hash == transaction_hash:
                    return L1TransactionReceipt(
                        transaction_hash=tx.hash,
                        block_hash=block.ref.hash,
                        block_number=block.ref.number,
                        succeeded=True,
                        gas_used=Gas(21_000),
                        effective_gas_price=Wei(self.base_fee),
                        contract_address=None,
                        receipt=L1Receipt(succeeded=True, logs=()),
                    )
        return None

    async def send_raw_transaction(self, raw: bytes) -> Hash32:
        self._asked()
        self.fuse.moment()
        tx = recover_transaction(raw)
        if tx.transaction.nonce < self._nonce():
            raise L1Rejected("eth_sendRawTransaction: nonce too low (-32000)")
        there = self.pool.get(tx.transaction.nonce)
        if there is not None:
            if there.hash == tx.hash:
                raise L1Rejected("eth_sendRawTransaction: already known (-32000)")
            for offered in ("max_fee_per_gas", "max_priority_fee_per_gas"):
                if getattr(tx.transaction, offered) * 10 < getattr(there.transaction, offered) * 11:
                    raise L1Rejected("eth_sendRawTransaction: replacement transaction underpriced (-32000)")
        self.pool[tx.transaction.nonce] = tx
        self.fuse.moment()
        return tx.hash


@dataclass(frozen=True)
class Derived:
    """What L1 says about the L2 chain."""

    safe: int
    ranges: tuple[tuple[int, int], ...]
    """First and last block of every span batch that was read, in order, valid or not."""


class L2Stub:
    """An L2 chain of stub blocks and the derivation over it."""

    def __init__(self, l1: L1Stub, config: RollupConfig) -> None:
        self.l1 = l1
        self.config = config
        self.salt = 0
        self.transactions: dict[Hash32, tuple[bytes, ...]] = {}
        self.derivation_stopped_at: int | None = None
        """An L1 block number at which derivation stands still; None: it follows L1's head."""
        self.drops: Callable[[int], bool] = lambda _first: False
        """Batches that derivation drops, by their first block."""
        origin = l1.chain[0].ref.id
        genesis = config.genesis.l2
        first = L2BlockRef(
            hash=genesis.hash,
            number=L2BlockNumber(0),
            parent_hash=ZERO_HASH,
            timestamp=config.genesis.l2_time,
            l1_origin=origin,
            sequence_number=0,
        )
        self.chain = [first]

    def build(self, count: int = 1, *, transactions: int = 1, size: int = 100) -> None:
        for _ in range(count):
            parent = self.chain[-1]
            self.salt += 1
            block_hash = keccak256(parent.hash + self.salt.to_bytes(8, "big"))
            raws = [b"\x7edeposit"]
            raws += [self._transaction(block_hash, index, size) for index in range(transactions)]
            self.transactions[block_hash] = tuple(raws)
            origin = self._origin(parent)
            self.chain.append(
                L2BlockRef(
                    hash=block_hash,
                    number=L2BlockNumber(parent.number + 1),
                    parent_hash=parent.hash,
                    timestamp=UnixSeconds(parent.timestamp + self.config.block_time),
                    l1_origin=origin,
                    sequence_number=0 if origin != parent.l1_origin else parent.sequence_number + 1,
                )
            )

    def _origin(self, parent: L2BlockRef) -> BlockId:
        following = min(parent.l1_origin.number + 1, len(self.l1.chain) - 1)
        return self.l1.chain[following].ref.id

    def _transaction(self, block_hash: Hash32, index: int, size: int) -> bytes:
        noise = b"".join(keccak256(block_hash + i.to_bytes(2, "big")) for i in range(size // 32 + 1))[:size]
        unsigned = SignedTransaction(
            type=TransactionType.DYNAMIC_FEE,
            chain_id=L2_CHAIN,
            nonce=Nonce(index),
            gas_limit=Gas(21_000),
            max_fee_per_gas=Wei(10**9),
            max_priority_fee_per_gas=Wei(1),
            to=INBOX,
            value=Wei(1),
            data=noise,
            y_parity=0,
            r=0,
            s=0,
        )
        return sign_transaction(unsigned, KEY).raw

    def reorg(self, length: int) -> None:
        """Cut the chain to blocks 0 … length - 1."""
        del self.chain[length:]

    def derived(self) -> Derived:
        """Walk L1 from genesis: frames in strict order into one staging channel, span batches onto the safe head."""
        safe = 0
        ranges: list[tuple[int, int]] = []
        staging: tuple[bytes, int, bytes, int] | None = None  # id, next frame number, data, block of frame 0
        for number, data in self.l1.calldata():
            if number > self.derived_l1():
                break
            for frame in decode_frames(data):
                if frame.number == 0:
                    staging = (frame.channel_id, 1, frame.data, number)
                elif staging and (frame.channel_id, frame.number) == staging[:2]:
                    if number > staging[3] + self.config.channel_timeout:
                        staging = None
                        continue
                    staging = (staging[0], staging[1] + 1, staging[2] + frame.data, staging[3])
                else:
                    continue
                if frame.is_last:
                    safe = self._apply(staging[2], safe, number, ranges)
                    staging = None
        return Derived(safe, tuple(ranges))

    def _apply(self, data: bytes, safe: int, included: int, ranges: list[tuple[int, int]]) -> int:
        for encoded in read_batches(data):
            batch = decode_batch(encoded, self.config)
            assert isinstance(batch, SpanBatch)
            first = (batch.first_timestamp - self.config.genesis.l2_time) // self.config.block_time
            last = first + len(batch.transaction_counts) - 1
            ranges.append((first, last))
            if self._valid(batch, first, last, safe, included):
                safe = max(safe, last)
        return safe

    def _valid(self, batch: SpanBatch, first: int, last: int, safe: int, included: int) -> bool:
        if first > safe + 1 or last >= len(self.chain) or self.drops(first):
            return False
        in_time = self.chain[first].l1_origin.number + self.config.seq_window_size >= included
        parent_fits = self.chain[first - 1].hash[:20] == batch.parent_check
        return in_time and parent_fits and self._carries(batch, first, last)

    def _carries(self, batch: SpanBatch, first: int, last: int) -> bool:
        raws = [raw for ref in self.chain[first : last + 1] for raw in self.transactions[ref.hash][1:]]
        return tuple(raws) == tuple(batch.transactions)

    def derived_l1(self) -> int:
        head = self.l1.chain[-1].ref.number
        return head if self.derivation_stopped_at is None else min(head, self.derivation_stopped_at)

    # what the batcher asks

    async def heads(self) -> L2Heads:
        return L2Heads(
            unsafe=self.chain[-1],
            safe=self.chain[self.derived().safe],
            derived_l1=L1BlockNumber(self.derived_l1()),
        )

    async def canonical_hash(self, number: L2BlockNumber) -> Hash32 | None:
        return self.chain[number].hash if number < len(self.chain) else None

    async def block(self, number: L2BlockNumber) -> tuple[L2BlockRef, tuple[bytes, ...]] | None:
        if number >= len(self.chain):
            return None
        ref = self.chain[number]
        return ref, self.transactions[ref.hash]


class World:
    """Everything together; `restart` throws away all but the disk and the chains."""

    def __init__(
        self, config: BatcherConfig | None = None, window: int = 40, depth: int | None = None, channel_timeout: int = 10
    ) -> None:
        self.depth = depth
        self.fuse = Fuse()
        self.disk = Disk(self.fuse)
        self.salt = b""
        self.l1 = L1Stub(self.fuse)
        self.rollup = rollup_config(self.l1.chain[0].ref.id, window, channel_timeout)
        self.l2 = L2Stub(self.l1, self.rollup)
        self.now = 0.0
        self.config = config or BatcherConfig(
            max_transaction_bytes=600, target_channel_bytes=1_500, max_channel_duration=1, sequencing_window_margin=5
        )
        self.batcher = self.restart()

    def restart(self) -> Batcher:
        sender = L1TransactionSender(
            self.l1,
            KEY,
            MetaJournal(self.disk, b"\x21tx"),
            clock=lambda: self.now,
            config=SenderConfig(confirmation_depth=self.depth, resend_after=20.0, fees=FeePolicy(base_fee_multiple=1)),
        )
        self.sender = sender
        self.batcher = Batcher(
            l2=self.l2,
            l1=self.l1,
            sender=sender,
            outbox=Outbox(self.disk, b"\x21", salt=self.salt),
            rollup=self.rollup,
            config=self.config,
        )
        return self.batcher

    async def round(self, *, mine: int = 1) -> None:
        """One L1 block's time: the batcher looks, L1 mines."""
        await self.batcher.step()
        self.l1.mine(mine)
        self.now += SECONDS_PER_L1_BLOCK

    async def settle(self, rounds: int = 60) -> None:
        """Rounds until everything is safe and the outbox is empty."""
        for _ in range(rounds):
            if self.l2.derived().safe == len(self.l2.chain) - 1 and not self.outbox():
                return
            await self.round()
        raise AssertionError(f"not settled: safe {self.l2.derived().safe}, unsafe {len(self.l2.chain) - 1}")

    def outbox(self) -> list[bytes]:
        return [key for key, _ in self.disk.iterate_meta(b"\x21c")]

    def assert_each_block_posted_once(self) -> None:
        numbers = [number for first, last in self.l2.derived().ranges for number in range(first, last + 1)]
        assert numbers == list(range(1, len(self.l2.chain)))


def rollup_config(l1_genesis: BlockId, window: int, channel_timeout: int) -> RollupConfig:
    system = SystemConfig(batcher=BATCHER, gas_limit=Gas(20_000_000), base_fee_scalar=1, blob_base_fee_scalar=1)
    genesis = RollupGenesis(
        l1=l1_genesis, l2=BlockId(hash=keccak256(b"L2"), number=0), l2_time=UnixSeconds(1000), system_config=system
    )
    return RollupConfig(
        genesis=genesis,
        block_time=2,
        max_sequencer_drift=1800,
        seq_window_size=window,
        channel_timeout=channel_timeout,
        l1_chain_id=900,
        l2_chain_id=L2_CHAIN,
        batch_inbox=INBOX,
        deposit_contract=Address(b"\xdd" * 20),
        l1_system_config=Address(b"\xcc" * 20),
    )
