"""What a transaction on L1 should offer, and the gas that calldata needs.

EIP-1559: the sender pays min(max fee, base fee + priority fee). A replacement in geth's pool must raise both by at
least 10 %. EIP-7623: a transaction costs at least 21,000 + 10 per token, where a zero byte is one token and any other
byte four.
"""

from dataclasses import dataclass
from typing import Final

from state.primitives.types import Gas, Wei

TRANSACTION_GAS: Final = 21_000
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeOffer:
    """EIP-1559's two caps, wei a gas."""

    priority_fee: Wei
    max_fee: Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePolicy:
    """How to bid, and where to stop."""

    bump_percent: int = 12
    """geth wants 10; a little more lets rounding and other clients pass."""
    base_fee_multiple: int = 2
    """The max fee covers base fees up to this multiple: six full blocks in a row raise it by about two."""
    min_priority_fee: Wei = Wei(10**6)
    max_fee_cap: Wei = Wei(500 * 10**9)
    """Never offered more, whatever the market says: the transaction waits instead."""

    def offer(self, base_fee: int, suggested_priority_fee: int) -> FeeOffer:
        """The first offer in a market of `base_fee`."""
        tip = min(max(suggested_priority_fee, self.min_priority_fee), self.max_fee_cap)
        fee = min(base_fee * self.base_fee_multiple + tip, self.max_fee_cap)
        return FeeOffer(priority_fee=Wei(min(tip, fee)), max_fee=Wei(fee))

    def bump(self, last: FeeOffer, base_fee: int, suggested_priority_fee: int) -> FeeOffer | None:
        """A replacement for `last` that pools accept, at the market's price if that is higher; None above the cap."""
        fresh = self.offer(base_fee, suggested_priority_fee)
        tip = max(self._raised(last.priority_fee), fresh.priority_fee)
        fee = max(self._raised(last.max_fee), fresh.max_fee, tip)
        if fee > self.max_fee_cap:
            return None
        return FeeOffer(priority_fee=Wei(tip), max_fee=Wei(fee))

    def _raised(self, fee: int) -> int:
        return max(-(-fee * (_PERCENT + self.bump_percent) // _PERCENT), fee + 1)


def calldata_gas(data: bytes) -> Gas:
    """Intrinsic gas of a call with this data: 4 a zero byte, 16 any other (EIP-2028)."""
    zeros = data.count(0)
    return Gas(TRANSACTION_GAS + 4 * zeros + 16 * (len(data) - zeros))


def calldata_floor_gas(data: bytes) -> Gas:
    """What a transaction with this data is charged at least: 10 a zero byte, 40 any other (EIP-7623)."""
    zeros = data.count(0)
    return Gas(TRANSACTION_GAS + 10 * zeros + 40 * (len(data) - zeros))


def execution_allowance(data: bytes) -> Gas:
    """Gas for a contract that copies and hashes all of its calldata and writes one log, memory included: for where
    estimating fails. Copying and hashing is 12 a word, memory 3 a word and a quadratic part."""
    words = (len(data) + 31) // 32
    return Gas(60_000 + 15 * words + words * words // 512)


def transaction_gas_limit(data: bytes, estimate: int | None) -> Gas:
    """A gas limit with room for what changes until inclusion, never below the floor."""
    needed = calldata_gas(data) + execution_allowance(data) if estimate is None else estimate + estimate // 8
    return Gas(max(needed, calldata_floor_gas(data)))
