"""The rollup config of the codec's tests."""

import pytest

from rollup.types import RollupConfig
from tests.unit.rollup.codec.builders import make_config


@pytest.fixture
def config() -> RollupConfig:
    return make_config()
