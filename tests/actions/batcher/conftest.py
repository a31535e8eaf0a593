"""Worlds for the batcher's action tests."""

import dataclasses
from collections.abc import Callable

import pytest

from tests.actions.batcher.world import Killed, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> Callable[..., World]:
    """A world with some of the batcher's settings changed."""

    def make(*, window: int = 40, depth: int | None = None, **changes: int) -> World:
        found = World(window=window, depth=depth)
        found.config = dataclasses.replace(found.config, **changes)
        found.restart()
        return found

    return make


@pytest.fixture
def killed() -> type[Killed]:
    return Killed
