"""A fresh L1 and the rollup on it."""

import pytest

from rollup.types import RollupConfig
from tests.unit.rollup.derivation.model import Follower, L1Chain, Sequencer, make_rollup_config


@pytest.fixture
def l1() -> L1Chain:
    return L1Chain()


@pytest.fixture
def config(l1: L1Chain) -> RollupConfig:
    return make_rollup_config(l1)


@pytest.fixture
def sequencer(config: RollupConfig, l1: L1Chain) -> Sequencer:
    return Sequencer(config, l1)


@pytest.fixture
def follower(config: RollupConfig, l1: L1Chain) -> Follower:
    return Follower(config, l1)
