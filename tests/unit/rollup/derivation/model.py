"""A tiny rollup: an L1 that mines what it is given, an L2 whose blocks are hashes of their attributes, a batcher.

Execution is replaced by hashing, so that two chains are equal exactly if all their attributes are.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rollup.codec import (
    Frame,
    SingularBatch,
    compress_brotli,
    decode_l1_attributes_deposit,
    encode_batch,
    encode_deposit_log,
    encode_frames,
    span_batch_of,
    split_frames,
)
from rollup.codec.batches import Batch
from rollup.derivation import DerivationPipeline, DerivedAttributes, NeedL1Block, prepare_attributes
from rollup.types import (
    L1Block,
    L1BlockNumber,
    L1Receipt,
    L2BlockNumber,
    L2BlockRef,
    PayloadAttributes,
    RollupConfig,
    SystemConfig,
)
from state.blocks import EMPTY_TRIE_ROOT, Header, Log
from state.primitives import rlp
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import ZERO_HASH, Address, BlockNumber, Gas, Nonce, UnixSeconds, Wei
from state.transactions import DepositTransaction, SignedTransaction, TransactionType, sign_transaction
from tests.unit.rollup.codec.builders import KEY, make_config, make_transaction

L1_TIME = 12
OTHER_KEY = keccak256(b"another batcher")
CHANNEL = b"\x0c" * 16


def l1_header(parent: L1Block | None, timestamp: int, salt: bytes = b"") -> Header:
    number = 100 if parent is None else parent.header.number + 1
    return Header(
        parent_hash=ZERO_HASH if parent is None else parent.hash,
        fee_recipient=Address(bytes(20)),
        state_root=keccak256(b"state" + salt),
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=BlockNumber(number),
        gas_limit=Gas(30_000_000),
        gas_used=Gas(0),
        timestamp=UnixSeconds(timestamp),
        extra_data=b"",
        prev_randao=keccak256(b"randao" + number.to_bytes(8, "big")),
        base_fee_per_gas=Wei(7 + number),
        withdrawals_root=EMPTY_TRIE_ROOT,
        parent_beacon_block_root=keccak256(b"beacon" + number.to_bytes(8, "big")),
    )


class L1Chain:
    """Blocks from number 100 on, 12 seconds apart unless told otherwise."""

    def __init__(self) -> None:
        header = l1_header(None, 1_000_000)
        self.blocks = [L1Block(hash=header.hash, header=header, blob_base_fee=1, transactions=(), receipts=())]

    @property
    def head(self) -> L1Block:
        return self.blocks[-1]

    def at(self, number: int) -> L1Block | None:
        index = number - 100
        return self.blocks[index] if 0 <= index < len(self.blocks) else None

    def mine(
        self,
        *transactions: bytes,
        logs: Sequence[Log] = (),
        succeeded: bool = True,
        seconds: int = L1_TIME,
        salt: bytes = b"",
    ) -> L1Block:
        """Appends a block whose first receipt has `logs`."""
        header = l1_header(self.head, self.head.header.timestamp + seconds, salt)
        receipts = [L1Receipt(succeeded=True, logs=tuple(logs))]
        receipts += [L1Receipt(succeeded=succeeded, logs=()) for _ in transactions]
        block = L1Block(
            hash=header.hash,
            header=header,
            blob_base_fee=1,
            transactions=(b"\x02", *transactions),
            receipts=tuple(receipts),
        )
        self.blocks.append(block)
        return block

    def mine_empty(self, count: int) -> None:
        for _ in range(count):
            self.mine()


def make_rollup_config(l1: L1Chain, **changes: int) -> RollupConfig:
    config = make_config()
    genesis = dataclasses.replace(config.genesis, l1=l1.blocks[0].ref.id)
    return dataclasses.replace(config, genesis=genesis, **changes)  # type: ignore[arg-type]


def genesis_ref(config: RollupConfig) -> L2BlockRef:
    return L2BlockRef(
        hash=config.genesis.l2.hash,
        number=L2BlockNumber(0),
        parent_hash=ZERO_HASH,
        timestamp=config.genesis.l2_time,
        l1_origin=config.genesis.l1,
        sequence_number=0,
    )


def execute(parent: L2BlockRef, attributes: PayloadAttributes) -> L2BlockRef:
    """The block that `attributes` become on `parent`: its hash commits to all of them."""
    info = decode_l1_attributes_deposit(attributes.transactions[0])
    content = [
        parent.hash,
        rlp.int_to_bytes(attributes.timestamp),
        attributes.prev_randao,
        attributes.fee_recipient,
        attributes.parent_beacon_block_root,
        list(attributes.transactions),
        rlp.int_to_bytes(attributes.gas_limit),
        attributes.eip1559_params,
    ]
    return L2BlockRef(
        hash=keccak256(rlp.encode(content)),
        number=L2BlockNumber(parent.number + 1),
        parent_hash=parent.hash,
        timestamp=attributes.timestamp,
        l1_origin=info.l1_origin,
        sequence_number=info.sequence_number,
    )


@dataclass
class SequencedBlock:
    """A block of the sequencer's, with the transactions that go into a batch."""

    ref: L2BlockRef
    transactions: tuple[bytes, ...]
    attributes: PayloadAttributes | None = None


class Sequencer:
    """Builds L2 blocks that obey the rules, unless it is told not to."""

    def __init__(self, config: RollupConfig, l1: L1Chain, head: L2BlockRef | None = None) -> None:
        self.config = config
        self.l1 = l1
        self.head = head or genesis_ref(config)
        self.system_config = config.genesis.system_config
        self.nonce = 0

    def build(self, *, origin: L1Block | None = None, transactions: int = 1) -> SequencedBlock:
        """One block; its origin moves on as soon as time allows, staying a block behind L1's head."""
        timestamp = UnixSeconds(self.head.timestamp + self.config.block_time)
        origin = origin or self._next_origin(timestamp)
        attributes = prepare_attributes(self.config, self.head, self.system_config, origin, timestamp)
        raw = tuple(make_transaction(nonce=self.nonce + i, data=b"payload") for i in range(transactions))
        self.nonce += transactions
        attributes = dataclasses.replace(attributes, transactions=(*attributes.transactions, *raw))
        self.system_config = self._system_config_in(attributes)
        self.head = execute(self.head, attributes)
        return SequencedBlock(ref=self.head, transactions=raw, attributes=attributes)

    def _next_origin(self, timestamp: int) -> L1Block:
        current, following = (self.l1.at(self.head.l1_origin.number + step) for step in (0, 1))
        assert current is not None
        if following is not None and following.header.timestamp <= timestamp and following is not self.l1.head:
            return following
        return current

    def _system_config_in(self, attributes: PayloadAttributes) -> SystemConfig:
        info = decode_l1_attributes_deposit(attributes.transactions[0])
        return dataclasses.replace(
            self.system_config,
            batcher=info.batcher,
            gas_limit=attributes.gas_limit,
            base_fee_scalar=info.base_fee_scalar,
            blob_base_fee_scalar=info.blob_base_fee_scalar,
        )

    def build_many(self, count: int) -> list[SequencedBlock]:
        return [self.build() for _ in range(count)]


def span_of(blocks: Sequence[SequencedBlock], config: RollupConfig) -> Batch:
    return span_batch_of([(block.ref, block.transactions) for block in blocks], config)


def singular_of(block: SequencedBlock) -> SingularBatch:
    ref = block.ref
    return SingularBatch(
        parent_hash=ref.parent_hash,
        epoch_number=L1BlockNumber(ref.l1_origin.number),
        epoch_hash=ref.l1_origin.hash,
        timestamp=ref.timestamp,
        transactions=block.transactions,
    )


def channel_of(batches: Iterable[Batch | bytes], config: RollupConfig) -> bytes:
    """Channel data; bytes among the batches go in as they are."""
    encoded = [batch if isinstance(batch, bytes) else encode_batch(batch, config) for batch in batches]
    return compress_brotli(b"".join(map(rlp.encode_string, encoded)), quality=1)


def frames_of(batches: Iterable[Batch | bytes], config: RollupConfig, *, channel: bytes = CHANNEL) -> list[Frame]:
    """The channel in three frames or so."""
    data = channel_of(batches, config)
    return list(split_frames(channel, data, 23 + max(1, -(-len(data) // 3))))


def batcher_transaction(
    config: RollupConfig,
    frames: Iterable[Frame],
    *,
    key: bytes = KEY,
    to: Address | None = None,
    kind: TransactionType = TransactionType.DYNAMIC_FEE,
) -> bytes:
    return inbox_transaction(config, encode_frames(frames), key=key, to=to, kind=kind)


def inbox_transaction(
    config: RollupConfig,
    data: bytes,
    *,
    key: bytes = KEY,
    to: Address | None = None,
    kind: TransactionType = TransactionType.DYNAMIC_FEE,
) -> bytes:
    unsigned = SignedTransaction(
        type=kind,
        chain_id=config.l1_chain_id,
        nonce=Nonce(0),
        gas_limit=Gas(1_000_000),
        max_fee_per_gas=Wei(10**9),
        max_priority_fee_per_gas=Wei(10**9),
        to=to or config.batch_inbox,
        value=Wei(0),
        data=data,
        y_parity=0,
        r=0,
        s=0,
    )
    return sign_transaction(unsigned, key).raw


def user_deposit_log(config: RollupConfig, value: int = 5) -> Log:
    deposit = DepositTransaction(
        source_hash=ZERO_HASH,
        sender=Address(b"\x01" * 20),
        to=Address(b"\x02" * 20),
        mint=Wei(value),
        value=Wei(value),
        gas_limit=Gas(100_000),
        is_system_transaction=False,
        data=b"",
    )
    return encode_deposit_log(deposit, config.deposit_contract)


@dataclass
class Follower:
    """A driver of the pipeline in ten lines: no engine, no clock."""

    config: RollupConfig
    l1: L1Chain
    reject: Callable[[PayloadAttributes], bool] = lambda attributes: False
    chain: list[L2BlockRef] = field(default_factory=list)
    derived: list[DerivedAttributes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chain = [genesis_ref(self.config)]
        self.pipeline = DerivationPipeline(self.config, self.block_at)
        self.pipeline.reset(self.l1.blocks[0], self.head, self.config.genesis.system_config)

    @property
    def head(self) -> L2BlockRef:
        return self.chain[-1]

    def block_at(self, number: int) -> L2BlockRef | None:
        return self.chain[number] if 0 <= number < len(self.chain) else None

    def derive(self) -> list[L2BlockRef]:
        """Derives all that L1 gives; returns the new safe blocks."""
        before = len(self.chain)
        while True:
            step = self.pipeline.step(self.head)
            if isinstance(step, NeedL1Block):
                block = self.l1.at(step.number)
                if block is None:
                    return self.chain[before:]
                self.pipeline.provide(block)
            else:
                assert isinstance(step, DerivedAttributes)
                self._apply(step)

    def _apply(self, step: DerivedAttributes) -> None:
        attributes = step.attributes
        if self.reject(attributes):
            self.pipeline.reject_payload()
            attributes = attributes.deposits_only()
        self.derived.append(step)
        self.chain.append(execute(self.head, attributes))


def batcher_of(key: bytes) -> Address:
    return private_key_to_address(key)
