"""web3.py against a running sandbox, whose answers come from a reader process of its own."""

import json
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from trie import HexaryTrie
from web3 import Web3
from web3.exceptions import Web3RPCError
from web3.types import RPCEndpoint

from client.abis import abi
from contracts.addresses import OPEN_PREDEPLOYS, checksum
from tests.e2e.conftest import openledger, rpc_call
from tests.e2e.sandbox.conftest import Running, start

pytestmark = pytest.mark.slow

NOBODY = Web3.to_checksum_address("0x" + "42" * 20)
TREASURY = checksum(OPEN_PREDEPLOYS["Treasury"])


@pytest.fixture
def w3(running: Running) -> Web3:
    rpc_call(running.rpc, "anvil_reset")
    return Web3(Web3.HTTPProvider(running.rpc, request_kwargs={"timeout": 60}))


def ask(w3: Web3, method: str, *params: Any) -> Any:
    return w3.manager.request_blocking(RPCEndpoint(method), list(params))


def proven_account(w3: Web3, address: str) -> list[Any]:
    """[nonce, balance, storage root, code hash] that a foreign trie reads out of the head's proof."""
    head = w3.eth.get_block("latest")
    proof = w3.eth.get_proof(Web3.to_checksum_address(address), [1], "latest")
    nodes = [rlp.decode(bytes(node)) for node in proof["accountProof"]]
    leaf = HexaryTrie.get_from_proof(bytes(head["stateRoot"]), keccak(hexstr=address), nodes)
    fields: list[Any] = rlp.decode(leaf)
    slot = HexaryTrie.get_from_proof(
        fields[2],
        keccak((1).to_bytes(32, "big")),
        [rlp.decode(bytes(node)) for node in proof["storageProof"][0]["proof"]],
    )
    return [*(int.from_bytes(field, "big") for field in fields[:2]), int.from_bytes(rlp.decode(slot), "big")]


def test_every_forgery_is_proven_under_the_state_root_that_clients_see(w3: Web3) -> None:
    for round_ in range(1, 4):
        ask(w3, "anvil_setBalance", NOBODY, hex(round_ * 10**18))
        ask(w3, "anvil_setNonce", NOBODY, hex(round_))
        ask(w3, "anvil_setStorageAt", NOBODY, "0x1", f"0x{round_ * 7:064x}")
        assert proven_account(w3, NOBODY) == [round_, round_ * 10**18, round_ * 7]
        assert w3.eth.get_balance(NOBODY) == round_ * 10**18
        ask(w3, "evm_mine")
        assert proven_account(w3, NOBODY) == [round_, round_ * 10**18, round_ * 7]


def test_readers_follow_reverts_and_resets(w3: Web3) -> None:
    ask(w3, "hardhat_setStorageAt", NOBODY, "0x1", f"0x{5:064x}")
    ask(w3, "hardhat_setBalance", NOBODY, "0x5")
    taken = ask(w3, "evm_snapshot")
    head = w3.eth.get_block("latest")["hash"]
    ask(w3, "hardhat_setBalance", NOBODY, "0x6")
    w3.eth.wait_for_transaction_receipt(
        w3.eth.send_transaction({"from": w3.eth.accounts[0], "to": NOBODY, "value": Web3.to_wei(1, "ether")})
    )
    assert proven_account(w3, NOBODY)[1] == 10**18 + 6
    assert ask(w3, "evm_revert", taken)
    assert w3.eth.get_block("latest")["hash"] == head
    assert proven_account(w3, NOBODY) == [0, 5, 5]
    ask(w3, "anvil_reset")
    assert w3.eth.get_balance(NOBODY) == 0


def test_open_contracts_work_here_and_their_timelock_can_be_played(w3: Web3, running: Running) -> None:
    """The client's own command makes a Datanet; a test waits a month as the contracts' admin, and takes it back."""
    created = openledger("datanet", "create", "tides", "--key=dev:0", "--bond=0.5", "--rpc", running.rpc)
    assert created.returncode == 0, created.stderr
    assert "tides" in openledger("datanet", "list", "--rpc", running.rpc).stdout
    datanets = w3.eth.contract(address=checksum(OPEN_PREDEPLOYS["Datanets"]), abi=abi("Datanets"))
    admin = Web3.to_checksum_address(w3.eth.get_storage_at(datanets.address, ADMIN_SLOT)[-20:])
    taken = ask(w3, "evm_snapshot")
    ask(w3, "anvil_impersonateAccount", admin)
    ask(w3, "anvil_setBalance", admin, hex(10**18))
    sent = w3.eth.send_transaction({"from": admin, "to": NOBODY, "value": Web3.to_wei(1, "gwei")})
    assert w3.eth.wait_for_transaction_receipt(sent)["from"] == admin
    before = w3.eth.get_block("latest")["timestamp"]
    ask(w3, "evm_increaseTime", 30 * 86_400)
    ask(w3, "evm_mine")
    assert w3.eth.get_block("latest")["timestamp"] >= before + 30 * 86_400
    ask(w3, "anvil_stopImpersonatingAccount", admin)
    ask(w3, "evm_revert", taken)
    assert "tides" in openledger("datanet", "list", "--rpc", running.rpc).stdout
    supply = ask(w3, "open_getSupply")
    assert supply["block"]["number"] == hex(w3.eth.block_number)


ADMIN_SLOT = int.from_bytes(keccak(text="eip1967.proxy.admin"), "big") - 1


def test_a_thousand_blocks_are_mined_at_once_and_found_again(w3: Web3) -> None:
    ask(w3, "hardhat_mine", "0x3e8", "0xc")
    head = w3.eth.get_block("latest")
    assert head["number"] == 1_000
    assert head["timestamp"] - w3.eth.get_block(1)["timestamp"] == 999 * 12
    assert w3.eth.get_block(500)["parentHash"] == w3.eth.get_block(499)["hash"]


def test_traces_and_receipts_name_whom_a_transaction_was_made_up_for(w3: Web3) -> None:
    ask(w3, "anvil_setBalance", TREASURY, hex(10**18))
    sent = ask(w3, "eth_sendUnsignedTransaction", {"from": TREASURY, "to": NOBODY, "value": "0x1"})
    trace = ask(w3, "debug_traceTransaction", sent, {"tracer": "callTracer"})
    assert Web3.to_checksum_address(trace["from"]) == TREASURY


def test_a_sandbox_says_where_it_is_and_keeps_others_away(running: Running) -> None:
    description = json.loads((running.directory / "devnet.json").read_text())
    assert description["l1"] is None
    assert description["l2"]["followers"] == []
    refused = openledger("devnet", "--sandbox", f"--data-dir={running.directory}", "--rpc-port=1024")
    assert (refused.returncode, "a devnet is running in" in refused.stderr) == (1, True)


def test_the_faucets_command_pays(running: Running) -> None:
    done = openledger("faucet", NOBODY, "2", "--rpc", running.rpc)
    assert done.returncode == 0, done.stderr
    assert "sent 2 OPEN" in done.stdout


def test_foreign_processes_see_ordinary_errors(w3: Web3) -> None:
    with pytest.raises(Web3RPCError, match="does not exist/is not available"):
        ask(w3, "anvil_setRpcUrl", "http://127.0.0.1:1")


def test_a_sandbox_that_was_stopped_leaves_nothing_and_starts_anew(tmp_path: Path) -> None:
    genesis: set[str] = set()
    for _ in range(2):
        sandbox = start(tmp_path)
        rpc_call(sandbox.rpc, "evm_mine")
        genesis.add(rpc_call(sandbox.rpc, "eth_getBlockByNumber", "0x0", False)["hash"])
        sandbox.processes.stop()
        assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["devnet.lock"]
    assert len(genesis) == 2
