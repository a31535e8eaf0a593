"""A fresh set of programs for every test."""

import pytest

from tests.unit.state.tracing.programs import Programs


@pytest.fixture
def programs() -> Programs:
    return Programs()
