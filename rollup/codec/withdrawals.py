"""Withdrawals: what L2ToL1MessagePasser records and L1 proves.

    hash        = keccak(abi.encode(nonce, sender, target, value, gasLimit, data)), nonce = version << 240 | counter
    storage key = keccak(hash ++ bytes32(0)): sentMessages is a Solidity mapping in slot 0
    event MessagePassed(uint256 indexed nonce, address indexed sender, address indexed target,
                        uint256 value, uint256 gasLimit, bytes data, bytes32 withdrawalHash)

Source: specs/protocol/withdrawals.md, predeploys.md.
"""

from collections.abc import Iterable
from typing import Final

from rollup.errors import CodecError
from rollup.types import Withdrawal
from state.blocks import Log
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Hash32, Wei

MESSAGE_PASSER_ADDRESS: Final = Address(bytes.fromhex("4200000000000000000000000000000000000016"))
MESSAGE_PASSED_TOPIC: Final = keccak256(b"MessagePassed(uint256,address,address,uint256,uint256,bytes,bytes32)")
SENT_MESSAGES_SLOT: Final = 0
MESSAGE_VERSION: Final = 1


class WithdrawalError(CodecError):
    """A log that is no MessagePassed event, or one that contradicts its own hash."""


def versioned_nonce(counter: int, version: int = MESSAGE_VERSION) -> int:
    """The nonce of the message passer's `counter`th message."""
    return version << 240 | counter


def withdrawal_hash(withdrawal: Withdrawal) -> Hash32:
    """What L2 stores and L1 proves."""
    data = withdrawal.data
    return keccak256(
        _word(withdrawal.nonce)
        + bytes(12)
        + withdrawal.sender
        + bytes(12)
        + withdrawal.target
        + _word(withdrawal.value)
        + _word(withdrawal.gas_limit)
        + _word(6 * 32)
        + _word(len(data))
        + data
        + bytes(-len(data) % 32)
    )


def sent_message_key(message_hash: Hash32) -> Hash32:
    """The storage slot of `sentMessages[message_hash]`; its trie key is the hash of that."""
    return keccak256(message_hash + _word(SENT_MESSAGES_SLOT))


def decode_message_passed(log: Log) -> Withdrawal:
    """The withdrawal in a MessagePassed log. Raises WithdrawalError."""
    if len(log.topics) != 4 or log.topics[0] != MESSAGE_PASSED_TOPIC or len(log.data) < 160:
        raise WithdrawalError("log is no MessagePassed event")
    value, gas_limit, offset, stated, length = (
        int.from_bytes(log.data[at : at + 32], "big") for at in range(0, 160, 32)
    )
    if offset != 128 or length > len(log.data) - 160:
        raise WithdrawalError(f"MessagePassed data is malformed: offset {offset}, length {length}")
    withdrawal = Withdrawal(
        nonce=int.from_bytes(log.topics[1], "big"),
        sender=Address(log.topics[2][12:]),
        target=Address(log.topics[3][12:]),
        value=Wei(value),
        gas_limit=Gas(gas_limit),
        data=log.data[160 : 160 + length],
    )
    if (actual := withdrawal_hash(withdrawal)) != _word(stated):
        raise WithdrawalError(f"MessagePassed contradicts its hash: got 0x{stated:064x}, expected 0x{actual.hex()}")
    return withdrawal


def withdrawals_in(logs: Iterable[Log]) -> tuple[Withdrawal, ...]:
    """The withdrawals among a block's logs, in order."""
    return tuple(
        decode_message_passed(log)
        for log in logs
        if log.address == MESSAGE_PASSER_ADDRESS and log.topics[:1] == (MESSAGE_PASSED_TOPIC,)
    )


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
