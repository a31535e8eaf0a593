"""The product's own L2 in memory, driven through its contracts by signed transactions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from eth_hash.auto import keccak

from contracts.addresses import OPEN_PREDEPLOYS
from contracts.datanets import contribution_commitment
from contracts.genesis import l2_genesis
from contracts.genesis_config import GenesisConfig
from contracts.interface import interface
from contracts.records import Batch, Record, Share, batch_hash, encode_batch, encode_record, record_fee
from contracts.vouchers import Voucher, sign_voucher
from rollup.indexer import Economy
from rpc.views.economy import economy_json
from state.blocks import Receipt
from state.database import ChainDatabase, Heads, MemoryStore
from state.execution.port import ChainRules
from state.primitives.crypto import private_key_to_address, sign_digest
from state.primitives.types import Address, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.queries import StateQueries
from state.transactions import Authorization, RecoveredTransaction, SignedTransaction, TransactionType, sign_transaction
from state.transactions.signing import authorization_hash
from state.transition import BlockAttributes, BlockBuilder, GenesisSpec, genesis_record
from tests.compared import both_executors

OPEN = 10**18
GWEI = 10**9
CHAIN_ID = 161_299
RULES = ChainRules(chain_id=CHAIN_ID, is_optimism=True)
OWNER, ALICE, BOB, BUYER, WORKER = (bytes([0x51 + i]) * 32 for i in range(5))
KEYS = (OWNER, ALICE, BOB, BUYER, WORKER)
PRICE_IN, PRICE_OUT = OPEN // 5, 3 * OPEN // 5


def address_of(key: bytes) -> Address:
    return private_key_to_address(key)


def hexed(key: bytes) -> str:
    return "0x" + address_of(key).hex()


def padded(value: int | bytes) -> bytes:
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


class OpenNetwork:
    """Blocks on the product's genesis; `economy` answers about it."""

    def __init__(self, *, index_addresses: bool = False) -> None:
        self.config = GenesisConfig(
            operator=address_of(OWNER),
            timestamp=1_700_000_000,
            accounts=tuple((address_of(k), 10**6 * OPEN) for k in KEYS),
        )
        genesis = genesis_record(GenesisSpec.from_json(l2_genesis(self.config)), RULES)
        self.db = ChainDatabase(MemoryStore(), index_addresses=index_addresses)
        self.db.initialise(genesis)
        self.genesis = genesis
        self.executor = both_executors()
        self.queries = StateQueries(self.db, self.executor, RULES)
        self.economy = Economy(self.queries)
        self.nonces = dict.fromkeys(KEYS, 0)

    @property
    def head(self) -> Hash32:
        return self.db.flat_head()

    @property
    def number(self) -> int:
        return int(self.db.require_header(self.head).number)

    def ask(self, question: str, **arguments: Any) -> dict[str, Any]:
        """The answer, which JSON-RPC can write down as it is."""
        answer: dict[str, Any] = self.economy.ask(question, self.head, arguments)
        orjson.dumps(economy_json(answer))
        return answer

    def call(self, key: bytes, contract: str, function: str, *arguments: Any, value: int = 0) -> RecoveredTransaction:
        data = interface(contract).encode_call(function, *arguments)
        return self.sign(key, to=Address(OPEN_PREDEPLOYS[contract]), value=Wei(value), data=data)

    def sign(self, key: bytes, **changes: Any) -> RecoveredTransaction:
        """A transaction with the account's next nonce."""
        fields: dict[str, Any] = {
            "type": TransactionType.DYNAMIC_FEE,
            "chain_id": CHAIN_ID,
            "nonce": Nonce(self.nonces[key]),
            "gas_limit": Gas(6_000_000),
            "max_fee_per_gas": Wei(3 * GWEI),
            "max_priority_fee_per_gas": Wei(1),
            "value": Wei(0),
            "data": b"",
            "y_parity": 0,
            "r": 0,
            "s": 0,
        }
        self.nonces[key] += 1
        return sign_transaction(SignedTransaction(**(fields | changes)), key)

    def mine(self, *transactions: RecoveredTransaction, seconds: int = 2, succeed: bool = True) -> list[Receipt]:
        """The next block's receipts."""
        parent = self.db.require_header(self.head)
        attributes = BlockAttributes(
            timestamp=UnixSeconds(parent.timestamp + seconds),
            fee_recipient=Address(bytes.fromhex("4200000000000000000000000000000000000011")),
            prev_randao=Hash32(b"\x05" * 32),
            gas_limit=Gas(20_000_000),
            extra_data=self.config.extra_data,
        )
        builder = BlockBuilder(self.db, self.executor, RULES, self.head, attributes)
        for transaction in transactions:
            outcome = builder.apply(transaction, transaction.raw)
            assert outcome.succeeded is succeed, (outcome.error, outcome.output.hex())
        record = builder.seal().record
        self.db.commit_block(record, Heads(unsafe=record.hash, safe=self.genesis.hash, finalized=self.genesis.hash))
        return list(record.receipts)

    def send(self, key: bytes, contract: str, function: str, *arguments: Any, value: int = 0, seconds: int = 2) -> None:
        """A block with this one call."""
        self.mine(self.call(key, contract, function, *arguments, value=value), seconds=seconds)

    def rewind(self, number: int) -> None:
        """The chain ends at `number` again."""
        target = self.db.canonical_hash(number)
        assert target is not None
        self.db.rewind_to(target, Heads(unsafe=target, safe=self.genesis.hash, finalized=self.genesis.hash))
        self.nonces = {key: int(self.queries.account(target, address_of(key)).nonce) for key in KEYS}

    # the economy's steps

    def furnish(self) -> None:
        """Two Datanets; two contributions by Alice, one by Bob; model 1 on the first, model 2 with model 1 as a parent.

        The worker has its stake, the buyer has set money aside.
        """
        self.create_datanet()
        self.create_datanet("medicine", share_bps=0)
        self.contribute(ALICE, 1, b"alice", number=1)
        self.contribute(BOB, 1, b"bob", number=2)
        self.contribute(ALICE, 2, b"alice too", number=3)
        self.send(OWNER, "Datanets", "publishVersion", 1)
        self.send(OWNER, "Datanets", "publishVersion", 2)
        self.deploy_model(1, 1)
        self.deploy_model(2, 2, parents=[1])
        self.stake()

    def create_datanet(self, name: str = "law", share_bps: int = 1_000) -> None:
        terms, policy = (True, True, True, share_bps, 0), (OPEN, 0, 0, 0, 60, 60)
        self.send(OWNER, "Datanets", "create", name, f"ipfs://{name}", bytes(32), terms, policy)

    def contribute(self, key: bytes, datanet: int, content: bytes, *, number: int, rows: int = 5) -> bytes:
        """The content root of contribution `number`, which is accepted."""
        root, salt = keccak(content), keccak(b"salt" + content)
        commitment = contribution_commitment(hexed(key), datanet, root, salt)
        self.send(key, "Datanets", "commitContribution", commitment)
        self.send(key, "Datanets", "contribute", datanet, root, rows, "ipfs://rows", salt, value=OPEN)
        self.send(OWNER, "Datanets", "finalize", number)
        return root

    def deploy_model(self, model: int, datanet: int, version: int = 1, parents: Sequence[int] = ()) -> None:
        spec = (f"model {model}", "ipfs://m", b"\7" * 32, list(parents), [datanet])
        self.send(OWNER, "Models", "register", spec)
        self.send(OWNER, "Models", "recordTraining", model, b"\1" * 32, b"\2" * 32, 3, [datanet], [version])
        self.send(OWNER, "Models", "recordEvaluation", model, 1, keccak(b"bench"), -812_000, b"\3" * 32)
        self.send(OWNER, "Models", "deploy", model, 1, PRICE_IN, PRICE_OUT, 250_000)

    def stake(self) -> None:
        self.send(WORKER, "Staking", "stake", 2, padded(address_of(WORKER)), value=100 * OPEN)
        self.send(BUYER, "Inference", "depositFor", hexed(WORKER), value=1_000 * OPEN)

    def delegate(self, key: bytes, code: bytes) -> None:
        """The account runs the code at that address from now on (EIP-7702)."""
        unsigned = Authorization(
            chain_id=CHAIN_ID, address=Address(code), nonce=Nonce(self.nonces[key]), y_parity=0, r=0, s=0
        )
        y_parity, r, s = sign_digest(key, authorization_hash(unsigned))
        self.nonces[key] += 1
        signed = replace(unsigned, y_parity=y_parity, r=r, s=s)
        self.mine(self.sign(OWNER, type=TransactionType.SET_CODE, to=address_of(OWNER), authorizations=(signed,)))

    def settlement(self, nonce: int, *records: Record, owed: int) -> tuple[bytes, bytes]:
        """(the batch's hash, the calldata of its settlement); `owed` is the buyer's cumulative amount after it."""
        batch = Batch(
            chain_id=CHAIN_ID,
            worker=address_of(WORKER),
            nonce=nonce,
            payers=(address_of(BUYER),),
            records=records,
        )
        voucher = Voucher(payer=hexed(BUYER), worker=hexed(WORKER), session=0, cumulative=owed)
        signature = sign_voucher(voucher, BUYER, chain_id=CHAIN_ID)
        data = encode_batch(batch)
        return batch_hash(data), interface("Inference").encode_call("settle", [voucher.as_tuple()], [signature], data)

    def settle(self, nonce: int, *records: Record, owed: int) -> bytes:
        """The batch's hash, which is settled."""
        batch, calldata = self.settlement(nonce, *records, owed=owed)
        self.mine(self.sign(WORKER, to=Address(OPEN_PREDEPLOYS["Inference"]), data=calldata))
        return batch

    def answer_escrowed(self, shares: Sequence[tuple[int, int]]) -> None:
        """A request in escrow is made, fulfilled and released."""
        deadline = self.db.require_header(self.head).timestamp + 1_000
        made = self.call(
            BUYER, "Inference", "request", 1, hexed(WORKER), b"\4" * 32, "ipfs://q", b"key", 100, 50, deadline,
            value=FEE,
        )  # fmt: skip
        (receipt,) = self.mine(made)
        request_id = receipt.logs[0].topics[1]
        answer = record(shares=shares, request_id=bytes(request_id))
        self.send(WORKER, "Inference", "fulfil", request_id, "ipfs://a", encode_record(answer))
        self.send(WORKER, "Inference", "release", request_id, seconds=60)

    def propose(self, epoch: int, root: bytes, total: int, *, parent: bytes = bytes(32), first: int = 0) -> int:
        """The last block of the epoch that is proposed now and final a few blocks later."""
        last = self.number
        self.mine()
        self.send(OWNER, "Attribution", "proposeEpoch", epoch, parent, first, last, root, total, value=OPEN)
        self.send(OWNER, "Attribution", "finalizeEpoch", epoch, seconds=60)
        return last


def record(
    *, shares: Sequence[tuple[int, int]] = ((1, 400_000), (2, 600_000)), request_id: bytes | None = None, model: int = 1
) -> Record:
    return Record(
        model_id=model,
        checkpoint=1,
        payer_index=0,
        tokens_in=100,
        tokens_out=50,
        method=0,
        evidence_ppm=1_000_000,
        record_hash=keccak(b"record"),
        request_id=request_id,
        shares=tuple(Share(contribution_id=c, ppm=p) for c, p in shares),
    )


FEE = record_fee(100, 50, PRICE_IN, PRICE_OUT)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a transaction that is run again takes its time."""
    monkeypatch.setattr("rollup.indexer.snapshot.REPLAY_SECONDS", 120.0)


@pytest.fixture
def network() -> OpenNetwork:
    """As `furnish` leaves it."""
    made = OpenNetwork()
    made.furnish()
    return made
