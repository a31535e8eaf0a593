"""Chains in memory on which both executors run everything."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from state.execution.fast import FastExecutor
from state.execution.port import ChainRules
from state.execution.reference import ReferenceExecutor
from state.transition import CheckedExecutor
from tests.unit.state.execution.chains import L2, Chain

ChainFactory = Callable[..., Chain]


@pytest.fixture
def chain_of(tmp_path: Path) -> ChainFactory:
    def build(rules: ChainRules = L2) -> Chain:
        return Chain(CheckedExecutor(FastExecutor(), ReferenceExecutor(), tmp_path), rules)

    return build


@pytest.fixture
def chain(chain_of: ChainFactory) -> Iterator[Chain]:
    """An L2, whose last block is always finished and compared."""
    built = chain_of()
    yield built
    built.finish()
