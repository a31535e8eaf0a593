"""Values of the unsafe head, looked up without a reader, and never those of another block."""

from pathlib import Path

import pytest

from node.adapters.head_reads import HeadReads
from node.adapters.state import ReaderState
from node.readers import ReaderPool
from state.primitives.crypto import KECCAK_EMPTY
from state.primitives.types import Address
from tests.unit.node.readers.conftest import CODES, REVERTER, RICH, RULES, STORE, GrowingChain, chain

__all__ = ["chain"]
NOBODY = Address(b"\x99" * 20)


async def test_values_of_the_head_need_no_reader(chain: GrowingChain, tmp_path: Path) -> None:
    pool = ReaderPool(chain.db, tmp_path, RULES)  # never started: a question to it would be answered by nobody
    await pool.close()
    state = ReaderState(pool, head=HeadReads(chain.db))
    head = chain.grow(3).hash
    assert await state.balance(head, RICH) == 4
    assert await state.nonce(head, RICH) == 0
    assert await state.storage(head, STORE, 1) == 4
    assert await state.storage(head, STORE, 2) == 0
    assert await state.code(head, REVERTER) == bytes.fromhex(CODES[REVERTER])
    assert await state.code(head, RICH) == b""
    assert await state.balance(head, NOBODY) == 0
    assert await state.code(head, NOBODY) == b""
    chain.db.close()


def test_another_block_than_the_head_is_not_answered(chain: GrowingChain) -> None:
    old = chain.grow(2).hash
    head = chain.grow().hash
    reads = HeadReads(chain.db)
    assert reads.read(old, lambda state: state.account(RICH)) is None
    account = reads.read(head, lambda state: state.account(RICH))
    assert account is not None
    assert (account.balance, account.code_hash) == (4, KECCAK_EMPTY)
    chain.db.close()


def test_a_block_that_comes_in_between_spoils_the_answer(chain: GrowingChain) -> None:
    head = chain.grow().hash
    reads = HeadReads(chain.db)

    def look_while_a_block_comes(_state: object) -> int:
        chain.grow()
        return 1

    assert reads.read(head, look_while_a_block_comes) is None
    chain.db.close()


@pytest.mark.parametrize("blocks", [1, 5])
def test_after_a_reorg_the_new_head_is_read(chain: GrowingChain, blocks: int) -> None:
    chain.grow(6)
    chain.rewind(6 - blocks)
    head = chain.grow(salt=b"other").hash
    account = HeadReads(chain.db).read(head, lambda state: state.account(RICH))
    assert account is not None
    assert account.balance == 8 - blocks
    chain.db.close()
