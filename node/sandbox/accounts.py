"""Whom a sandbox sends transactions for: its unlocked accounts, and anybody whom a test impersonates.

That a transaction's bytes were made up here is remembered until they are submitted, which follows at once. What is
written in them (`make_up_transaction`) is not enough, or anybody could send them for anybody.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from node.devnet.accounts import DevAccount
from node.unlocked import UnlockedAccounts
from rollup.sandbox import SandboxRefusal
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32
from state.transactions import (
    RecoveredTransaction,
    SignedTransaction,
    make_up_transaction,
    recover_transaction,
    with_known_sender,
)

MOST_IMPERSONATED: Final = 10_000
MOST_REMEMBERED: Final = 4_096
"""Made-up transactions between their making and their submission, which follows at once."""


class SandboxAccounts(UnlockedAccounts):
    """AccountsPort with impersonation."""

    def __init__(self, accounts: Sequence[DevAccount]) -> None:
        super().__init__(accounts)
        self._impersonated: Final[dict[Address, None]] = {}
        self._made_up: Final[OrderedDict[Hash32, Address]] = OrderedDict()
        self.anybody: bool = False
        """Whether every account is impersonated."""

    def addresses(self) -> Sequence[Address]:
        """The impersonated ones, too: ethers gives out signers only for accounts that are listed."""
        return list(dict.fromkeys((*super().addresses(), *self._impersonated)))

    def impersonate(self, address: Address) -> None:
        """From now on it needs no key. Raises SandboxRefusal for too many."""
        if len(self._impersonated) >= MOST_IMPERSONATED:
            raise SandboxRefusal(f"too many impersonated accounts: expected at most {MOST_IMPERSONATED}")
        self._impersonated[address] = None

    def stop_impersonating(self, address: Address) -> None:
        """Its own key is asked for again."""
        self._impersonated.pop(address, None)

    def sign_transaction(self, sender: Address, unsigned: SignedTransaction) -> bytes:
        if not self.holds_key_of(sender) and (self.anybody or sender in self._impersonated):
            return self.make_up(sender, unsigned)
        return super().sign_transaction(sender, unsigned)

    def make_up(self, sender: Address, unsigned: SignedTransaction) -> bytes:
        """Bytes that `recover` will give as the sender's."""
        made_up = make_up_transaction(unsigned, sender)
        self._made_up[made_up.hash] = sender
        if len(self._made_up) > MOST_REMEMBERED:
            self._made_up.popitem(last=False)
        return made_up.raw

    def recover(self, raw: bytes) -> RecoveredTransaction:
        """The transaction in `raw`: from whom it was made up for, once, else from whom it was signed by.

        Raises what `recover_transaction` does.
        """
        sender = self._made_up.pop(keccak256(raw), None)
        return recover_transaction(raw) if sender is None else with_known_sender(raw, sender)
