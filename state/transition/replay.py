"""Executing a block that someone else built, and holding it against its own header."""

from dataclasses import fields
from typing import Final

from state.blocks import EMPTY_OMMERS_HASH, EMPTY_REQUESTS_HASH, Block, Header
from state.database import ChainDatabase
from state.errors import DecodeError, InvalidBlock, InvalidTransaction
from state.execution.port import ChainRules, Executor
from state.primitives.types import Hash32
from state.transactions import (
    DepositTransaction,
    ExecutableTransaction,
    decode_transaction,
    recover_transaction,
)
from state.transition.builder import BlockAttributes, BlockBuilder, SealedBlock

MAX_GAS_LIMIT: Final = 2**63 - 1


def execute_block(db: ChainDatabase, executor: Executor, rules: ChainRules, block: Block) -> SealedBlock:
    """`block`, executed on its parent's state and found equal to its header in every field.

    Raises InvalidBlock, whose text names the field with what was got and expected. Nothing is written.
    """
    header = block.header
    verify_constant_fields(header)
    builder = BlockBuilder(
        db,
        executor,
        rules,
        header.parent_hash,
        BlockAttributes(
            timestamp=header.timestamp,
            fee_recipient=header.fee_recipient,
            prev_randao=header.prev_randao,
            gas_limit=header.gas_limit,
            extra_data=header.extra_data,
            parent_beacon_block_root=header.parent_beacon_block_root,
        ),
    )
    for index, raw in enumerate(block.transactions):
        try:
            builder.apply(executable_transaction(raw, rules), raw)
        except (InvalidTransaction, DecodeError) as error:
            raise InvalidBlock(f"block {header.number}, transaction {index}: {error}") from error
    sealed = builder.seal()
    verify_same_header(header, sealed.record.header)
    return sealed


def executable_transaction(raw: bytes, rules: ChainRules) -> ExecutableTransaction:
    """A transaction as executors take it. Raises DecodeError; deposits exist on L2 only."""
    if raw[:1] != b"\x7e" or not rules.is_optimism:
        return recover_transaction(raw)
    transaction = decode_transaction(raw)
    assert isinstance(transaction, DepositTransaction)  # noqa: S101 - decided by the type byte above
    return transaction


def verify_constant_fields(header: Header) -> None:
    """What every block since the merge has in common. Raises InvalidBlock."""
    constants: dict[str, object] = {
        "ommers_hash": EMPTY_OMMERS_HASH,
        "difficulty": 0,
        "nonce": bytes(8),
        "blob_gas_used": 0,
        "excess_blob_gas": 0,
        "requests_hash": EMPTY_REQUESTS_HASH,
    }
    for name, expected in constants.items():
        if (got := getattr(header, name)) != expected:
            raise InvalidBlock(f"block {header.number}: {name}: got {_text(got)}, expected {_text(expected)}")
    if header.gas_limit > MAX_GAS_LIMIT:
        raise InvalidBlock(
            f"block {header.number}: gas_limit: got {header.gas_limit}, expected at most {MAX_GAS_LIMIT}"
        )
    if len(header.extra_data) > 32:
        raise InvalidBlock(
            f"block {header.number}: extra_data: got {len(header.extra_data)} bytes, expected at most 32"
        )


def verify_same_header(got: Header, expected: Header) -> None:
    """Raises InvalidBlock naming the first field in which the two differ."""
    for spec in fields(Header):
        left, right = getattr(got, spec.name), getattr(expected, spec.name)
        if left != right:
            raise InvalidBlock(f"block {got.number}: {spec.name}: got {_text(left)}, expected {_text(right)}")


def _text(value: Hash32 | bytes | int | object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
