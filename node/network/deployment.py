"""The rollup's contracts on an L1 that is not ours.

    record ─▶ plan ─▶ creations ─▶ code verified ─▶ escrow, operators' gas money ─▶ network files

The L1 block that the rollup begins at, and the deployer's first nonce, are noted on disk before anything is sent.
Contract addresses and L2's genesis follow from them, so that a deployment which was cut off is carried on by the same
command and ends in the same network.
"""

import asyncio
import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from eth_account import Account

from client.amounts import format_open
from contracts.artifacts import artifact
from contracts.deploy import Creation, DeploymentPlan, deployment_plan
from contracts.genesis_config import TOTAL_SUPPLY, GenesisConfig
from contracts.rollup_json import rollup_config
from contracts.signatures import selector
from node.errors import StartupError
from node.files import load_key
from node.network.files import NetworkFiles, with_anchor_root, write_key, write_network
from node.network.record import DeploymentRecord
from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1 import L1Client, L1TransactionSender, MemoryJournal, SenderConfig, TransactionState
from rollup.l1.fees import FeePolicy
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import Address

POLL_SECONDS: Final = 0.5
INCLUSION_SECONDS: Final = 600.0
DONATE: Final = selector("donateETH()")
ROLES: Final = ("batcher", "proposer", "unsafe_block_signer")

Report = Callable[[str], None]
StartTag = Literal["latest", "safe", "finalized"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentOptions:
    """What to deploy, and who pays."""

    deployer_key: Path
    directory: Path
    settings: Mapping[str, Any]
    """Fields of GenesisConfig."""
    role_keys: Mapping[str, Path]
    """Role -> key file; the others are generated."""
    start: StartTag = "finalized"
    """Which L1 block the rollup begins at: a later reorg of it would end the network."""
    confirmations: int = 1
    escrow: bool = False
    operator_funds: int = 0
    """Wei that batcher and proposer shall have at least."""


class Deployment:
    """One run of `openledger deploy-l1`."""

    def __init__(self, l1: L1Client, options: DeploymentOptions, report: Report) -> None:
        self._l1 = l1
        self._options = options
        self._report = report
        self._files = NetworkFiles(directory=options.directory)
        self._record_path = options.directory / "deployment.json"
        key = load_key(options.deployer_key)
        self.deployer: Address = private_key_to_address(key)
        config = SenderConfig(confirmation_depth=options.confirmations, fees=FeePolicy())
        self._sender = L1TransactionSender(l1, key, MemoryJournal(), clock=time.monotonic, config=config)

    async def run(self) -> NetworkFiles:
        """The files of a network whose contracts lie on the L1. Raises StartupError with what to do about it."""
        try:
            chain_id = await self._l1.chain_id()
        except L1Unavailable as error:
            raise StartupError(f"no L1 answers: {error}") from error
        nonce = await self._settled_nonce()
        self._options.directory.mkdir(parents=True, exist_ok=True)
        operators = self._operators()
        known = DeploymentRecord.read(self._record_path)
        record = known or await self._new_record(chain_id, nonce)
        plan = self._plan(record, operators)
        record = await self._agreed(record, plan, chain_id, is_new=known is None)
        await self._create(plan, done=nonce - record.first_nonce)
        await self._verify(plan.creations)
        await self._send_money(plan, operators)
        write_network(self._files, plan.config, l1_hash=record.l1_hash, l1_number=record.l1_number)
        self._report(f"Wrote rollup.json, genesis.json and l1-addresses.json to {self._options.directory}")
        return self._files

    # What is to be deployed

    async def _settled_nonce(self) -> int:
        """The deployer's nonce, once nothing of it waits in the pool any more."""
        deadline, told = time.monotonic() + INCLUSION_SECONDS, False
        while True:
            nonce = await self._l1.nonce(self.deployer)
            if await self._l1.pending_nonce(self.deployer) <= nonce:
                return nonce
            if time.monotonic() > deadline:
                raise StartupError(f"0x{self.deployer.hex()} has transactions that L1 doesn't include")
            if not told:
                self._report("Waiting until L1 has included what the deployer sent before")
                told = True
            await asyncio.sleep(POLL_SECONDS)

    def _operators(self) -> dict[str, Address]:
        """Role -> address; keys that are neither given nor there yet are made."""
        addresses = {}
        for role in ROLES:
            path = self._options.role_keys.get(role, self._files.key(role))
            if not path.exists() and path == self._files.key(role):
                write_key(path, bytes(Account.create().key))
            key = load_key(path)
            if path != self._files.key(role):
                write_key(self._files.key(role), key)
            addresses[role] = private_key_to_address(key)
        return addresses

    async def _new_record(self, chain_id: int, nonce: int) -> DeploymentRecord:
        start = await self._l1.block_ref(self._options.start)
        return DeploymentRecord(
            l1_chain_id=chain_id,
            deployer=self.deployer,
            first_nonce=nonce,
            l1_number=start.number,
            l1_hash=start.hash,
            l1_timestamp=start.timestamp,
            settings="",
        )

    def _plan(self, record: DeploymentRecord, operators: Mapping[str, Address]) -> DeploymentPlan:
        """L2's genesis names the contracts' addresses, and the registry's constructor names L2's genesis."""
        config = GenesisConfig(
            operator=self.deployer,
            timestamp=record.l1_timestamp,
            l1_chain_id=record.l1_chain_id,
            **{**self._options.settings, **operators},
        )
        draft = deployment_plan(config, deployer=self.deployer, first_nonce=record.first_nonce)
        anchored = with_anchor_root(draft.config)
        return deployment_plan(anchored, deployer=self.deployer, first_nonce=record.first_nonce)

    async def _agreed(
        self, record: DeploymentRecord, plan: DeploymentPlan, chain_id: int, *, is_new: bool
    ) -> DeploymentRecord:
        """The record, on disk. Raises StartupError where it speaks of another chain, deployer or network."""
        settings = _settings_hash(plan, record)
        if is_new:
            record = dataclasses.replace(record, settings=settings)
            await self._check_funds(plan)
            record.write(self._record_path)
            return record
        where = f"{self._record_path} notes a deployment"
        remedy = "use what it was begun with, or another --out"
        if record.l1_chain_id != chain_id:
            raise StartupError(f"{where} on chain {record.l1_chain_id}, the L1 is chain {chain_id}: {remedy}")
        if record.deployer != self.deployer:
            raise StartupError(f"{where} by 0x{record.deployer.hex()}, the key is 0x{self.deployer.hex()}'s: {remedy}")
        if record.settings != settings:
            raise StartupError(f"{where} with other settings: {remedy}")
        if (await self._l1.block_ref(record.l1_number)).hash != record.l1_hash:
            raise StartupError(f"{where} from an L1 block {record.l1_number} that is no longer there: {remedy}")
        self._report(f"Carrying on with the deployment that {self._record_path} notes")
        return record

    async def _check_funds(self, plan: DeploymentPlan) -> None:
        base_fee, tip = await self._l1.gas_price()
        price = FeePolicy().offer(base_fee, tip).max_fee
        needed = price * sum(_creation_gas(creation) for creation in plan.creations)
        needed += 2 * self._options.operator_funds + (TOTAL_SUPPLY if self._options.escrow else 0)
        balance = await self._l1.balance(self.deployer)
        if balance < needed:
            raise StartupError(
                f"the deployer 0x{self.deployer.hex()} has {format_open(balance)} of the L1's coin, "
                f"the deployment needs about {format_open(needed)}: fund it and run this again"
            )

    # Sending

    async def _create(self, plan: DeploymentPlan, done: int) -> None:
        """Send the creations from number `done` on, all at once, and wait for them."""
        if done < 0:
            raise StartupError("the deployer's nonce is lower than when the deployment began: is this the same L1?")
        missing = plan.creations[done:]
        await self._verify(plan.creations[:done])
        for creation in missing:
            await self._send(creation.name.encode(), to=None, data=creation.data)
            status = self._sender.status(creation.name.encode())
            if status is None or status.nonce != creation.nonce:
                raise StartupError(
                    f"something else used the deployer's nonce {creation.nonce}: let nobody else use this key, and "
                    "deploy again with another --out"
                )
        await self._included([creation.name.encode() for creation in missing])
        for creation in missing:
            self._report(f"{creation.name:<24} 0x{creation.address.hex()}")

    async def _verify(self, creations: tuple[Creation, ...]) -> None:
        for creation in creations:
            if await self._l1.code(Address(creation.address)) != artifact(creation.name).runtime:
                raise StartupError(
                    f"L1 has no {creation.name} of ours at 0x{creation.address.hex()}: the deployer's nonces were used "
                    "for something else; deploy again with another --out"
                )

    async def _send_money(self, plan: DeploymentPlan, operators: Mapping[str, Address]) -> None:
        sent = []
        portal = Address(plan.addresses["OptimismPortal"])
        if self._options.escrow and (held := await self._l1.balance(portal)) < TOTAL_SUPPLY:
            await self._send(b"escrow", to=portal, data=DONATE, value=TOTAL_SUPPLY - held)
            sent.append(b"escrow")
        for role in ("batcher", "proposer"):
            lacking = self._options.operator_funds - await self._l1.balance(operators[role])
            if lacking > 0:
                await self._send(role.encode(), to=operators[role], data=b"", value=lacking)
                sent.append(role.encode())
        await self._included(sent)
        if self._options.escrow:
            self._report(f"The portal escrows {format_open(TOTAL_SUPPLY)} OPEN")
        elif not plan.config.custom_gas_token:
            self._report("The portal escrows nothing: until it is funded, withdrawals of genesis OPEN fail on L1")
        for role in ("batcher", "proposer"):
            balance = await self._l1.balance(operators[role])
            hint = "" if balance else ": fund it before the sequencer starts"
            self._report(f"{role:<24} 0x{operators[role].hex()} has {format_open(balance)}{hint}")

    async def _send(self, key: bytes, *, to: Address | None, data: bytes, value: int = 0) -> None:
        try:
            await self._sender.submit(key, to=to, data=data, value=value, only_if_it_succeeds=True)
        except L1Rejected as error:
            raise StartupError(f"L1 refuses {key.decode()}: {error}") from error

    async def _included(self, keys: list[bytes]) -> None:
        """Return when all are as deep as asked for. Raises StartupError for one that failed, or after ten minutes."""
        deadline = time.monotonic() + INCLUSION_SECONDS
        waiting = list(keys)
        while waiting:
            await self._sender.tend()
            waiting = [key for key in waiting if not self._is_final(key)]
            if waiting and time.monotonic() > deadline:
                raise StartupError(
                    f"L1 did not include {waiting[0].decode()} within {INCLUSION_SECONDS:.0f} s: run this again later"
                )
            if waiting:
                await asyncio.sleep(POLL_SECONDS)

    def _is_final(self, key: bytes) -> bool:
        status = self._sender.status(key)
        if status is not None and status.succeeded is False:
            raise StartupError(f"{key.decode()} failed on L1: transaction 0x{status.hashes[-1].hex()}")
        return status is not None and status.state is TransactionState.CONFIRMED


def _settings_hash(plan: DeploymentPlan, record: DeploymentRecord) -> str:
    """Hash of the contracts, with the anchor root that commits to L2's genesis, and of rollup.json."""
    rollup = rollup_config(plan.config, l1_hash=record.l1_hash, l1_number=record.l1_number, l2_hash=bytes(32))
    creations = b"".join(creation.data for creation in plan.creations)
    return keccak256(creations + json.dumps(rollup, sort_keys=True).encode()).hex()


def _creation_gas(creation: Creation) -> int:
    """About what a creation costs: calldata at 16 a byte, 200 a byte of code, and its constructor."""
    return 200_000 + 16 * len(creation.data) + 200 * len(artifact(creation.name).runtime)
