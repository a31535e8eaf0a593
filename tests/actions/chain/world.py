"""The rollup of `tests/actions/network`, moved act by act instead of second by second.

An act is an L1 block, an L2 block, a batch, or derivation up to L1's head.
"""

import dataclasses
from pathlib import Path
from typing import Any, Final

from eth_abi.abi import encode

from contracts.signatures import selector
from rollup.codec import ChannelOut, encode_frames
from rollup.driver import Driver
from rollup.types import L2BlockRef, SystemConfig
from state.blocks import Receipt
from state.execution.fast import FastExecutor
from state.execution.port import ChainRules
from state.primitives.crypto import keccak256, private_key_to_address, sign_digest
from state.primitives.types import Address, BlockNumber, Gas, Hash32, Nonce, Wei
from state.queries import StateQueries
from state.transactions import (
    AnyTransaction,
    Authorization,
    DepositTransaction,
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
    decode_transaction,
    sign_transaction,
)
from state.transactions.signing import authorization_hash
from state.world.types import EMPTY_ACCOUNT, Account
from tests.actions.network.world import BATCHER, L1_SLOT, OPERATOR, USERS, FragileStore, Network, Node

NOBODY: Final = Address(b"\x99" * 20)
DEPOSIT: Final = selector("depositTransaction(address,uint256,uint64,bool,bytes)")


class World(Network):
    """One L1, a sequencer, a follower that derives all the time, a clock."""

    def __init__(
        self,
        evidence: Path,
        *,
        window: int = 600,
        drift: int = 1800,
        l1_confirmations: int = 0,
    ) -> None:
        self._drift = drift
        super().__init__(evidence, window=window, l1_confirmations=l1_confirmations)

    def _begin(self, *, l1_hash: Hash32, l1_number: int) -> None:
        super()._begin(l1_hash=l1_hash, l1_number=l1_number)
        self.rollup = dataclasses.replace(self.rollup, max_sequencer_drift=self._drift)
        self.sequencer = Node(self, FragileStore(), sequences=True)
        self.follower = Node(self, FragileStore(), sequences=False)

    # Acts

    def act_l1_block(self, count: int = 1) -> None:
        """L1 goes on by `count` slots; the clock is at the last one's begin, or stays if it is there already."""
        for _ in range(count):
            head = self.chain.db.require_header(self.chain.db.flat_head())
            self.now = max(self.now, float(head.timestamp + L1_SLOT))
            self.chain.tick()

    async def act_sequence(self, count: int = 1) -> L2BlockRef:
        """That many L2 blocks, the clock with them. Returns the last."""
        for _ in range(count):
            self.now = max(self.now, float(self.sequencer.engine.unsafe_head.timestamp + 1))
            assert await self.sequencer.sequencer.step() is not None, "the sequencer waits for L1"
        return self.sequencer.engine.unsafe_head

    async def act_batch(self) -> None:
        """All unsafe blocks to L1's pool, as far as the batcher's rules allow."""
        await self.sequencer.batcher.step(flush=True)

    async def act_derive(self) -> None:
        """Both nodes up to L1's head."""
        await self.sequencer.derive()
        await self.follower.derive()

    async def act_epoch(self, blocks: int = 3) -> L2BlockRef:
        """An L1 block, a few L2 blocks on it, their batch (which the next L1 block takes). Returns the last block."""
        self.act_l1_block()
        await self.act_derive()
        last = await self.act_sequence(blocks)
        await self.act_batch()
        return last

    async def act_safe(self, slots: int = 40) -> None:
        """L1 and the batcher go on until the present unsafe head is safe on both nodes."""
        wanted = self.sequencer.engine.unsafe_head.number
        for _ in range(slots):
            await self.act_batch()
            self.act_l1_block()
            await self.act_derive()
            if self.sequencer.engine.safe_head.number >= wanted:
                self.assert_agreement()
                return
        raise AssertionError(f"block {wanted} is not safe: {self.sequencer.driver.status}")

    def restart_follower(self) -> None:
        """Its process is killed and started again on the same disk."""
        self.follower = Node(self, self.follower.store, sequences=False)

    def new_follower(self) -> Node:
        """One with an empty disk."""
        return Node(self, FragileStore(), sequences=False)

    # Transactions

    def send(self, user: int, **fields: Any) -> RecoveredTransaction:
        """A user's next transaction, in the sequencer's pool. `fields` are SignedTransaction's."""
        signed = self.sign(user, nonce=self.nonces[user], **fields)
        self.sequencer.pool.add(signed.raw)
        self.nonces[user] += 1
        self.sent.append(signed.hash)
        self.raws.append(signed.raw)
        return signed

    def sign(self, user: int, *, nonce: int, **fields: Any) -> RecoveredTransaction:
        """The same, but in nobody's pool."""
        chosen = {"to": NOBODY, "value": Wei(1), "data": b"", "gas_limit": Gas(300_000)} | fields
        return sign_transaction(_unsigned(self.rollup.l2_chain_id, nonce, chosen), USERS[user])

    def authorization(self, user: int, nonce: int, to: bytes) -> Authorization:
        """A user's wish that its account runs the code at `to` (EIP-7702)."""
        unsigned = Authorization(
            chain_id=self.rollup.l2_chain_id, address=Address(to), nonce=Nonce(nonce), y_parity=0, r=0, s=0
        )
        y_parity, r, s = sign_digest(USERS[user], authorization_hash(unsigned))
        return dataclasses.replace(unsigned, y_parity=y_parity, r=r, s=s)

    def send_l1(self, key: bytes, to: Address | None, data: bytes, *, value: int = 0) -> RecoveredTransaction:
        """A transaction in L1's pool."""
        nonce = self.chain.pool.pending_nonce(private_key_to_address(key))
        chosen = {"to": to, "value": Wei(value), "data": data, "gas_limit": Gas(3_000_000)}
        signed = sign_transaction(_unsigned(self.config.l1_chain_id, nonce, chosen), key)
        self.chain.submit(signed.raw)
        return signed

    def deposit(
        self,
        key: bytes,
        to: Address | None,
        *,
        mint: int = 0,
        value: int = 0,
        gas: int = 200_000,
        data: bytes = b"",
    ) -> RecoveredTransaction:
        """A deposit through the portal; `to` None creates a contract."""
        return self.send_l1(key, self.rollup.deposit_contract, deposit_call(to, value, gas, data), value=mint)

    def configure(self, function: str, *arguments: int) -> None:
        """A call of SystemConfig by its owner, in L1's pool, e.g. ("setGasLimit(uint64)", 10_000_000)."""
        types = function[function.index("(") + 1 : -1].split(",")
        words = zip(types, arguments, strict=True)
        values = [one.to_bytes(32, "big") if kind == "bytes32" else one for kind, one in words]
        self.send_l1(OPERATOR, self.rollup.l1_system_config, selector(function) + encode(types, values))

    def post_blocks(self, *blocks: tuple[L2BlockRef, tuple[bytes, ...]], key: bytes = BATCHER) -> None:
        """One channel with one span of these blocks, in L1's pool, whoever would have built them."""
        channel = ChannelOut(keccak256(b"".join(ref.hash for ref, _ in blocks))[:16], self.rollup)
        for ref, transactions in blocks:
            channel.add_block(ref, transactions)
        for frame in channel.frames(100_000):
            self.send_l1(key, self.rollup.batch_inbox, encode_frames([frame]))

    # Reading

    def transactions(self, number: int, node: Node | None = None) -> list[AnyTransaction]:
        """Of the canonical L2 block at a height."""
        db = (node or self.sequencer).db
        block = db.block(_existing(db.canonical_hash(BlockNumber(number))))
        assert block is not None
        return [decode_transaction(raw) for raw in block.transactions]

    def user_transactions(self, number: int, node: Node | None = None) -> list[AnyTransaction]:
        """The same without deposits."""
        return [one for one in self.transactions(number, node) if not isinstance(one, DepositTransaction)]

    def user_deposits(self, node: Node | None = None) -> dict[int, list[DepositTransaction]]:
        """By height of the L2 block, up to the safe head; only blocks that have any."""
        found = {}
        for number in range(1, (node or self.follower).engine.safe_head.number + 1):
            one = [tx for tx in self.transactions(number, node or self.follower) if isinstance(tx, DepositTransaction)]
            if len(one) > 1:
                found[number] = one[1:]
        return found

    def receipts(self, number: int, node: Node | None = None) -> tuple[Receipt, ...]:
        """Of the canonical L2 block at a height."""
        db = (node or self.follower).db
        record = db.block_record(_existing(db.canonical_hash(BlockNumber(number))))
        assert record is not None
        return tuple(record.receipts)

    def account(self, address: Address, node: Node | None = None) -> Account:
        """At the safe head."""
        engine = (node or self.follower).engine
        queries = StateQueries(engine.db, FastExecutor(), self._rules)
        return queries.account(engine.safe_head.hash, address) or EMPTY_ACCOUNT

    def succeeded(self, transaction_hash: Hash32, node: Node | None = None) -> bool:
        """Its receipt's status. Fails where the transaction is in no canonical block."""
        db = (node or self.follower).db
        place = db.transaction_location(transaction_hash)
        assert place is not None, f"0x{transaction_hash.hex()} is in no block"
        record = db.block_record(place[0])
        assert record is not None
        return record.receipts[place[1]].succeeded

    def system_config(self, number: int, node: Node | None = None) -> SystemConfig:
        """That the L2 block at a height was built with."""
        engine = (node or self.follower).engine
        ref = engine.ref_by_number(number)
        assert ref is not None
        return engine.system_config_at(ref)

    def assert_agreement(self) -> None:
        """The follower has the sequencer's blocks, hash by hash, up to the safe head."""
        safe = self.follower.engine.safe_head
        assert safe == self.sequencer.engine.safe_head
        for number in range(safe.number + 1):
            assert self.follower.db.canonical_hash(number) == self.sequencer.db.canonical_hash(number), number

    def safe_hashes(self, node: Node) -> list[Hash32]:
        """By height, genesis first."""
        return [_existing(node.db.canonical_hash(BlockNumber(n))) for n in range(node.engine.safe_head.number + 1)]

    @property
    def _rules(self) -> ChainRules:
        return ChainRules(chain_id=self.rollup.l2_chain_id, is_optimism=True)


def deposit_call(to: Address | None, value: int, gas: int, data: bytes) -> bytes:
    """Calldata for the portal."""
    arguments = [to or bytes(20), value, gas, to is None, data]
    return DEPOSIT + encode(["address", "uint256", "uint64", "bool", "bytes"], arguments)


def heads(driver: Driver) -> tuple[int, int]:
    """(safe, finalized) heights."""
    return driver.status.safe_l2.number, driver.status.finalized_l2.number


def _unsigned(chain_id: int, nonce: int, fields: dict[str, Any]) -> SignedTransaction:
    defaults = {
        "type": TransactionType.DYNAMIC_FEE,
        "chain_id": chain_id,
        "nonce": Nonce(nonce),
        "max_fee_per_gas": Wei(10**11),
        "max_priority_fee_per_gas": Wei(10**9),
        "y_parity": 0,
        "r": 0,
        "s": 0,
    }
    return SignedTransaction(**(defaults | fields))


def _existing(block_hash: Hash32 | None) -> Hash32:
    assert block_hash is not None
    return block_hash
