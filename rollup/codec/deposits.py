"""TransactionDeposited logs on L1 -> deposit transactions on L2.

    event TransactionDeposited(address indexed from, address indexed to, uint256 indexed version, bytes opaqueData)
    opaqueData, version 0 = mint 32 ++ value 32 ++ gas 8 ++ isCreation 1 ++ data

`from` is already aliased where a contract deposits. Source: specs/protocol/deposits.md.
"""

from collections.abc import Iterator
from typing import Final

from rollup.errors import CodecError
from rollup.types import L1Block
from state.blocks import Log
from state.errors import Severity
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Hash32, Wei
from state.transactions import DepositTransaction

TRANSACTION_DEPOSITED_TOPIC: Final = keccak256(b"TransactionDeposited(address,address,uint256,bytes)")
DEPOSIT_VERSION: Final = Hash32(bytes(32))
ALIAS_OFFSET: Final = 0x1111000000000000000000000000000000001111
_FIXED_LENGTH: Final = 73


class DepositError(CodecError):
    """A log of the deposit contract that is no deposit: none may be left out, so derivation stops here."""

    severity = Severity.CRITICAL


def user_deposit_source_hash(l1_block_hash: Hash32, log_index: int) -> Hash32:
    """What makes a user deposit unique; `log_index` counts within the whole L1 block."""
    return _source_hash(0, l1_block_hash + log_index.to_bytes(32, "big"))


def l1_attributes_source_hash(l1_block_hash: Hash32, sequence_number: int) -> Hash32:
    """What makes the L1-attributes deposit of one L2 block unique."""
    return _source_hash(1, l1_block_hash + sequence_number.to_bytes(32, "big"))


def upgrade_source_hash(intent: str) -> Hash32:
    """What makes a network upgrade's deposit unique."""
    return _source_hash(2, intent.encode())


def _source_hash(domain: int, identity: bytes) -> Hash32:
    return keccak256(domain.to_bytes(32, "big") + keccak256(identity))


def alias_address(l1_contract: Address) -> Address:
    """The sender on L2 of what a contract on L1 deposits."""
    return Address(((int.from_bytes(l1_contract, "big") + ALIAS_OFFSET) % 2**160).to_bytes(20, "big"))


def unalias_address(sender: Address) -> Address:
    """The contract on L1 behind an aliased sender on L2."""
    return Address(((int.from_bytes(sender, "big") - ALIAS_OFFSET) % 2**160).to_bytes(20, "big"))


def derive_deposits(l1_block: L1Block, deposit_contract: Address) -> tuple[DepositTransaction, ...]:
    """The user deposits of an L1 block, in log order. Raises DepositError: none is ever skipped."""
    return tuple(_deposits(l1_block, deposit_contract))


def _deposits(l1_block: L1Block, deposit_contract: Address) -> Iterator[DepositTransaction]:
    log_index = -1
    for receipt in l1_block.receipts:
        for log in receipt.logs:
            log_index += 1
            is_deposit = log.address == deposit_contract and log.topics[:1] == (TRANSACTION_DEPOSITED_TOPIC,)
            if is_deposit and receipt.succeeded:
                yield decode_deposit_log(log, l1_block.hash, log_index)


def decode_deposit_log(log: Log, l1_block_hash: Hash32, log_index: int) -> DepositTransaction:
    """The deposit that one TransactionDeposited log asks for; `log_index` counts within its L1 block."""
    if len(log.topics) != 4 or log.topics[0] != TRANSACTION_DEPOSITED_TOPIC:
        raise DepositError(f"log {log_index} is no TransactionDeposited event")
    _, sender, to, version = log.topics
    if version != DEPOSIT_VERSION:
        raise DepositError(f"deposit of unknown version: got 0x{version.hex()}")
    opaque = _opaque_data(log.data)
    if len(opaque) < _FIXED_LENGTH:
        raise DepositError(f"opaqueData too short: got {len(opaque)} bytes, expected at least {_FIXED_LENGTH}")
    is_creation = opaque[72] != 0
    return DepositTransaction(
        source_hash=user_deposit_source_hash(l1_block_hash, log_index),
        sender=Address(sender[12:]),
        to=None if is_creation else Address(to[12:]),
        mint=Wei(int.from_bytes(opaque[:32], "big")),
        value=Wei(int.from_bytes(opaque[32:64], "big")),
        gas_limit=Gas(int.from_bytes(opaque[64:72], "big")),
        is_system_transaction=False,
        data=opaque[_FIXED_LENGTH:],
    )


def _opaque_data(data: bytes) -> bytes:
    """The one `bytes` value that `data` ABI-encodes, minimally padded."""
    if len(data) < 64 or len(data) % 32:
        raise DepositError(f"deposit log's data has {len(data)} bytes, expected 64 or more in words of 32")
    offset, length = int.from_bytes(data[:32], "big"), int.from_bytes(data[32:64], "big")
    room = len(data) - 64
    if offset != 32 or length > room or length + 32 <= room:
        raise DepositError(f"deposit log's data is no ABI-encoded bytes: offset {offset}, length {length}")
    return data[64 : 64 + length]


def encode_deposit_log(deposit: DepositTransaction, deposit_contract: Address) -> Log:
    """The log that the deposit contract emits for `deposit` (whose source hash the log doesn't hold)."""
    opaque = b"".join(
        (
            deposit.mint.to_bytes(32, "big"),
            deposit.value.to_bytes(32, "big"),
            deposit.gas_limit.to_bytes(8, "big"),
            bytes((deposit.to is None,)),
            deposit.data,
        )
    )
    padding = bytes(-len(opaque) % 32)
    sender, to = (Hash32(bytes(12) + address) for address in (deposit.sender, deposit.to or bytes(20)))
    return Log(
        address=deposit_contract,
        topics=(TRANSACTION_DEPOSITED_TOPIC, sender, to, DEPOSIT_VERSION),
        data=(32).to_bytes(32, "big") + len(opaque).to_bytes(32, "big") + opaque + padding,
    )
