"""Fixtures of the contract tests; the chain that they run on is in harness.py."""

from __future__ import annotations

import pytest

from tests.unit.contracts.harness import Evm


@pytest.fixture
def evm() -> Evm:
    """A fresh state."""
    return Evm()
