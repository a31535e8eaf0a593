"""Readers as real processes: they see what was committed, survive their own death, and stop what never ends."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from node.readers import QueryTimedOut, ReaderBug, ReaderCrashed, ReaderPool, ReadersBusy
from node.readers.errors import FrameError
from node.readers.reader import LONG_WINDOW
from state.database import ChainDatabase, LevelDBStore, TooManyLogs, UnknownBlock, WriteBatch
from state.execution.errors import InsufficientFunds
from state.primitives.types import ZERO_HASH, Wei
from state.queries import QueryReverted, verify_account_proof
from tests.unit.node.readers.conftest import LOOP, PATIENT_SECONDS, REVERTER, RICH, STORE, GrowingChain, call

StartPool = Callable[..., Awaitable[ReaderPool]]


async def balance(pool: ReaderPool, block_hash: bytes) -> int:
    account = await pool.query("account", {"block_hash": block_hash, "address": RICH})
    return int(account.balance)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


async def test_a_read_after_each_commit_sees_that_block(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool()
    for _ in range(30):
        record = chain.grow()
        assert await balance(pool, record.hash) == record.header.number + 1
        outcome = await pool.query("call", {"block_hash": record.hash, "message": call(STORE, word(1))})
        assert outcome.output == word(record.header.number + 1)


async def test_blocks_committed_on_another_thread_are_seen_too(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool(count=2)
    for _ in range(10):
        record = await asyncio.to_thread(chain.grow)
        assert await asyncio.gather(*(balance(pool, record.hash) for _ in range(4))) == [len(chain.records)] * 4


async def test_a_question_never_overtakes_the_block_that_it_is_about(
    chain: GrowingChain, start_pool: StartPool
) -> None:
    """Between a block's write and its feeding another thread sees the block already."""
    pool = await start_pool()
    may_feed = threading.Event()

    def feed_late(batch: WriteBatch) -> None:
        may_feed.wait(PATIENT_SECONDS)
        pool.feed(batch)

    chain.db.on_batch = feed_late
    before = chain.db.heads().unsafe
    growing = asyncio.create_task(asyncio.to_thread(chain.grow))
    while chain.db.heads().unsafe == before:  # noqa: ASYNC110 - it happens on another thread
        await asyncio.sleep(0.001)
    question = asyncio.create_task(balance(pool, chain.db.heads().unsafe))
    await asyncio.sleep(0.05)
    assert not question.done()
    may_feed.set()
    assert await question == 2
    await growing


async def test_history_and_a_reorg_are_seen(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool()
    orphan = chain.grow(5)
    chain.rewind(2)
    head = chain.grow(salt=b"other branch")
    assert [await balance(pool, record.hash) for record in chain.records] == [1, 2, 3, 4]
    assert await balance(pool, orphan.hash) == 6
    logs = await pool.query("search_logs", {"from_block": 0, "to_block": 99, "addresses": (), "topics": (), "limit": 9})
    assert [entry.block_number for entry in logs] == [1, 2, 3]
    assert logs[-1].block_hash == head.hash


async def test_values_cross_the_pipe_with_their_types(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool()
    record = chain.grow()
    proof = await pool.query("proof", {"block_hash": record.hash, "address": STORE, "slots": (1, 2**255)})
    verify_account_proof(record.header.state_root, proof)
    assert await pool.query("code", {"block_hash": record.hash, "address": LOOP}) == bytes.fromhex("5b5f56")
    assert await pool.query("storage", {"block_hash": record.hash, "address": STORE, "slot": 1}) == 2
    estimate = await pool.query("estimate_gas", {"block_hash": record.hash, "message": call(STORE, word(1))})
    assert 21_000 < estimate < 30_000


async def test_errors_cross_the_pipe_with_class_code_and_data(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool()
    head = chain.grow().hash
    with pytest.raises(QueryReverted) as caught:
        await pool.query("estimate_gas", {"block_hash": head, "message": call(REVERTER)})
    assert (caught.value.data, caught.value.rpc_code, str(caught.value)) == (word(42), 3, "execution reverted")
    with pytest.raises(UnknownBlock, match="header not found"):
        await balance(pool, ZERO_HASH)
    with pytest.raises(TooManyLogs):
        await pool.query("search_logs", {"from_block": 0, "to_block": 9, "addresses": (), "topics": (), "limit": 0})
    poor = call(STORE)
    with pytest.raises(InsufficientFunds):
        await pool.query(
            "call",
            {"block_hash": head, "message": type(poor)(sender=RICH, to=STORE, gas_limit=poor.gas_limit, value=Wei(99))},
        )


async def test_a_bug_in_a_reader_surfaces_as_a_bug_and_the_reader_goes_on(
    chain: GrowingChain, start_pool: StartPool
) -> None:
    pool = await start_pool()
    with pytest.raises(ReaderBug, match="unexpected keyword"):
        await pool.query("account", {"nonsense": 1})
    assert await balance(pool, chain.records[0].hash) == 1
    with pytest.raises(FrameError, match="no method"):
        await pool.query("close", {})


async def test_the_next_query_works_after_kill_nine(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool()
    for _ in range(3):
        head = chain.grow()
        assert await balance(pool, head.hash) == len(chain.records)
        (process_id,) = pool.process_ids
        os.kill(process_id, signal.SIGKILL)
        head = chain.grow(3)
        assert await balance(pool, head.hash) == len(chain.records)


@pytest.mark.parametrize("method", ["call", "estimate_gas"])
async def test_an_endless_loop_ends_in_time_and_questions_behind_it_are_answered(
    chain: GrowingChain, start_pool: StartPool, method: str
) -> None:
    pool = await start_pool(cap_seconds=3.0)
    head = chain.grow().hash
    await balance(pool, head)
    endless = asyncio.create_task(pool.query(method, {"block_hash": head, "message": call(LOOP, gas=2**62)}))
    await asyncio.sleep(0)
    behind = asyncio.create_task(balance(pool, head))
    with pytest.raises(QueryTimedOut, match=rf"^execution aborted \(timeout = 3s\) in {method}$"):
        await endless
    assert await behind == 2


async def test_questions_that_nobody_waits_for_any_more_are_not_worked_on(
    chain: GrowingChain, start_pool: StartPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.readers.reader.PATIENCE_SECONDS", 0.0)
    pool = await start_pool(cap_seconds=3.0)
    head = chain.grow().hash
    await asyncio.gather(*(balance(pool, head) for _ in range(2)), return_exceptions=True)  # it may start slowly
    parameters = {"block_hash": head, "message": call(LOOP, gas=2**62)}
    endless = [pool.query("call", parameters) for _ in range(20)]
    errors = await asyncio.gather(*endless, return_exceptions=True)
    assert all(isinstance(error, QueryTimedOut) for error in errors)
    assert sum("waited too long" in str(error) for error in errors) >= 18
    monkeypatch.setattr("node.readers.reader.PATIENCE_SECONDS", PATIENT_SECONDS)
    assert await balance(pool, head) == 2


async def test_a_copy_that_lags_beyond_the_backlog_gets_a_snapshot(
    chain: GrowingChain, start_pool: StartPool, tmp_path: Path
) -> None:
    first = await start_pool()
    await balance(first, chain.records[0].hash)
    await first.close()
    assert chain.db.on_batch is None
    chain.grow(40)
    second = await start_pool()
    chain.grow(2)
    assert await balance(second, chain.records[-1].hash) == 43
    await second.close()
    copy = ChainDatabase(LevelDBStore(tmp_path / "readers" / "0"))
    assert copy.sequence == chain.db.sequence
    assert list(copy.store.iterate()) == list(chain.db.store.iterate())
    copy.close()


async def test_a_damaged_copy_is_made_anew(chain: GrowingChain, start_pool: StartPool, tmp_path: Path) -> None:
    first = await start_pool()
    await balance(first, chain.records[0].hash)
    await first.close()
    (tmp_path / "readers" / "0" / "CURRENT").write_text("nonsense")
    second = await start_pool()
    assert await balance(second, chain.records[0].hash) == 1


async def test_closing_ends_waiting_questions_and_the_processes(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool()
    head = chain.records[0].hash
    await balance(pool, head)
    (process_id,) = pool.process_ids
    waiting = asyncio.create_task(pool.query("call", {"block_hash": head, "message": call(LOOP, gas=2**62)}))
    await asyncio.sleep(0.1)
    await pool.close()
    with pytest.raises(ReaderCrashed):
        await waiting
    with pytest.raises(ReaderCrashed):
        await balance(pool, head)
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
    chain.grow()


async def test_too_many_waiting_questions_are_refused(
    chain: GrowingChain, start_pool: StartPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.readers.reader.MAX_WAITING", 3)
    pool = await start_pool()
    head = chain.records[0].hash
    answers = await asyncio.gather(*(balance(pool, head) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, ReadersBusy) for answer in answers) == 2
    assert answers[:3] == [1, 1, 1]


async def test_without_readers_this_process_answers_the_same(chain: GrowingChain, start_pool: StartPool) -> None:
    pool, hasty = await start_pool(count=0), await start_pool(count=0, cap_seconds=0.05)
    head = chain.grow(3)
    assert [await balance(pool, record.hash) for record in chain.records] == [1, 2, 3, 4]
    outcome = await pool.query("call", {"block_hash": head.hash, "message": call(STORE, word(1))})
    assert outcome.output == word(4)
    with pytest.raises(QueryTimedOut):
        await hasty.query("call", {"block_hash": head.hash, "message": call(LOOP, gas=20_000_000)})


async def test_a_reader_that_works_for_nobody_any_more_is_stopped_within_moments(
    chain: GrowingChain, start_pool: StartPool
) -> None:
    pool = await start_pool(cap_seconds=3_600.0)
    head = chain.grow().hash
    await balance(pool, head)
    (process_id,) = pool.process_ids
    endless = {"block_hash": head, "message": call(LOOP, gas=2**62)}
    asked = [asyncio.create_task(pool.query("call", endless)) for _ in range(40)]  # more than the pipe takes
    while pool.readers[0]._working_on is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    behind = asyncio.create_task(balance(pool, head))
    for task in asked:
        task.cancel()
    assert await behind == 2  # one endless call alone would take an hour
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
    assert pool.readers[0].restarts == 1
    assert (pool.readers[0].waiting, pool.readers[0].waiting_bytes) == (0, 0)


async def test_a_reader_that_fell_behind_what_is_kept_while_it_was_busy_is_copied_anew(
    chain: GrowingChain, start_pool: StartPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a busy reader has not taken waits in the bounded backlog and nowhere else."""
    monkeypatch.setattr("node.readers.backlog.MAX_BATCHES", 8)
    pool = await start_pool()
    head = chain.grow().hash
    await balance(pool, head)
    (process_id,) = pool.process_ids
    os.kill(process_id, signal.SIGSTOP)  # busy for as long as we like
    for _ in range(60):  # a stopped process still takes what fits into its pipe
        chain.grow(50)
        await asyncio.sleep(0)
        if pool.readers[0].behind > 8:
            break
    assert pool.readers[0].behind > 8
    assert len(pool.readers[0]._backlog._batches) <= 8
    os.kill(process_id, signal.SIGCONT)
    assert await balance(pool, chain.records[-1].hash) == len(chain.records)
    assert pool.readers[0].restarts == 1


async def test_questions_that_are_too_long_together_are_refused(
    chain: GrowingChain, start_pool: StartPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.readers.reader.MAX_WAITING_BYTES", 5_000)
    pool = await start_pool()
    head = chain.grow().hash
    long = {"block_hash": head, "message": call(STORE, bytes(3_000))}
    answers = await asyncio.gather(*(pool.query("call", long) for _ in range(3)), return_exceptions=True)
    assert [isinstance(answer, ReadersBusy) for answer in answers] == [False, True, True]


async def test_a_short_question_overtakes_long_ones_but_for_those_that_are_under_way(
    chain: GrowingChain, start_pool: StartPool
) -> None:
    pool = await start_pool()
    head = chain.grow().hash
    await balance(pool, head)
    (process_id,) = pool.process_ids
    order: list[str] = []

    async def ask(name: str, method: str, parameters: dict[str, object]) -> None:
        await pool.query(method, parameters)
        order.append(name)

    os.kill(process_id, signal.SIGSTOP)  # nothing is answered before all was asked
    looping = {"block_hash": head, "message": call(LOOP, gas=1_500_000)}
    tasks = [asyncio.create_task(ask("long", "call", looping)) for _ in range(8)]
    while len(pool.readers[0]._taken) < LONG_WINDOW:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    tasks.append(asyncio.create_task(ask("short", "account", {"block_hash": head, "address": RICH})))
    while len(pool.readers[0]._taken) == LONG_WINDOW:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    os.kill(process_id, signal.SIGCONT)
    await asyncio.gather(*tasks)
    assert order == ["long"] * LONG_WINDOW + ["short"] + ["long"] * (8 - LONG_WINDOW)
