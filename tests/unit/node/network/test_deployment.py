"""`openledger deploy-l1` on an L1 of a few lines: what it sends, how it carries on, what it refuses.

A real L1 is in tests/e2e/test_rollup_on_anvil.py.
"""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from contracts.addresses import L1_CONTRACT_NAMES
from contracts.artifacts import artifact
from contracts.deploy import created_address
from contracts.genesis_config import TOTAL_SUPPLY
from node.errors import StartupError
from node.network.deployment import DONATE, Deployment, DeploymentOptions
from rollup.errors import L1Unavailable
from rollup.l1 import L1Client, L1TransactionReceipt
from rollup.types import L1BlockNumber, L1BlockRef
from rollup.types.l1 import L1Receipt
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import Address, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.transactions import recover_transaction

KEY, OTHER_KEY = b"\x11" * 32, b"\x12" * 32
DEPLOYER = private_key_to_address(KEY)
RICH = 2 * TOTAL_SUPPLY


class Killed(BaseException):
    """The process ends here."""


class FakeL1:
    """Includes a transaction in a block of its own at once, and knows the code that our initcode leaves behind."""

    def __init__(self) -> None:
        self.chain = 900
        self.answers = True
        self.fork = b""
        self.blocks = 10
        self.balances = {DEPLOYER: RICH, private_key_to_address(OTHER_KEY): RICH}
        self.nonces: dict[Address, int] = {}
        self.codes: dict[bytes, bytes] = {}
        self.receipts: dict[Hash32, L1TransactionReceipt] = {}
        self.sent: list[Any] = []
        self.dies_at: int | None = None

    def hash_of(self, number: int) -> Hash32:
        return keccak256(self.fork + number.to_bytes(8, "big"))

    async def chain_id(self) -> int:
        if not self.answers:
            raise L1Unavailable("connection refused")
        return self.chain

    async def block_ref(self, which: int | str) -> L1BlockRef:
        number = which if isinstance(which, int) else {"latest": self.blocks, "safe": 8, "finalized": 5}[which]
        return L1BlockRef(
            hash=self.hash_of(number),
            number=L1BlockNumber(number),
            parent_hash=self.hash_of(number - 1),
            timestamp=UnixSeconds(1_700_000_000 + number),
        )

    async def nonce(self, address: Address, which: str = "latest") -> Nonce:
        return Nonce(self.nonces.get(address, 0))

    async def pending_nonce(self, address: Address) -> Nonce:
        return await self.nonce(address)

    async def balance(self, address: Address, which: str = "latest") -> Wei:
        return Wei(self.balances.get(address, 0))

    async def code(self, address: Address, which: str = "latest") -> bytes:
        return self.codes.get(address, b"")

    async def gas_price(self) -> tuple[Wei, Wei]:
        return Wei(10**9), Wei(10**6)

    async def estimate_gas(self, **_: Any) -> Gas:
        return Gas(3_000_000)

    async def receipt(self, transaction_hash: Hash32) -> L1TransactionReceipt | None:
        return self.receipts.get(transaction_hash)

    async def send_raw_transaction(self, raw: bytes) -> Hash32:
        if self.dies_at == len(self.sent):
            raise Killed
        recovered = recover_transaction(raw)
        transaction: Any = recovered.transaction
        assert transaction.nonce == self.nonces.get(recovered.sender, 0)
        self.nonces[recovered.sender] = transaction.nonce + 1
        self.balances[recovered.sender] -= transaction.value
        if transaction.to is None:
            self.codes[created_address(recovered.sender, transaction.nonce)] = runtime_of(transaction.data)
        else:
            self.balances[transaction.to] = self.balances.get(transaction.to, 0) + transaction.value
        self.sent.append(transaction)
        self.blocks += 1
        self.receipts[recovered.hash] = L1TransactionReceipt(
            transaction_hash=recovered.hash,
            block_hash=self.hash_of(self.blocks),
            block_number=L1BlockNumber(self.blocks),
            succeeded=True,
            gas_used=Gas(1),
            effective_gas_price=Wei(1),
            contract_address=None,
            receipt=L1Receipt(succeeded=True, logs=()),
        )
        return recovered.hash


def runtime_of(initcode: bytes) -> bytes:
    names = [name for name in L1_CONTRACT_NAMES if initcode.startswith(artifact(name).creation)]
    return artifact(names[0]).runtime


@pytest.fixture
def l1() -> FakeL1:
    return FakeL1()


def deployment(l1: FakeL1, directory: Path, key: bytes = KEY, **changes: Any) -> Deployment:
    key_file = directory / f"{key.hex()[:4]}.key"
    key_file.write_text(key.hex())
    settings = {"l2_chain_id": 77, "block_time": 2, **changes.pop("settings", {})}
    options = DeploymentOptions(
        deployer_key=key_file, directory=directory / "out", settings=settings, role_keys={}, **changes
    )
    return Deployment(cast("L1Client", l1), options, lambda _line: None)


def files(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (directory / "out").glob("*.json")}


async def test_begins_at_the_finalized_block_and_puts_all_contracts_there(l1: FakeL1, tmp_path: Path) -> None:
    written = await deployment(l1, tmp_path).run()
    rollup = json.loads(written.rollup.read_text())
    assert rollup["genesis"]["l1"] == {"hash": "0x" + l1.hash_of(5).hex(), "number": 5}
    assert rollup["genesis"]["l2_time"] == 1_700_000_005
    addresses = json.loads(written.l1_addresses.read_text())
    assert list(addresses) == list(L1_CONTRACT_NAMES)
    assert all(l1.codes[bytes.fromhex(where[2:])] == artifact(name).runtime for name, where in addresses.items())
    assert rollup["genesis"]["system_config"]["batcherAddr"] == _address_of(written.key("batcher"))
    assert written.key("proposer").stat().st_mode & 0o777 == 0o600


def _address_of(key_file: Path) -> str:
    return "0x" + private_key_to_address(bytes.fromhex(key_file.read_text().strip()[2:])).hex()


@pytest.mark.parametrize("dies_at", [0, 1, 4, 8, 9, 11])
async def test_carries_on_wherever_it_was_killed(l1: FakeL1, tmp_path: Path, dies_at: int) -> None:
    l1.dies_at = dies_at
    wishes: dict[str, Any] = {"escrow": True, "operator_funds": 5}
    with pytest.raises(Killed):
        await deployment(l1, tmp_path, **wishes).run()
    assert not (tmp_path / "out" / "rollup.json").exists()
    l1.dies_at = None
    await deployment(l1, tmp_path, **wishes).run()
    assert len(l1.sent) == len(L1_CONTRACT_NAMES) + 3  # nothing twice
    assert [t.value for t in l1.sent if t.data == DONATE] == [TOTAL_SUPPLY]
    before = files(tmp_path)
    await deployment(l1, tmp_path, **wishes).run()
    assert files(tmp_path) == before
    assert len(l1.sent) == len(L1_CONTRACT_NAMES) + 3


@pytest.mark.parametrize("dies_at", [0, 3])
async def test_refuses_when_the_nonces_were_used_for_something_else(l1: FakeL1, tmp_path: Path, dies_at: int) -> None:
    l1.dies_at = dies_at
    with pytest.raises(Killed):
        await deployment(l1, tmp_path).run()
    l1.dies_at = None
    l1.nonces[DEPLOYER] = dies_at + 1
    with pytest.raises(StartupError, match="used for something else"):
        await deployment(l1, tmp_path).run()
    assert len(l1.sent) == dies_at


async def test_refuses_to_carry_on_with_something_else(l1: FakeL1, tmp_path: Path) -> None:
    await deployment(l1, tmp_path).run()
    with pytest.raises(StartupError, match="with other settings"):
        await deployment(l1, tmp_path, settings={"block_time": 3}).run()
    with pytest.raises(StartupError, match="with other settings|the key is"):
        await deployment(l1, tmp_path, key=OTHER_KEY).run()
    l1.fork = b"reorganised"
    with pytest.raises(StartupError, match="no longer there"):
        await deployment(l1, tmp_path).run()
    l1.chain = 901
    with pytest.raises(StartupError, match="on chain 900, the L1 is chain 901"):
        await deployment(l1, tmp_path).run()


async def test_says_how_much_is_needed_before_it_notes_or_sends_anything(l1: FakeL1, tmp_path: Path) -> None:
    l1.balances[DEPLOYER] = TOTAL_SUPPLY
    with pytest.raises(StartupError, match="has 1000000000 of the L1's coin, the deployment needs about 1000000000"):
        await deployment(l1, tmp_path, escrow=True).run()
    assert files(tmp_path) == {}
    assert l1.sent == []


async def test_says_that_no_l1_answers(l1: FakeL1, tmp_path: Path) -> None:
    l1.answers = False
    with pytest.raises(StartupError, match="no L1 answers"):
        await deployment(l1, tmp_path).run()


async def test_refuses_a_record_that_is_not_its_own(l1: FakeL1, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "deployment.json").write_text("{}")
    with pytest.raises(StartupError, match="malformed"):
        await deployment(l1, tmp_path).run()
