"""The EIP-1967 proxy: five functions for the admin, everything else for the implementation."""

from __future__ import annotations

import pytest

from contracts.artifacts import artifact
from contracts.assembled.proxy import ADMIN_SLOT, IMPLEMENTATION_SLOT
from contracts.storage import word
from tests.unit.contracts.harness import RICH, Contract, Evm, Reverted

ADMIN = bytes.fromhex("ad" * 20)
PROXY = bytes.fromhex("50" * 20)
FIRST, SECOND = bytes.fromhex("61" * 20), bytes.fromhex("62" * 20)


@pytest.fixture
def proxy(evm: Evm) -> Contract:
    evm.place(FIRST, artifact("WrappedOpen").runtime)
    evm.place(SECOND, artifact("L1Block").runtime)
    evm.place(PROXY, artifact("Proxy").runtime, {ADMIN_SLOT: word(ADMIN), IMPLEMENTATION_SLOT: word(FIRST)})
    return Contract(evm, artifact("Proxy"), PROXY)


def test_delegates_everybody_and_keeps_state_in_the_proxy(proxy: Contract) -> None:
    token = Contract(proxy.evm, artifact("WrappedOpen"), PROXY)
    for sender in (RICH, ADMIN):
        proxy.evm.fund(sender, 100)
        token.send("deposit", value=9, sender=sender)
        assert token.call("balanceOf", sender) == 9
    assert proxy.evm.balance(PROXY) == 18
    proxy.evm.send(PROXY, value=1)
    assert token.call("balanceOf", RICH) == 10


def test_passes_the_implementations_revert_data_on(proxy: Contract) -> None:
    token = Contract(proxy.evm, artifact("WrappedOpen"), PROXY)
    token.reverts("InsufficientBalance", "withdraw", 1)


def test_admin_upgrades_and_hands_over(proxy: Contract) -> None:
    outcome = proxy.send("upgradeTo", SECOND, sender=ADMIN)
    assert proxy.events(outcome, "Upgraded") == [{"implementation": "0x" + SECOND.hex()}]
    assert proxy.call("implementation", sender=ADMIN) == "0x" + SECOND.hex()
    assert Contract(proxy.evm, artifact("L1Block"), PROXY).call("version") == "1.6.0"
    outcome = proxy.send("changeAdmin", RICH, sender=ADMIN)
    assert proxy.events(outcome, "AdminChanged") == [
        {"previousAdmin": "0x" + ADMIN.hex(), "newAdmin": "0x" + RICH.hex()}
    ]
    assert proxy.call("admin", sender=RICH) == "0x" + RICH.hex()


def test_anybody_reads_admin_and_implementation_by_a_call_without_an_address(proxy: Contract) -> None:
    assert proxy.call("admin", sender=bytes(20)) == "0x" + ADMIN.hex()
    assert proxy.call("implementation", sender=bytes(20)) == "0x" + FIRST.hex()


@pytest.mark.parametrize(("function", "arguments"), [("upgradeTo", (SECOND,)), ("changeAdmin", (RICH,))])
def test_others_reach_only_the_implementation(proxy: Contract, function: str, arguments: tuple[bytes]) -> None:
    with pytest.raises(Reverted):
        proxy.send(function, *arguments)
    assert proxy.call("implementation", sender=ADMIN) == "0x" + FIRST.hex()
    assert proxy.call("admin", sender=ADMIN) == "0x" + ADMIN.hex()


def test_upgrade_and_call_runs_the_new_implementation_and_answers_its_output(proxy: Contract) -> None:
    call = Contract(proxy.evm, artifact("L1Block"), PROXY).data("version")
    output = proxy.call("upgradeToAndCall", SECOND, call, sender=ADMIN)
    assert output[64:69] == b"1.6.0"


def test_upgrade_and_call_undoes_the_upgrade_when_the_call_reverts(proxy: Contract) -> None:
    call = Contract(proxy.evm, artifact("L1Block"), PROXY).data("setL1BlockValuesIsthmus")
    with pytest.raises(Reverted):
        proxy.send("upgradeToAndCall", SECOND, call, sender=ADMIN)
    assert proxy.call("implementation", sender=ADMIN) == "0x" + FIRST.hex()


def test_refuses_an_implementation_without_code(proxy: Contract) -> None:
    proxy.reverts("ImplementationHasNoCode", "upgradeTo", bytes.fromhex("99" * 20), sender=ADMIN)


def test_an_empty_proxy_says_so(evm: Evm) -> None:
    proxy = Contract(evm, artifact("Proxy"), evm.place(PROXY, artifact("Proxy").runtime))
    proxy.reverts("ProxyNotInitialized", "upgradeTo", SECOND)


def test_constructor_writes_what_genesis_writes(evm: Evm) -> None:
    arguments = ADMIN.rjust(32, b"\0") + FIRST.rjust(32, b"\0")
    where = evm.deploy(artifact("Proxy").creation + arguments)
    assert evm.state.get_code(where) == artifact("Proxy").runtime
    assert evm.storage(where, ADMIN_SLOT) == word(ADMIN)
    assert evm.storage(where, IMPLEMENTATION_SLOT) == word(FIRST)
