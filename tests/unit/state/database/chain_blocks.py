"""Blocks with real state roots for database tests: seeded, small, with transactions, logs and deletions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from state.blocks import EMPTY_TRIE_ROOT, Header, Log, Receipt, combine_blooms
from state.database import BlockRecord, StateDelta
from state.primitives import rlp
from state.primitives.crypto import KECCAK_EMPTY, keccak256
from state.primitives.types import ZERO_ADDRESS, ZERO_HASH, Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei
from state.transactions import TransactionType
from state.trie import ordered_root, update_trie


def address(number: int) -> Address:
    return Address(number.to_bytes(20, "big"))


def slot(number: int) -> bytes:
    return number.to_bytes(32, "big")


def topic(number: int) -> Hash32:
    return Hash32(b"topic" + number.to_bytes(27, "big"))


def log(emitter: int, *topics: int, data: bytes = b"") -> Log:
    return Log(address=address(emitter), topics=tuple(map(topic, topics)), data=data)


def account_leaf(nonce: int, storage_root: Hash32 = EMPTY_TRIE_ROOT) -> bytes:
    return rlp.encode([rlp.int_to_bytes(nonce), rlp.int_to_bytes(nonce * 10), storage_root, KECCAK_EMPTY])


def block_record(
    parent: BlockRecord | None,
    *,
    logs_by_transaction: tuple[tuple[Log, ...], ...] = (),
    delta: StateDelta | None = None,
    state_root: Hash32 = EMPTY_TRIE_ROOT,
    salt: bytes = b"",
) -> BlockRecord:
    """A block on `parent` with one transaction for each row of logs; `salt` tells siblings apart."""
    number = parent.header.number + 1 if parent else 0
    raws = tuple(b"raw" + number.to_bytes(8, "big") + bytes([i]) + salt for i in range(len(logs_by_transaction)))
    receipts = tuple(
        Receipt(type=TransactionType.DYNAMIC_FEE, succeeded=True, cumulative_gas_used=Gas(21_000 * (i + 1)), logs=logs)
        for i, logs in enumerate(logs_by_transaction)
    )
    header = Header(
        parent_hash=parent.hash if parent else ZERO_HASH,
        fee_recipient=ZERO_ADDRESS,
        state_root=state_root,
        transactions_root=ordered_root(raws),
        receipts_root=ordered_root([receipt.encode() for receipt in receipts]),
        logs_bloom=combine_blooms(receipt.bloom for receipt in receipts),
        number=BlockNumber(number),
        gas_limit=Gas(20_000_000),
        gas_used=Gas(21_000 * len(raws)),
        timestamp=UnixSeconds(number),
        extra_data=salt[:32],
        prev_randao=ZERO_HASH,
        base_fee_per_gas=Wei(7),
        withdrawals_root=EMPTY_TRIE_ROOT,
    )
    return BlockRecord(
        hash=header.hash,
        header=header,
        transactions=raws,
        transaction_hashes=tuple(map(keccak256, raws)),
        senders=tuple(address(0xA0 + i) for i in range(len(raws))),
        receipts=receipts,
        receipt_extras=tuple(bytes([i]) for i in range(len(raws))),
        delta=delta or StateDelta(),
    )


NodeReader = Callable[[Hash32], bytes | None]


@dataclass(slots=True)
class World:
    """A whole state as dictionaries; the model that the database is compared with."""

    nonces: dict[Address, int] = field(default_factory=dict)
    storage: dict[Address, dict[bytes, int]] = field(default_factory=dict)

    def copy(self) -> "World":
        return World(dict(self.nonces), {owner: dict(slots) for owner, slots in self.storage.items()})

    def storage_root(self, owner: Address) -> tuple[Hash32, dict[Hash32, bytes]]:
        leaves = {bytes(keccak256(key)): rlp.encode_int(value) for key, value in self.storage.get(owner, {}).items()}
        update = update_trie(NoNodes(), EMPTY_TRIE_ROOT, leaves)
        return update.root, update.nodes

    def accounts(self) -> dict[Address, bytes]:
        return {owner: account_leaf(nonce, self.storage_root(owner)[0]) for owner, nonce in self.nonces.items()}

    def slots(self) -> dict[tuple[Address, bytes], bytes]:
        return {
            (owner, key): rlp.encode_int(value) for owner, slots in self.storage.items() for key, value in slots.items()
        }


class NoNodes:
    def get_node(self, _node_hash: Hash32, /) -> bytes | None:
        return None


class NodesOf:
    def __init__(self, read: NodeReader) -> None:
        self.get_node = read


def change_world(world: World, random: Random) -> World:
    """A neighbour state: some accounts changed, some gone with their storage, some slots set or cleared."""
    after = world.copy()
    for _ in range(random.randint(1, 8)):
        owner = address(random.randint(1, 40))
        if random.random() < 0.2:
            after.nonces.pop(owner, None)
            after.storage.pop(owner, None)
            continue
        after.nonces[owner] = random.randint(1, 1_000_000)
        slots = after.storage.setdefault(owner, {})
        for _ in range(random.randint(0, 4)):
            key, value = slot(random.randint(0, 12)), random.randint(0, 3)
            if value:
                slots[key] = value
            else:
                slots.pop(key, None)
    return after


def record_for(
    parent: BlockRecord | None, before: World, after: World, read_node: NodeReader, random: Random
) -> BlockRecord:
    """The block that leads from one state to the other, with random logs."""
    old_accounts, new_accounts = before.accounts(), after.accounts()
    old_slots, new_slots = before.slots(), after.slots()
    touched = {owner: new_accounts.get(owner) for owner in old_accounts | new_accounts}
    touched = {owner: leaf for owner, leaf in touched.items() if leaf != old_accounts.get(owner)}
    slots = {key: new_slots.get(key) for key in old_slots | new_slots}
    slots = {key: value for key, value in slots.items() if value != old_slots.get(key)}
    parent_root = parent.header.state_root if parent else EMPTY_TRIE_ROOT
    update = update_trie(
        NodesOf(read_node), parent_root, {keccak256(owner): leaf or b"" for owner, leaf in touched.items()}
    )
    nodes = dict(update.nodes)
    for owner in {owner for owner, _ in slots}:
        nodes.update(after.storage_root(owner)[1])
    rows = tuple(
        tuple(
            log(random.randint(1, 4), *(random.randint(0, 3) for _ in range(random.randint(0, 4))))
            for _ in range(random.randint(0, 3))
        )
        for _ in range(random.randint(0, 4))
    )
    return block_record(
        parent,
        logs_by_transaction=rows,
        delta=StateDelta(accounts=touched, storage=slots, nodes=nodes),
        state_root=update.root,
        salt=random.randbytes(8),
    )
