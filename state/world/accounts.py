"""An account's leaf and a storage word as the state trie and the flat tables hold them.

account   rlp([nonce, balance, storageRoot, codeHash])
word      rlp(big-endian integer without leading zeros); zero is never stored
"""

from state.errors import StorageError
from state.primitives import rlp
from state.primitives.types import Hash32, Nonce, Wei
from state.world.types import Account


def encode_account(account: Account) -> bytes:
    """The leaf's bytes."""
    fields = rlp.encode_int(account.nonce) + rlp.encode_int(account.balance)
    return rlp.wrap_list(fields + b"\xa0" + account.storage_root + b"\xa0" + account.code_hash)


def decode_account(data: bytes) -> Account:
    """The account in a leaf that we wrote. Raises StorageError if it is none.

    A leaf is f8 ++ length ++ nonce ++ balance ++ a0 ++ root ++ a0 ++ hash: its end is found from behind, and only nonce
    and balance are of varying size. Whatever doesn't look like that goes through the strict decoder.
    """
    size = len(data)
    if size >= 70 and data[0] == 0xF8 and data[1] == size - 2 and data[-66] == data[-33] == 0xA0:
        nonce, position = _leading_integer(data, 2)
        balance, position = _leading_integer(data, position)
        if position == size - 66:
            return Account(
                nonce=Nonce(nonce),
                balance=Wei(balance),
                storage_root=Hash32(data[-65:-33]),
                code_hash=Hash32(data[-32:]),
            )
    return _decode_strictly(data)


def _leading_integer(data: bytes, position: int) -> tuple[int, int]:
    first = data[position]
    if first < 0x80:
        return first, position + 1
    end = position + first - 0x7F
    return int.from_bytes(data[position + 1 : end], "big"), end


def _decode_strictly(data: bytes) -> Account:
    try:
        nonce, balance, storage_root, code_hash = rlp.to_list(rlp.decode(data), length=4)
        return Account(
            nonce=Nonce(rlp.to_int(nonce, max_bytes=8)),
            balance=Wei(rlp.to_int(balance)),
            storage_root=Hash32(rlp.to_bytes(storage_root, length=32)),
            code_hash=Hash32(rlp.to_bytes(code_hash, length=32)),
        )
    except rlp.RLPError as error:
        raise StorageError(f"an account on disk is damaged: {error}") from error


def encode_word(value: int) -> bytes:
    """The bytes of a non-zero storage word."""
    return rlp.encode_int(value)


def decode_word(data: bytes) -> int:
    """The storage word in bytes that we wrote. Raises StorageError if it is none."""
    try:
        return rlp.to_int(rlp.decode(data))
    except rlp.RLPError as error:
        raise StorageError(f"a storage word on disk is damaged: {error}") from error
