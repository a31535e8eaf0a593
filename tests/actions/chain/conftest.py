"""Worlds that a test moves act by act."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.actions.chain.world import World


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    def make(**options: int) -> World:
        return World(tmp_path / "divergence", **options)

    return make


@pytest.fixture
async def world(make_world: Callable[..., World]) -> World:
    return make_world()
