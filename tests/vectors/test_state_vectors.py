"""EELS' results at Prague, under both executors, and with tracers listening."""

from collections.abc import Callable

import pytest

from state.execution.fast import FastExecutor
from state.execution.port import Executor
from state.execution.reference import ReferenceExecutor
from tests.vectors.cases import SAMPLE, full_suite, mismatch, read_cases
from tests.vectors.traced import TracingExecutor

EXECUTORS: dict[str, Callable[[], Executor]] = {
    "fast": FastExecutor,
    "reference": ReferenceExecutor,
    "traced": TracingExecutor,
}
CASES_IN_SUITE = 1_380
SHARDS = 12
SAMPLE_CASES = list(read_cases(SAMPLE))


@pytest.mark.parametrize("name", EXECUTORS)
@pytest.mark.parametrize("case", SAMPLE_CASES, ids=[case["name"].rsplit("::", 1)[-1][:60] for case in SAMPLE_CASES])
def test_sampled_case_gives_eels_state_root_and_logs(case: dict, name: str) -> None:
    assert mismatch(EXECUTORS[name](), case) is None


def test_sample_is_broad() -> None:
    suites = {case["name"].split("/")[1] for case in SAMPLE_CASES}
    types = {
        tuple(sorted({"accessList", "authorizationList", "gasPrice"} & case["tx"].keys())) for case in SAMPLE_CASES
    }
    assert len(SAMPLE_CASES) >= 40
    assert len(suites) >= 30
    assert len(types) == 4


def test_a_wrong_state_root_is_noticed() -> None:
    case = SAMPLE_CASES[0]
    assert mismatch(FastExecutor(), case | {"stateRoot": "0x" + "00" * 32}) is not None
    assert mismatch(FastExecutor(), case | {"logsHash": "0x" + "00" * 32}) is not None


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("name", EXECUTORS)
def test_whole_suite_gives_eels_state_roots_and_logs(name: str, shard: int) -> None:
    path = full_suite()
    if path is None:
        pytest.skip("vectors/state-prague.jsonl.xz is neither in $OPENLEDGER_SHARED nor in ../shared")
    executor = EXECUTORS[name]()
    cases = list(read_cases(path))
    assert len(cases) == CASES_IN_SUITE
    assert [found for case in cases[shard::SHARDS] if (found := mismatch(executor, case))] == []
