"""The OPEN predeploys behind their proxies on the one-block chain of harness.py, and builders of what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coincurve import PrivateKey
from eth_hash.auto import keccak

from contracts.addresses import OPEN_IMPLEMENTATIONS, OPEN_PREDEPLOYS
from contracts.artifacts import artifact
from contracts.assembled.proxy import ADMIN_SLOT, IMPLEMENTATION_SLOT
from contracts.datanets import contribution_commitment
from contracts.genesis_config import GenesisConfig
from contracts.open_genesis import open_balances, open_storage
from contracts.records import Batch, Record, Share, encode_batch
from contracts.storage import word
from contracts.vouchers import Voucher, sign_voucher
from tests.unit.contracts.harness import Contract, Evm, Outcome

CHAIN_ID = 900
OPEN = 10**18
OPERATOR = b"\x0a" * 20
OWNER, CONTRIBUTOR, BUYER_KEY, OTHER_KEY = b"\x0b" * 20, b"\x0c" * 20, b"\x01" * 32, b"\x02" * 32
WORKER = b"\x0d" * 20
STRANGER = b"\x0e" * 20
PRICE_IN, PRICE_OUT = 10**15, 3 * 10**15


def key_address(private_key: bytes) -> bytes:
    public = PrivateKey(private_key).public_key.format(compressed=False)[1:]
    return keccak(public)[12:]


BUYER, OTHER = key_address(BUYER_KEY), key_address(OTHER_KEY)


def hexed(account: bytes) -> str:
    return "0x" + account.hex()


def padded(value: bytes | int) -> bytes:
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


class OpenChain:
    """All eleven predeploys from genesis, each account of this module rich."""

    def __init__(self, **parameters: int) -> None:
        self.evm = Evm()
        self.evm.at(number=10)
        self.config = GenesisConfig(
            operator=OPERATOR,
            timestamp=self.evm.timestamp,
            parameters={name.replace("_", ".", 1): value for name, value in parameters.items()},
        )
        storage = open_storage(self.config)
        for name, where in OPEN_PREDEPLOYS.items():
            implementation = self.evm.place(OPEN_IMPLEMENTATIONS[name], artifact(name).runtime)
            proxy = {ADMIN_SLOT: word(b"\x99" * 20), IMPLEMENTATION_SLOT: word(implementation)}
            balance = open_balances(self.config).get(name, 0)
            self.evm.place(where, artifact("Proxy").runtime, storage.get(name, {}) | proxy, balance)
            setattr(self, name.lower(), Contract(self.evm, artifact(name), where))
        for account in (OPERATOR, OWNER, CONTRIBUTOR, WORKER, STRANGER, BUYER, OTHER):
            self.evm.fund(account, 1_000_000 * OPEN)

    vesting: Contract
    gopen: Contract
    timelock: Contract
    governor: Contract
    parameters: Contract
    staking: Contract
    datanets: Contract
    models: Contract
    inference: Contract
    attribution: Contract
    treasury: Contract

    def mine(self, seconds: int = 1) -> None:
        """The next block, so many seconds later."""
        self.evm.at(number=self.evm.state.block_number + 1, timestamp=self.evm.timestamp + seconds)

    def create_datanet(self, *, license: Sequence[Any] = (True, True, True, 1000, 0), bond: int = OPEN) -> int:
        policy = (bond, OPEN // 10, 5000, 3, 10, 10)
        number = self.datanets.call("create", "Law", "ipfs://law", bytes(32), license, policy, sender=OWNER)
        return int(number)

    def contribute(self, datanet: int, content: bytes, *, sender: bytes = CONTRIBUTOR, rows: int = 5) -> int:
        """A pending contribution; a block passes."""
        salt = keccak(b"salt" + content)
        commitment = contribution_commitment(hexed(sender), datanet, content, salt)
        self.datanets.send("commitContribution", commitment, sender=sender)
        self.mine()
        _, _, _, _, _, _, _, policy = self.datanets.call("datanet", datanet)
        value = policy[0] + policy[1]
        return int(
            self.datanets.call("contribute", datanet, content, rows, "ipfs://x", salt, sender=sender, value=value)
        )

    def accept(self, datanet: int, content: bytes, **options: Any) -> int:
        """An accepted contribution."""
        number = self.contribute(datanet, content, **options)
        self.datanets.send("finalize", number, sender=OWNER)
        return number

    def train(self, model: int, datanet: int, version: int = 1, *, sender: bytes = OWNER) -> int:
        return int(
            self.models.call("recordTraining", model, b"\1" * 32, b"\2" * 32, 3, [datanet], [version], sender=sender)
        )

    def register_model(self, datanets: Sequence[int] = (), parents: Sequence[int] = ()) -> int:
        spec = ("Lawyer", "ipfs://m", b"\7" * 32, parents, datanets)
        return int(self.models.call("register", spec, sender=OWNER))

    def deploy_model(self, datanet: int, *, price_in: int = PRICE_IN, price_out: int = PRICE_OUT) -> int:
        """A model that serves checkpoint 1, trained on the Datanet's newest version."""
        model = self.register_model([datanet])
        self.train(model, datanet)
        self.models.send("recordEvaluation", model, 1, keccak(b"bench"), 812_000, bytes(32), sender=OWNER)
        self.models.send("deploy", model, 1, price_in, price_out, 250_000, sender=OWNER)
        return model

    def serve(self, *, contributions: int = 2) -> int:
        """One Datanet with accepted contributions and a version, one deployed model on it, a staked worker."""
        datanet = self.create_datanet()
        for i in range(contributions):
            self.accept(datanet, keccak(b"content" + bytes([i])))
        self.datanets.send("publishVersion", datanet, sender=OWNER)
        model = self.deploy_model(datanet)
        self.staking.send("stake", 2, padded(WORKER), sender=WORKER, value=100 * OPEN)
        return model

    def allot(self, payer: bytes = BUYER, amount: int = 1000 * OPEN) -> None:
        self.inference.send("depositFor", hexed(WORKER), sender=payer, value=amount)

    def settle(self, batch: Batch, *payments: tuple[bytes, int], **options: Any) -> Outcome:
        """Settle with vouchers of (payer's key, cumulative), each in session 0."""
        options.setdefault("sender", WORKER)
        return self.inference.send("settle", *settlement(batch, *payments), **options)


def record(
    model: int = 1, *, tokens_in: int = 100, tokens_out: int = 50, payer_index: int = 0, checkpoint: int = 1,
    shares: Sequence[tuple[int, int]] = ((1, 400_000), (2, 600_000)), request_id: bytes | None = None,
) -> Record:  # fmt: skip
    return Record(
        model_id=model, checkpoint=checkpoint, payer_index=payer_index, tokens_in=tokens_in, tokens_out=tokens_out,
        method=0, evidence_ppm=1_000_000, record_hash=keccak(b"record"), request_id=request_id,
        shares=tuple(Share(contribution_id=c, ppm=p) for c, p in shares),
    )  # fmt: skip


def batch_of(*records: Record, payers: Sequence[bytes] = (BUYER,), nonce: int = 0, chain_id: int = CHAIN_ID) -> Batch:
    return Batch(chain_id=chain_id, worker=WORKER, nonce=nonce, payers=tuple(payers), records=records)


def voucher(payer_key: bytes, cumulative: int, *, session: int = 0, chain_id: int = CHAIN_ID) -> tuple[Any, bytes]:
    """The struct as the ABI wants it, and its signature."""
    message = Voucher(payer=hexed(key_address(payer_key)), worker=hexed(WORKER), session=session, cumulative=cumulative)
    return message.as_tuple(), sign_voucher(message, payer_key, chain_id=chain_id)


def settlement(batch: Batch, *payments: tuple[bytes, int]) -> tuple[list[Any], list[bytes], bytes]:
    """The arguments of `settle`."""
    signed = [voucher(key, cumulative) for key, cumulative in payments]
    return [v for v, _ in signed], [s for _, s in signed], encode_batch(batch)
