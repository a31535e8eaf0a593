"""Tests of other people's suites that fail on our nodes, each with its reason. A list that no longer fits fails too."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Tests that fail for one reason."""

    tests: str
    """Regular expression, matched from the start of `Class::test[parameters]`."""
    count: int
    """How many they are."""
    reason: str


CLIENT_SIDE: Final = (
    Known(
        tests=r"Test(AsyncHttp|Ws)Eth::test_(invalid_)?eth_sign_typed_data\[",
        count=8,
        reason="web3.py's async clients unpack a dict's values as items and raise before they ask the node",
    ),
    Known(
        tests=r"TestHttpEth::test_invalid_eth_sign_typed_data\[",
        count=2,
        reason="wants Web3ValueError, but web3.py raises Web3RPCError for what a node refuses (ours does, with -32602)",
    ),
)
"""Fail on every node."""

SIGNED_BY_THE_SUITE: Final = (
    Known(
        tests=r"Test(Async)?HttpEth::test_eth_modify_transaction_legacy",
        count=3,
        reason="the suite's signing middleware takes away type '0x0' but not type 0, which eth-account does not know",
    ),
)
"""Fail with ACCOUNTS=local on every node."""

FIRST_IN_ITS_BLOCK: Final = (
    Known(
        tests=r"Test\w+Eth::test_(async_)?eth_(get|wait_for)_transaction_receipt_(mined|with_log_entry)$"
        r"|TestHttpEth::test_eth_getTransactionByBlock(Hash|Number)AndIndex$"
        r"|Test\w+Eth::test_(async_)?eth_get_logs_with_logs(_topic_args)?\[",
        count=26,
        reason="wants its transaction at index 0, where each block of an OP Stack chain has its L1-attributes deposit",
    ),
)
"""Fail on every OP Stack chain; a sandbox has no L1 and no such deposits."""

PENDING_BLOCK: Final = frozenset(f"eth_getBlockByNumber [pending full={full}]" for full in (False, True))
"""Of the OpenRPC suite's cases: the schema wants a hash where geth answers null, and web3.py's suite wants null too."""


def unexplained(failed: Iterable[str], known: Iterable[Known]) -> list[str]:
    """Those of `failed` for which there is no reason."""
    return sorted(test for test in failed if not any(re.match(entry.tests, test) for entry in known))


def outdated(failed: Iterable[str], known: Iterable[Known]) -> list[str]:
    """The reasons that fit another number of tests than they say."""
    names = list(failed)
    found = {entry: sum(bool(re.match(entry.tests, test)) for test in names) for entry in known}
    return [
        f"{count} of {entry.count} tests fail: {entry.reason}" for entry, count in found.items() if count != entry.count
    ]
