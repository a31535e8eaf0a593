"""Paid inferences: prepaid money, vouchers, settlement in batches (CONTRACTS.md 09)."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes

from client.chain import Chain
from contracts.records import Batch, Record, encode_batch, record_fee
from contracts.vouchers import Voucher, sign_voucher


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidAnswer:
    """One answer that a payer owes for. `record.payer_index` is set when a batch is made."""

    payer: str
    fee: int
    """Wei."""
    record: Record


class Purse:
    """A payer's side of one session with one worker: signs ever larger cumulative amounts."""

    def __init__(self, account: LocalAccount, worker: str, session: int, chain_id: int) -> None:
        self._account = account
        self._worker = worker
        self._session = session
        self._chain_id = chain_id
        self.cumulative = 0

    @property
    def payer(self) -> str:
        return str(self._account.address)

    def pay(self, fee: int) -> tuple[Voucher, bytes]:
        """The voucher, and its signature, that owes `fee` wei more than the last."""
        self.cumulative += fee
        voucher = Voucher(
            payer=self._account.address, worker=self._worker, session=self._session, cumulative=self.cumulative
        )
        return voucher, sign_voucher(voucher, bytes(self._account.key), chain_id=self._chain_id)


class Inference:
    """The Inference predeploy."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._contract = chain.contract("Inference")

    def deposit_for(self, payer: LocalAccount, worker: str, amount: int) -> HexBytes:
        """Send `amount` wei into what `payer` has set aside for one worker."""
        return self._chain.send(payer, self._contract.functions.depositFor(worker), value=amount)

    def allocation(self, payer: str, worker: str) -> int:
        """Wei that `payer` has set aside for `worker` and not spent."""
        return int(self._contract.functions.allocation(payer, worker).call())

    def quote(self, model_id: int, tokens_in: int, tokens_out: int) -> int:
        """The all-inclusive fee in wei."""
        return int(self._contract.functions.quote(model_id, tokens_in, tokens_out).call())

    def batch_nonce(self, worker: str) -> int:
        """The nonce that the worker's next batch must carry."""
        return int(self._contract.functions.batchNonce(worker).call())

    def settle(
        self,
        worker: LocalAccount,
        answers: Sequence[PaidAnswer],
        vouchers: dict[str, tuple[Voucher, bytes]],
        nonce: int,
    ) -> HexBytes:
        """Send one batch: the answers' records with the latest voucher of each of their payers."""
        payers = list(dict.fromkeys(answer.payer for answer in answers))
        batch = encode_batch(make_batch(self._chain.chain_id, worker.address, nonce, payers, answers))
        signed = [vouchers[payer] for payer in payers]
        call = self._contract.functions.settle(
            [voucher.as_tuple() for voucher, _ in signed], [signature for _, signature in signed], batch
        )
        return self._chain.send(worker, call)


def make_batch(chain_id: int, worker: str, nonce: int, payers: Sequence[str], answers: Sequence[PaidAnswer]) -> Batch:
    """The batch of `answers`, each record pointing at its payer's place."""
    places = {payer: index for index, payer in enumerate(payers)}
    records = tuple(_with_payer(answer.record, places[answer.payer]) for answer in answers)
    return Batch(
        chain_id=chain_id,
        worker=bytes.fromhex(worker[2:]),
        nonce=nonce,
        payers=tuple(bytes.fromhex(payer[2:]) for payer in payers),
        records=records,
    )


def _with_payer(record: Record, payer_index: int) -> Record:
    return dataclasses.replace(record, payer_index=payer_index)


def fee_of(record: Record, price_in: int, price_out: int) -> int:
    """Wei that a record costs at its checkpoint's prices."""
    return record_fee(record.tokens_in, record.tokens_out, price_in, price_out)
