"""What a user of Foundry's cast does, by its released binary."""

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.network.devnets import NOBODY
from tests.e2e.wallets.conftest import DEPOSITED, Setting

pytestmark = pytest.mark.slow

Cast = Callable[..., str]
ACCESS_LIST = json.dumps([{"address": NOBODY, "storageKeys": ["0x" + "00" * 32]}])


@pytest.fixture(scope="module")
def run_cast(setting: Setting) -> Callable[..., subprocess.CompletedProcess[str]]:
    binaries = list(setting.folder.glob("node_modules/@foundry-rs/cast-*/bin/cast"))
    if not binaries:
        pytest.skip("npm has no cast for this platform")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command, environment = [str(binaries[0]), *arguments], os.environ | {"ETH_RPC_URL": setting.facts["rpc"]}
        return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)

    return run


@pytest.fixture
def cast(run_cast: Callable[..., subprocess.CompletedProcess[str]]) -> Cast:
    def run(*arguments: str) -> str:
        done = run_cast(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def refused(run_cast: Callable[..., subprocess.CompletedProcess[str]]) -> Cast:
    """Standard error of a command that must fail."""

    def run(*arguments: str) -> str:
        done = run_cast(*arguments)
        assert done.returncode != 0, done.stdout
        return done.stderr

    return run


def send(cast: Cast, setting: Setting, *arguments: str) -> dict[str, Any]:
    """The receipt of a transaction of cast's account."""
    receipt: dict[str, Any] = json.loads(
        cast("send", "--json", "--private-key", setting.facts["keys"]["cast"], *arguments)
    )
    return receipt


def test_connects_and_reads(cast: Cast, setting: Setting) -> None:
    sender = setting.devnet.account(3).address
    assert cast("chain-id") == str(setting.facts["chainId"])
    assert cast("client").startswith("OpenLedger/v")
    assert int(cast("balance", sender)) > 9_000 * 10**18
    assert int(cast("nonce", sender)) >= 0
    assert cast("estimate", setting.facts["nobody"], "--value", "1", "--from", sender) == "21000"
    assert int(cast("gas-price")) > 0
    numbers = [int(cast("block", tag, "--field", "number")) for tag in ("finalized", "safe", "latest")]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("options", "kind"),
    [((), "0x2"), (("--legacy",), "0x0"), (("--legacy", "--access-list", ACCESS_LIST), "0x1")],
    ids=["eip1559", "legacy", "access-list"],
)
def test_transfer_of_each_type_is_sent_and_waited_for(
    cast: Cast, setting: Setting, options: tuple[str, ...], kind: str
) -> None:
    receipt = send(cast, setting, setting.facts["nobody"], "--value", "7", *options)
    assert receipt["status"] == "0x1"
    assert receipt["type"] == kind


def test_account_delegates_its_code_by_an_authorization(cast: Cast, setting: Setting) -> None:
    sender = setting.devnet.account(3).address
    receipt = send(cast, setting, sender, "--auth", setting.facts["delegate"])
    assert (receipt["status"], receipt["type"]) == ("0x1", "0x4")
    assert cast("code", sender) == "0xef0100" + setting.facts["delegate"][2:].lower()


def test_contract_is_deployed_called_and_its_logs_are_found(cast: Cast, setting: Setting) -> None:
    address = send(cast, setting, "--create", setting.facts["counterCode"])["contractAddress"]
    receipt = send(cast, setting, address, "increment()")
    assert cast("call", address, "count()(uint256)") == "1"
    event = "Counted(address indexed,uint256)"
    found = json.loads(
        cast("logs", "--json", "--from-block", str(int(receipt["blockNumber"], 16)), "--address", address, event)
    )
    assert [int(log["data"], 16) for log in found] == [1]
    assert int(cast("storage", address, "0"), 16) == 1


def test_refusals_are_told(cast: Cast, refused: Cast, setting: Setting) -> None:
    key, nobody = setting.facts["keys"]["cast"], setting.facts["nobody"]
    send(cast, setting, nobody, "--value", "7")  # which takes nonce 0, if nothing has yet
    assert "nonce too low" in refused("send", "--private-key", key, nobody, "--nonce", "0", "--gas-limit", "21000")
    assert "insufficient funds" in refused(
        "send", "--private-key", "0x" + "7b" * 32, nobody, "--value", "1", "--gas-limit", "21000"
    )
    from_selector = refused("call", setting.facts["datanets"], "finalize(uint256)", "987654")
    assert "execution reverted" in from_selector


def test_deposit_and_its_receipt_are_readable(cast: Cast, setting: Setting) -> None:
    found = json.loads(cast("tx", "--json", setting.facts["deposit"]))
    assert (int(found["type"], 16), int(found["value"], 16)) == (0x7E, DEPOSITED)
    receipt = json.loads(cast("receipt", "--json", setting.facts["deposit"]))
    assert (receipt["status"], receipt["type"]) == ("0x1", "0x7e")
