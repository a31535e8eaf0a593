"""The balances of the node's own L1 accounts, as far as L1 tells them."""

from node.accounts_watch import AccountsWatch
from rollup.errors import L1Unavailable
from state.primitives.types import Address, Wei


class FakeL1:
    """An L1 that can be away."""

    def __init__(self) -> None:
        self.away = False
        self.asked: list[Address] = []

    async def balance(self, address: Address) -> Wei:
        self.asked.append(address)
        if self.away:
            raise L1Unavailable("away")
        return Wei(address[0] * 10**18)


async def test_balances_are_as_l1_last_told_them() -> None:
    l1 = FakeL1()
    watch = AccountsWatch(l1)
    watch.add("batcher", Address(b"\x03" * 20))
    watch.add("proposer", Address(b"\x04" * 20))
    assert watch.balances == {}
    await watch.look()
    assert watch.balances == {"batcher": 3 * 10**18, "proposer": 4 * 10**18}
    l1.away = True
    await watch.look()
    assert watch.balances == {"batcher": 3 * 10**18, "proposer": 4 * 10**18}
    assert len(l1.asked) == 4
