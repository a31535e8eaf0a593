"""What can be expected to go wrong with an L1 endpoint.

L1Unavailable (rollup.errors)
└── L1Inconsistent     its answers contradict each other
L1Rejected (rollup.errors)
└── L1MethodMissing    it does not offer a method
"""

from rollup.errors import L1Rejected, L1Unavailable
from state.errors import Blame


class L1Inconsistent(L1Unavailable):
    """The endpoint's answers contradict each other: a hash or a root does not match. A reorg between two
    questions heals by asking again; an endpoint that lies never does, and is never believed."""

    blame = Blame.UPSTREAM


class L1MethodMissing(L1Rejected):
    """The endpoint does not offer this JSON-RPC method; there may be another way to ask."""

    blame = Blame.UPSTREAM
