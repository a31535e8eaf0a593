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
    """The account in a leaf that we wrote. Raises StorageError if it is none."""
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
