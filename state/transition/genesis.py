"""genesis.json (op-geth's format) to the genesis block.

The file holds balances, nonces, code and storage; the block's state root, and on L2 its withdrawals root (the message
passer's storage root, Isthmus), follow from them. Nothing executes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.addresses import L2_TO_L1_MESSAGE_PASSER
from state.blocks import EMPTY_TRIE_ROOT, Header, decode_holocene_extra_data
from state.database import BlockRecord
from state.errors import DecodeError
from state.execution.port import ChainRules
from state.primitives.crypto import KECCAK_EMPTY, keccak256
from state.primitives.types import (
    UINT64_MAX,
    UINT256_MAX,
    ZERO_HASH,
    Address,
    BlockNumber,
    Gas,
    Hash32,
    Nonce,
    UnixSeconds,
    Wei,
)
from state.world.commit import commit_changes
from state.world.types import Account, StateChanges

MESSAGE_PASSER: Final = Address(L2_TO_L1_MESSAGE_PASSER)
ZERO_ADDRESS_HEX: Final = "0x" + "00" * 20
ZERO_HASH_HEX: Final = "0x" + "00" * 32


class GenesisInvalid(DecodeError):
    """genesis.json misses a field or has one that is out of range; the text names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenesisAccount:
    """One account of `alloc`."""

    balance: Wei = Wei(0)
    nonce: Nonce = Nonce(0)
    code: bytes = b""
    storage: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenesisSpec:
    """genesis.json, read. Header fields that it lacks are zero."""

    chain_id: int
    timestamp: UnixSeconds
    gas_limit: Gas
    base_fee_per_gas: Wei
    extra_data: bytes
    fee_recipient: Address
    prev_randao: Hash32
    parent_hash: Hash32
    number: BlockNumber
    nonce: bytes
    difficulty: int
    alloc: Mapping[Address, GenesisAccount]

    @classmethod
    def from_json(cls, document: bytes | str | Mapping[str, Any]) -> "GenesisSpec":
        """The spec in a genesis.json's text or parsed object. Raises GenesisInvalid."""
        if not isinstance(document, Mapping):
            try:
                document = json.loads(document)
            except ValueError as error:
                raise GenesisInvalid(f"genesis.json is no JSON: {error}") from error
        if not isinstance(document, Mapping):
            raise GenesisInvalid("genesis.json is no JSON object")
        config, alloc = document.get("config"), document.get("alloc")
        if not isinstance(config, Mapping) or not isinstance(alloc, Mapping):
            raise GenesisInvalid("genesis.json: `config` and `alloc` must be objects")
        return cls(
            chain_id=_integer(config, "chainId", UINT64_MAX),
            timestamp=UnixSeconds(_integer(document, "timestamp", UINT64_MAX)),
            gas_limit=Gas(_integer(document, "gasLimit", UINT64_MAX)),
            base_fee_per_gas=Wei(_integer(document, "baseFeePerGas", UINT256_MAX, "0x3b9aca00")),
            extra_data=_data(document.get("extraData", "0x"), "extraData"),
            fee_recipient=Address(_data(document.get("coinbase", ZERO_ADDRESS_HEX), "coinbase", 20)),
            prev_randao=Hash32(_data(document.get("mixHash", ZERO_HASH_HEX), "mixHash", 32)),
            parent_hash=Hash32(_data(document.get("parentHash", ZERO_HASH_HEX), "parentHash", 32)),
            number=BlockNumber(_integer(document, "number", UINT64_MAX, "0x0")),
            nonce=_integer(document, "nonce", UINT64_MAX, "0x0").to_bytes(8, "big"),
            difficulty=_integer(document, "difficulty", UINT256_MAX, "0x0"),
            alloc={Address(_data(address, "alloc", 20)): _account(address, entry) for address, entry in alloc.items()},
        )


def genesis_record(spec: GenesisSpec, rules: ChainRules) -> BlockRecord:
    """The genesis block with its whole state. Raises GenesisInvalid or, for L2's extraData, InvalidBlock."""
    if spec.chain_id != rules.chain_id:
        raise GenesisInvalid(f"genesis.json is for chain {spec.chain_id}, expected {rules.chain_id}")
    if rules.is_optimism:
        decode_holocene_extra_data(spec.extra_data)
    commit = commit_changes(_NoNodes(), EMPTY_TRIE_ROOT, _changes(spec))
    withdrawals_root = commit.storage_roots.get(MESSAGE_PASSER, EMPTY_TRIE_ROOT)
    header = Header(
        parent_hash=spec.parent_hash,
        fee_recipient=spec.fee_recipient,
        state_root=commit.state_root,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        difficulty=spec.difficulty,
        number=spec.number,
        gas_limit=spec.gas_limit,
        gas_used=Gas(0),
        timestamp=spec.timestamp,
        extra_data=spec.extra_data,
        prev_randao=spec.prev_randao,
        nonce=spec.nonce,
        base_fee_per_gas=spec.base_fee_per_gas,
        withdrawals_root=withdrawals_root if rules.is_optimism else EMPTY_TRIE_ROOT,
        parent_beacon_block_root=ZERO_HASH,
    )
    return BlockRecord(
        hash=header.hash,
        header=header,
        transactions=(),
        transaction_hashes=(),
        senders=(),
        receipts=(),
        receipt_extras=(),
        delta=commit.delta,
    )


class _NoNodes:
    def get_node(self, _hash: Hash32, /) -> bytes | None:
        return None


def _changes(spec: GenesisSpec) -> StateChanges:
    changes = StateChanges()
    for address, account in spec.alloc.items():
        code_hash = keccak256(account.code) if account.code else KECCAK_EMPTY
        if account.code:
            changes.codes[code_hash] = account.code
        changes.accounts[address] = Account(nonce=account.nonce, balance=account.balance, code_hash=code_hash)
        if account.storage:
            changes.storage[address] = dict(account.storage)
    return changes


def _account(address: str, entry: object) -> GenesisAccount:
    if not isinstance(entry, Mapping):
        raise GenesisInvalid(f"genesis.json: alloc {address} is no object")
    storage = entry.get("storage", {})
    if not isinstance(storage, Mapping):
        raise GenesisInvalid(f"genesis.json: storage of {address} is no object")
    words = {_word(slot, address): _word(value, address) for slot, value in storage.items()}
    return GenesisAccount(
        balance=Wei(_integer(entry, "balance", UINT256_MAX, "0x0")),
        nonce=Nonce(_integer(entry, "nonce", UINT64_MAX, "0x0")),
        code=_data(entry.get("code", "0x"), f"code of {address}"),
        storage={slot: value for slot, value in words.items() if value},
    )


def _integer(source: Mapping[str, Any], name: str, maximum: int, default: str | None = None) -> int:
    value = source.get(name, default)
    if value is None:
        raise GenesisInvalid(f"genesis.json: `{name}` is missing")
    return _checked(lambda: value if isinstance(value, int) else int(value, 0), name, maximum)


def _word(value: Any, where: str) -> int:
    return _checked(lambda: int(value, 16), f"storage of {where}", UINT256_MAX)


def _checked(parse: Callable[[], int], name: str, maximum: int) -> int:
    try:
        number = parse()
    except (TypeError, ValueError) as error:
        raise GenesisInvalid(f"genesis.json: {name} is no integer: {error}") from error
    if not 0 <= number <= maximum:
        raise GenesisInvalid(f"genesis.json: {name} is out of range: got {number}, expected at most {maximum}")
    return number


def _data(value: Any, name: str, length: int | None = None) -> bytes:
    try:
        data = bytes.fromhex(value.removeprefix("0x"))
    except (AttributeError, ValueError) as error:
        raise GenesisInvalid(f"genesis.json: {name} is no hex string: {error}") from error
    if length is not None and len(data) != length:
        raise GenesisInvalid(f"genesis.json: {name} has {len(data)} bytes, expected {length}")
    return data
