"""Where in the canonical chain's history an account did something, for explorers.

    first_block_with_code, block_of_nonce    found by halving: some twenty accounts are read
    address_transactions                     from the address index, where the node keeps it

Older states are read from the tries, so that a chain whose old states are gone answers MissingNode.
"""

from collections.abc import Callable

from state.database import AddressRow
from state.errors import Blame, NodeError
from state.primitives.crypto import KECCAK_EMPTY
from state.primitives.types import Address
from state.queries.state_queries import StateQueries
from state.world.types import Account

DELEGATION_PREFIX = b"\xef\x01\x00"


class AddressIndexMissing(NodeError):
    """A search for an address's transactions needs blocks that the address index does not hold."""

    blame = Blame.OPERATOR


def first_block_with_code(queries: StateQueries, address: Address) -> int | None:
    """The block that created the contract, 0 for one of genesis; None for an account without code, or with no code of
    its own (EIP-7702)."""
    head = queries.database.heads().unsafe
    code = queries.code(head, address)
    if not code or code.startswith(DELEGATION_PREFIX):
        return None
    return _first_block(queries, address, lambda account: account.code_hash != KECCAK_EMPTY)


def block_of_nonce(queries: StateQueries, address: Address, nonce: int) -> int | None:
    """The block with the account's transaction of that nonce; None while there is none."""
    head = queries.database.heads().unsafe
    if queries.account(head, address).nonce <= nonce:
        return None
    return _first_block(queries, address, lambda account: account.nonce > nonce)


def _first_block(queries: StateQueries, address: Address, holds: Callable[[Account], bool]) -> int:
    """The first canonical block after which `holds`, which it does after the head, and after every block in between."""
    database = queries.database
    low, high = 0, int(database.require_header(database.heads().unsafe).number)
    while low < high:
        middle = (low + high) // 2
        block_hash = database.canonical_hash(middle)
        if block_hash is not None and holds(queries.account(block_hash, address)):
            high = middle
        else:
            low = middle + 1
    return low


def address_transactions(
    queries: StateQueries, address: Address, first: int, last: int, limit: int, newest_first: bool
) -> tuple[list[AddressRow], bool]:
    """(block number, transaction indexes) of whole blocks from first to last inclusive until `limit` transactions are
    reached, and whether there are more. Raises AddressIndexMissing."""
    database = queries.database
    begin = database.addresses_indexed_from
    if begin is None:
        raise AddressIndexMissing("this node keeps no address index: start it with --address-index")
    found: list[AddressRow] = []
    count = 0
    for row in database.address_transactions(address, first, last, newest_first=newest_first):
        if count >= limit:
            return found, True
        found.append(row)
        count += len(row[1])
    if first < begin and newest_first and count >= limit:
        return found, True
    if first < begin:
        raise AddressIndexMissing(f"the address index begins at block {begin}, the search goes down to block {first}")
    return found, False
