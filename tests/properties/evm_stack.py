"""Room for an EVM's 1,024 nested frames inside a Hypothesis test."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from eth import EVM_RECURSION_LIMIT


@contextmanager
def evm_stack() -> Iterator[None]:
    """py-evm's own recursion limit, which it sets when imported; Hypothesis lowers it to 2,000 frames in each test.

    Never draw inside: Hypothesis expects to find the limit that it set.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(EVM_RECURSION_LIMIT)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
