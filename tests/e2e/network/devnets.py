"""`openledger devnet` as a process of its own, and web3.py connected to it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from eth_account import Account
from eth_account.signers.local import LocalAccount
from requests.exceptions import Timeout
from web3 import Web3
from web3.exceptions import RequestTimedOut, Web3RPCError

from tests import compared
from tests.ports import free_ports

NOBODY: Final = Web3.to_checksum_address("0x" + "99" * 20)
STARTS_WITHIN: Final = 300.0
COMES_WITHIN: Final = 240.0
ENDS_WITHIN: Final = 120.0


def wait_for(reached: Callable[[], Any], what: str, seconds: float = COMES_WITHIN) -> Any:
    """What `reached` gives once it is true. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = reached()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        time.sleep(0.2)


@dataclass
class Devnet:
    """A data directory and, while it runs, the processes on it."""

    directory: Path
    followers: int = 1
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    description: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = self.port or free_ports(10)[0]

    def command(self) -> list[str]:
        options = ["--no-demo", "--l1-block-time", "1", "--followers", str(self.followers)]
        places = ["--rpc-port", str(self.port), "--l1-port", str(self.port + 5), "--data-dir", str(self.directory)]
        return [sys.executable, "-m", "node", "devnet", *options, *places, "--p2p-port", str(self.port + 8)]

    def start(self) -> "Devnet":
        """Run it, and return once devnet.json is there."""
        compared.watch(self.directory).mkdir(parents=True, exist_ok=True)
        with (self.directory / "devnet.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, start_new_session=True, env=compared.environment()
            )
        path = self.directory / "devnet.json"
        wait_for(lambda: path.exists() or self.process_ended(), "devnet.json", STARTS_WITHIN)
        assert path.exists(), self.output()
        self.description = json.loads(path.read_text())
        for web3 in (self.l1, self.sequencer, *([self.follower] if self.followers else [])):
            wait_for(lambda web3=web3: _answers_calls(web3), "an answer from a reader process", STARTS_WITHIN)
        wait_for(lambda: self.sequencer.eth.block_number, "the first block", STARTS_WITHIN)
        return self

    def process_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Signal the devnet alone, as a terminal's Ctrl-C or a service manager does; its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=ENDS_WITHIN)

    def output(self) -> str:
        """What it printed so far, all starts together."""
        return (self.directory / "devnet.log").read_text(errors="replace")

    def log(self, name: str) -> str:
        """The log of one of its processes, e.g. "sequencer"."""
        return (self.directory / "logs" / f"{name}.log").read_text(errors="replace")

    @property
    def sequencer(self) -> Web3:
        return connect(self.description["l2"]["sequencer"]["rpc"])

    @property
    def follower(self) -> Web3:
        return connect(self.description["l2"]["followers"][0]["rpc"])

    @property
    def l1(self) -> Web3:
        return connect(self.description["l1"]["rpc"])

    def account(self, index: int) -> LocalAccount:
        account: LocalAccount = Account.from_key(self.description["accounts"][index]["privateKey"])
        return account


def _answers_calls(web3: Web3) -> bool:
    """Reader processes start beside the node. Single values of the head's state don't need them, calls do."""
    try:
        return web3.eth.call({"to": NOBODY}) == b""
    except (Web3RPCError, RequestTimedOut, Timeout):
        return False


def connect(url: str) -> Web3:
    return Web3(Web3.HTTPProvider(url, request_kwargs={"timeout": 60}))


def sign(web3: Web3, account: LocalAccount, **fields: Any) -> bytes:
    """A signed transaction with everything that web3.py fills in for an ordinary user."""
    transaction = {"from": account.address, "nonce": web3.eth.get_transaction_count(account.address, "pending")}
    transaction |= {"chainId": web3.eth.chain_id, "value": 0} | fields
    if "gas" not in transaction:
        transaction["gas"] = web3.eth.estimate_gas(transaction)  # type: ignore[arg-type]
    base_fee, tip = web3.eth.get_block("latest")["baseFeePerGas"], web3.eth.max_priority_fee
    transaction |= {"maxPriorityFeePerGas": tip, "maxFeePerGas": 2 * base_fee + tip}
    return bytes(account.sign_transaction(transaction).raw_transaction)


def send(web3: Web3, account: LocalAccount, **fields: Any) -> Any:
    """The receipt of a transaction of `account`, whatever its status."""
    transaction_hash = web3.eth.send_raw_transaction(sign(web3, account, **fields))
    return web3.eth.wait_for_transaction_receipt(transaction_hash, timeout=COMES_WITHIN, poll_latency=0.2)
