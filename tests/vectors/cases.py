"""State test cases: one transaction on a given state, and the state root and logs that EELS has after it.

`shared/vectors/state-prague.jsonl.xz` holds 1,380 of them. A sample lies beside this file and always runs.
"""

import json
import lzma
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from state.blocks import EMPTY_TRIE_ROOT, Log
from state.blocks.receipts import encode_logs
from state.errors import NodeError
from state.execution.port import BlockEnv, ChainRules, Executor
from state.primitives.crypto import keccak256
from state.primitives.types import ZERO_HASH
from state.transactions import (
    AccessListEntry,
    Authorization,
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
    sign_transaction,
)
from state.world.commit import commit_changes
from state.world.readers import DictState
from state.world.types import Account, StateChanges

SAMPLE = Path(__file__).parent / "data" / "state-prague-sample.jsonl"
RULES = ChainRules(chain_id=1, is_optimism=False)


def full_suite() -> Path | None:
    """The 1,380 cases in $OPENLEDGER_SHARED or ../shared beside the repository; None if they aren't there."""
    root = Path(__file__).parents[2]
    shared = Path(os.environ.get("OPENLEDGER_SHARED", root.parent / "shared"))
    path = shared / "vectors" / "state-prague.jsonl.xz"
    return path if path.exists() else None


def read_cases(path: Path) -> Iterator[dict[str, Any]]:
    """The cases of a JSON-lines file, compressed or not."""
    if path.suffix == ".xz":
        with lzma.open(path, "rt", encoding="utf-8") as file:
            yield from map(json.loads, file)
    else:
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def integer(text: str) -> int:
    return int(text, 16)


def octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


class Nodes(dict):
    """Trie nodes in memory."""

    def get_node(self, node_hash: bytes) -> bytes | None:
        return self.get(node_hash)


@dataclass
class Prepared:
    state: DictState
    nodes: Nodes
    root: bytes


def prepare(pre: dict[str, Any]) -> Prepared:
    """The state before, its trie and root."""
    changes, state, nodes = StateChanges(), DictState(), Nodes()
    for key, fields in pre.items():
        address, code = octets(key), octets(fields["code"])
        slots = {integer(slot): integer(value) for slot, value in fields["storage"].items() if integer(value)}
        state.put(address, nonce=integer(fields["nonce"]), balance=integer(fields["balance"]), code=code, storage=slots)
        changes.accounts[address] = state.accounts[address]
        if slots:
            changes.storage[address] = slots
    commit = commit_changes(nodes, EMPTY_TRIE_ROOT, changes)
    nodes.update(commit.delta.nodes)
    for address, root in commit.storage_roots.items():
        a = state.accounts[address]
        state.accounts[address] = Account(nonce=a.nonce, balance=a.balance, code_hash=a.code_hash, storage_root=root)
    return Prepared(state=state, nodes=nodes, root=commit.state_root)


def block_env(env: dict[str, str]) -> BlockEnv:
    return BlockEnv(
        number=integer(env["currentNumber"]),
        timestamp=integer(env["currentTimestamp"]),
        fee_recipient=octets(env["currentCoinbase"]),
        prev_randao=octets(env["currentRandom"]),
        gas_limit=integer(env["currentGasLimit"]),
        base_fee_per_gas=integer(env["currentBaseFee"]),
        parent_hash=ZERO_HASH,
        excess_blob_gas=integer(env["currentExcessBlobGas"]),
        ancestor_hash=lambda number: keccak256(str(number).encode()),
    )


def authorization(fields: dict[str, str]) -> Authorization:
    return Authorization(
        chain_id=integer(fields["chainId"]),
        address=octets(fields["address"]),
        nonce=integer(fields["nonce"]),
        y_parity=integer(fields.get("yParity", fields.get("v", "0x0"))),
        r=integer(fields["r"]),
        s=integer(fields["s"]),
    )


def signed(tx: dict[str, Any]) -> RecoveredTransaction:
    """The case's transaction, signed with its key."""
    kind = TransactionType.LEGACY
    if "authorizationList" in tx:
        kind = TransactionType.SET_CODE
    elif "maxFeePerGas" in tx:
        kind = TransactionType.DYNAMIC_FEE
    elif "accessList" in tx:
        kind = TransactionType.ACCESS_LIST
    price = integer(tx.get("gasPrice", "0x0"))
    unsigned = SignedTransaction(
        type=kind,
        chain_id=1,
        nonce=integer(tx["nonce"]),
        gas_limit=integer(tx["gas"]),
        max_fee_per_gas=integer(tx["maxFeePerGas"]) if "maxFeePerGas" in tx else price,
        max_priority_fee_per_gas=integer(tx["maxPriorityFeePerGas"]) if "maxPriorityFeePerGas" in tx else price,
        to=octets(tx["to"]) if tx["to"] not in ("", "0x", None) else None,
        value=integer(tx["value"]),
        data=octets(tx["input"]),
        access_list=tuple(
            AccessListEntry(
                address=octets(entry["address"]), storage_keys=tuple(octets(key) for key in entry["storageKeys"])
            )
            for entry in tx.get("accessList") or ()
        ),
        authorizations=tuple(authorization(entry) for entry in tx.get("authorizationList") or ()),
        y_parity=0,
        r=0,
        s=0,
    )
    return sign_transaction(unsigned, octets(tx["secretKey"]))


def run_case(executor: Executor, case: dict[str, Any]) -> tuple[bytes, bytes, str | None]:
    """(state root, logs hash, refusal) after the case's transaction."""
    prepared = prepare(case["pre"])
    execution = executor.begin_block(prepared.state, block_env(case["env"]), RULES)
    logs: tuple[Log, ...] = ()
    refusal = None
    try:
        logs = execution.apply(signed(case["tx"])).logs
    except NodeError as error:
        refusal = f"{type(error).__name__}: {error}"
    commit = commit_changes(prepared.nodes, prepared.root, execution.finish())
    return commit.state_root, keccak256(encode_logs(logs)), refusal


def mismatch(executor: Executor, case: dict[str, Any]) -> str | None:
    """What differs from the case's results; None if nothing does."""
    root, logs_hash, refusal = run_case(executor, case)
    if root != octets(case["stateRoot"]):
        return f"{case['name']}: state root 0x{root.hex()}, expected {case['stateRoot']} ({refusal})"
    if logs_hash != octets(case["logsHash"]):
        return f"{case['name']}: logs hash 0x{logs_hash.hex()}, expected {case['logsHash']} ({refusal})"
    return None
