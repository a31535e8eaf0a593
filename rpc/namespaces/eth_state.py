"""eth: accounts, storage and proofs at a block."""

from typing import Annotated, Final

from rpc.context import Context
from rpc.errors import InvalidParams
from rpc.parameters import LATEST, BlockSelector, Malformed, ParameterType, StorageKey, parameter_type
from rpc.parameters.hexadecimal import parse_address
from rpc.parameters.types import expect_object, nested
from rpc.pending import select_state
from rpc.registry import MethodGroup
from rpc.results import DataText, HashText, QuantityText
from rpc.values import AccountProof, JsonObject
from rpc.views.hexadecimal import data, quantity, word
from state.primitives.types import Address

STATE: Final = MethodGroup("State")
MAX_STORAGE_ACCOUNTS: Final = 1_024


@STATE.method("eth_getBalance")
async def get_balance(context: Context, address: Address, block: BlockSelector = LATEST) -> QuantityText:
    """The account's balance in wei."""
    selected = await select_state(context, block)
    return quantity(await context.ports.state.balance(selected.hash, address))


@STATE.method("eth_getTransactionCount")
async def get_transaction_count(context: Context, address: Address, block: BlockSelector = LATEST) -> QuantityText:
    """The account's next nonce; at `pending`, after its transactions in the pool."""
    selected = context.blocks.select(block)
    if selected.is_pending:
        pooled = context.ports.pool.pending_nonce(address)
        if pooled is not None:
            return quantity(pooled)
    return quantity(await context.ports.state.nonce(selected.hash, address))


@STATE.method("eth_getCode")
async def get_code(context: Context, address: Address, block: BlockSelector = LATEST) -> DataText:
    """The account's code; `0x` for one without."""
    selected = await select_state(context, block)
    return data(await context.ports.state.code(selected.hash, address))


@STATE.method("eth_getStorageAt")
async def get_storage_at(
    context: Context, address: Address, slot: StorageKey, block: BlockSelector = LATEST
) -> HashText:
    """The 32-byte word in one storage slot."""
    selected = await select_state(context, block)
    return word(await context.ports.state.storage(selected.hash, address, slot.slot))


def _parse_slots(value: object) -> dict[Address, list[StorageKey]]:
    keys = parameter_type(list[StorageKey]).parse
    entries = expect_object(value)
    if len(entries) > MAX_STORAGE_ACCOUNTS:
        raise Malformed(f"too many accounts: got {len(entries)}, expected at most {MAX_STORAGE_ACCOUNTS}")
    return {nested("address", parse_address, name): nested(name[:42], keys, entry) for name, entry in entries.items()}


SlotsByAccount = Annotated[
    dict[Address, list[StorageKey]],
    ParameterType(label="slots by address", parse=_parse_slots, schema={"type": "object"}),
]


@STATE.method("eth_getStorageValues")
async def get_storage_values(
    context: Context, slots: SlotsByAccount, block: BlockSelector = LATEST
) -> dict[str, list[str]]:
    """The 32-byte words in several storage slots of several accounts."""
    count = sum(len(keys) for keys in slots.values())
    if not count:
        raise InvalidParams("empty request")
    if count > context.limits.storage_slots:
        raise InvalidParams(f"too many slots (max {context.limits.storage_slots})")
    block_hash, storage = (await select_state(context, block)).hash, context.ports.state.storage
    return {
        data(address): [word(await storage(block_hash, address, key.slot)) for key in keys]
        for address, keys in slots.items()
    }


@STATE.method("eth_getProof")
async def get_proof(
    context: Context, address: Address, slots: list[StorageKey], block: BlockSelector = LATEST
) -> JsonObject:
    """The account and storage slots with their Merkle proofs (EIP-1186)."""
    if len(slots) > context.limits.proof_slots:
        raise InvalidParams(f"too many slots (max {context.limits.proof_slots})")
    block_hash = (await select_state(context, block)).hash
    proof = await context.ports.state.proof(block_hash, address, [key.slot for key in slots])
    return _proof_json(address, slots, proof)


def _proof_json(address: Address, slots: list[StorageKey], proof: AccountProof) -> JsonObject:
    return {
        "address": data(address),
        "accountProof": [data(node) for node in proof.proof],
        "balance": quantity(proof.balance),
        "codeHash": data(proof.code_hash),
        "nonce": quantity(proof.nonce),
        "storageHash": data(proof.storage_root),
        "storageProof": [
            {
                "key": word(key.slot) if key.is_padded else quantity(key.slot),
                "value": quantity(entry.value),
                "proof": [data(node) for node in entry.proof],
            }
            for key, entry in zip(slots, proof.storage, strict=True)
        ],
    }
