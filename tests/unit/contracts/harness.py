"""A chain of one block: plain py-evm at Prague, on which bytecode runs and storage can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth import constants
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.prague import PragueVM
from eth.vm.message import Message
from eth.vm.transaction_context import BaseTransactionContext
from eth_abi.abi import decode, encode

from contracts.artifacts import Artifact
from contracts.signatures import canonical_signature, selector, topic

RICH = bytes.fromhex("aa" * 20)


class Reverted(Exception):
    """A message call that ended in REVERT; `data` is what it returned."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data.hex())
        self.data = data


@dataclass
class Log:
    """One log, decoded."""

    address: bytes
    topics: list[bytes]
    data: bytes


@dataclass
class Outcome:
    """What a successful message did."""

    output: bytes
    gas_used: int
    logs: list[Log] = field(default_factory=list)


class Evm:
    """Runs messages one after another on one state; `number` and `timestamp` move by hand."""

    def __init__(self) -> None:
        genesis: dict[str, Any] = {
            "difficulty": 0, "gas_limit": 30_000_000, "timestamp": 1_700_000_000, "coinbase": constants.ZERO_ADDRESS,
            "base_fee_per_gas": 10**9,
        }  # fmt: skip
        chain_class = MiningChain.configure(vm_configuration=((0, PragueVM),), chain_id=900)
        self.vm = chain_class.from_genesis(AtomicDB(), genesis).get_vm()
        self.state = self.vm.state
        self.fund(RICH, 10**30)

    def fund(self, who: bytes, amount: int) -> None:
        self.state.set_balance(who, amount)

    def balance(self, who: bytes) -> int:
        return int(self.state.get_balance(who))

    def storage(self, who: bytes, slot: int) -> int:
        return int(self.state.get_storage(who, slot))

    def place(self, who: bytes, code: bytes, storage: Mapping[int, int] | None = None, balance: int = 0) -> bytes:
        """Put code, storage and balance at `who`, as genesis does."""
        self.state.set_code(who, code)
        for slot, value in (storage or {}).items():
            self.state.set_storage(who, slot, value)
        if balance:
            self.fund(who, balance)
        return who

    def at(self, *, timestamp: int | None = None, number: int | None = None, base_fee: int | None = None) -> None:
        """Move the block that later messages see."""
        context = self.state.execution_context
        if timestamp is not None:
            context._timestamp = timestamp
        if number is not None:
            context._block_number = number
        if base_fee is not None:
            context._base_fee_per_gas = base_fee

    @property
    def timestamp(self) -> int:
        return int(self.state.timestamp)

    def send(
        self, to: bytes, data: bytes = b"", *, sender: bytes = RICH, value: int = 0, gas: int = 25_000_000,
        origin: bytes | None = None,
    ) -> Outcome:  # fmt: skip
        """Run one message call; Reverted with its data when it fails."""
        self.state.lock_changes()
        message = Message(
            gas=gas, to=to, sender=sender, value=value, data=data, code=self.state.get_code(to),
        )  # fmt: skip
        return self._run(message, origin or sender, self.state.computation_class.apply_message)

    def deploy(self, code: bytes, *, sender: bytes = RICH, address: bytes | None = None) -> bytes:
        """Run a creation; returns the address, chosen by the caller or counted up."""
        self.state.lock_changes()
        where = address or (b"\xcc" * 16 + len(code).to_bytes(4, "big"))
        message = Message(
            gas=25_000_000, to=constants.CREATE_CONTRACT_ADDRESS, sender=sender, value=0, data=b"", code=code,
            create_address=where,
        )  # fmt: skip
        self._run(message, sender, self.state.computation_class.apply_create_message)
        return where

    def _run(self, message: Any, origin: bytes, apply: Any) -> Outcome:
        context = BaseTransactionContext(gas_price=10**9, origin=origin)
        computation = apply(self.state, message, context)
        if computation.is_error:
            raise Reverted(computation.output)
        logs = [
            Log(address, [t.to_bytes(32, "big") for t in topics], data)
            for address, topics, data in computation.get_log_entries()
        ]
        return Outcome(computation.output, message.gas - computation.get_gas_remaining(), logs)


class Contract:
    """Calls by function name and decodes by ABI."""

    def __init__(self, evm: Evm, artifact: Artifact, address: bytes) -> None:
        self.evm, self.artifact, self.address = evm, artifact, address

    def data(self, name: str, *arguments: Any) -> bytes:
        entry = self._function(name, len(arguments))
        return selector(entry) + encode([canonical_type(p) for p in entry["inputs"]], arguments)

    def call(self, name: str, *arguments: Any, **options: Any) -> Any:
        """The decoded result: one value, or a tuple of several."""
        entry = self._function(name, len(arguments))
        outcome = self.evm.send(self.address, self.data(name, *arguments), **options)
        values = decode([canonical_type(p) for p in entry["outputs"]], outcome.output)
        return values[0] if len(values) == 1 else values

    def send(self, name: str, *arguments: Any, **options: Any) -> Outcome:
        return self.evm.send(self.address, self.data(name, *arguments), **options)

    def reverts(self, error: str, name: str, *arguments: Any, **options: Any) -> bytes:
        """Check that the call reverts with the named custom error of this ABI; returns the revert data."""
        with pytest.raises(Reverted) as caught:
            self.send(name, *arguments, **options)
        expected = selector(self.artifact.entry("error", error))
        assert caught.value.data[:4] == expected, f"{caught.value.data.hex()} is not {error} {expected.hex()}"
        return caught.value.data

    def events(self, outcome: Outcome, name: str) -> list[dict[str, Any]]:
        """Decoded logs of this contract with that event name."""
        entry = self.artifact.entry("event", name)
        return [
            decode_log(entry, log)
            for log in outcome.logs
            if log.address == self.address and log.topics and log.topics[0] == topic(entry)
        ]

    def _function(self, name: str, count: int) -> dict[str, Any]:
        found = [
            e for e in self.artifact.abi
            if e["type"] == "function" and e["name"] == name and len(e["inputs"]) == count
        ]  # fmt: skip
        assert len(found) == 1, f"{self.artifact.name} has {len(found)} functions {name} with {count} inputs"
        return found[0]


def canonical_type(parameter: Mapping[str, Any]) -> str:
    """The ABI type with tuples written out."""
    signature = canonical_signature({"name": "", "inputs": [parameter]})
    return signature[1:-1]


def decode_log(entry: Mapping[str, Any], log: Log) -> dict[str, Any]:
    """Event arguments by name."""
    indexed = [p for p in entry["inputs"] if p["indexed"]]
    plain = [p for p in entry["inputs"] if not p["indexed"]]
    values = dict(zip([p["name"] for p in plain], decode([canonical_type(p) for p in plain], log.data), strict=True))
    for parameter, raw in zip(indexed, log.topics[1:], strict=True):
        values[parameter["name"]] = decode([parameter["type"]], raw)[0]
    return values


def names(entries: Sequence[Mapping[str, Any]], kind: str) -> set[str]:
    """Canonical signatures of all entries of a kind."""
    return {canonical_signature(dict(e)) for e in entries if e["type"] == kind}
