"""What `L1Client` offers, over a SimulatedL1 in the same process."""

from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1 import L1TransactionReceipt
from rollup.simulator import SimulatedL1
from rollup.types import L1Block, L1BlockNumber, L1BlockRef, L1Receipt
from state.errors import InvalidTransaction, NodeError
from state.execution.fast import FastExecutor
from state.execution.port import CallMessage
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei
from state.queries import StateQueries


class LocalL1:
    """What `L1Client` offers, over a SimulatedL1 in the same process."""

    def __init__(self, chain: SimulatedL1) -> None:
        self.away = False
        self.use(chain)

    def use(self, chain: SimulatedL1) -> None:
        """Ask this chain from now on."""
        self.chain = chain
        self._queries = StateQueries(chain.db, FastExecutor(), chain.rules)

    def _find(self, which: int | Hash32 | str) -> Hash32:
        if self.away:
            raise L1Unavailable("L1 endpoint did not answer")
        heads = self.chain.db.heads()
        by_tag = {"latest": heads.unsafe, "safe": heads.safe, "finalized": heads.finalized}
        if isinstance(which, bytes):
            return Hash32(which)
        found = self.chain.db.canonical_hash(which) if isinstance(which, int) else by_tag[which]
        if found is None:
            raise L1Unavailable(f"L1 has no block {which!r} (yet)")
        return found

    async def chain_id(self) -> int:
        return self.chain.rules.chain_id

    async def block_ref(self, which: int | Hash32 | str) -> L1BlockRef:
        block_hash = self._find(which)
        header = self.chain.db.require_header(block_hash)
        return L1BlockRef(
            hash=block_hash,
            number=L1BlockNumber(header.number),
            parent_hash=header.parent_hash,
            timestamp=header.timestamp,
        )

    async def l1_block(self, number: int) -> L1Block:
        record = self.chain.db.block_record(self._find(number))
        assert record is not None
        receipts = tuple(L1Receipt(succeeded=one.succeeded, logs=one.logs) for one in record.receipts)
        return L1Block(
            hash=record.hash,
            header=record.header,
            blob_base_fee=1,
            transactions=record.transactions,
            receipts=receipts,
        )

    async def nonce(self, address: Address, which: str = "latest") -> Nonce:
        return Nonce(self._queries.account(self._find("latest"), address).nonce)

    async def pending_nonce(self, address: Address) -> Nonce:
        return Nonce(self.chain.pool.pending_nonce(address))

    async def balance(self, address: Address) -> Wei:
        return self._queries.account(self._find("latest"), address).balance

    async def gas_price(self) -> tuple[Wei, Wei]:
        return self.chain.db.require_header(self._find("latest")).base_fee_per_gas, Wei(10**9)

    async def call(self, to: Address, data: bytes) -> bytes:
        message = CallMessage(sender=Address(bytes(20)), to=to, gas_limit=Gas(30_000_000), data=data)
        outcome = self._queries.call(self._find("latest"), message)
        if not outcome.succeeded:
            raise L1Rejected(f"eth_call: {outcome.error} (3)")
        return outcome.output

    async def estimate_gas(self, *, sender: Address, to: Address | None, data: bytes, value: int = 0) -> Gas:
        message = CallMessage(sender=sender, to=to, gas_limit=Gas(30_000_000), value=Wei(value), data=data)
        try:
            return self._queries.estimate_gas(self._find("latest"), message)
        except NodeError as error:
            raise L1Rejected(f"eth_estimateGas: {error} (3)") from error

    async def receipt(self, transaction_hash: Hash32) -> L1TransactionReceipt | None:
        place = self.chain.db.transaction_location(transaction_hash)
        record = None if place is None else self.chain.db.block_record(place[0])
        if place is None or record is None:
            return None
        receipt = record.receipts[place[1]]
        before = record.receipts[place[1] - 1].cumulative_gas_used if place[1] else 0
        return L1TransactionReceipt(
            transaction_hash=transaction_hash,
            block_hash=record.hash,
            block_number=L1BlockNumber(record.header.number),
            succeeded=receipt.succeeded,
            gas_used=Gas(receipt.cumulative_gas_used - before),
            effective_gas_price=Wei(0),
            contract_address=None,
            receipt=L1Receipt(succeeded=receipt.succeeded, logs=receipt.logs),
        )

    async def send_raw_transaction(self, raw: bytes) -> Hash32:
        self._find("latest")
        try:
            return self.chain.submit(raw)
        except InvalidTransaction as error:
            raise L1Rejected(f"eth_sendRawTransaction: {error} (-32000)") from error
