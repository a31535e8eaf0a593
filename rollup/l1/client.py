"""One L1 endpoint, asked in the rollup's terms.

    eth_getBlockByNumber(n, true) ─ header hash ─▶ transactions root ─▶ eth_getBlockReceipts ─ root ─▶ L1Block

Every answer that derivation builds on is checked against the block's hash; the hash itself is believed, since the chain
of parent hashes is what derivation follows. Blocks are kept by hash, so that asking twice costs one small answer.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

import httpx

from rollup.codec import PRAGUE_BLOB_FRACTION, blob_base_fee
from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1 import headers, receipts, transactions, values
from rollup.l1.errors import L1Inconsistent, L1MethodMissing
from rollup.l1.transport import Call, JsonRpcTransport, RetryPolicy, TransportLimits
from rollup.l1.values import Json, hex_data, hex_quantity
from rollup.types import L1Block, L1BlockNumber, L1BlockRef, L1Receipt
from state.blocks import EMPTY_TRIE_ROOT, Header
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei
from state.trie import ordered_root

Tag = Literal["latest", "safe", "finalized"]
Which = int | Hash32 | Tag

_MAX_CACHED_BLOCKS: Final = 64
_MAX_CACHED_REFERENCES: Final = 4096

K = TypeVar("K")
V = TypeVar("V")


class _Recent(Generic[K, V]):
    """The last `limit` entries that were put or asked for."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        if key in self._entries:
            self._entries.move_to_end(key)
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        while len(self._entries) > self._limit:
            self._entries.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class L1TransactionReceipt:
    """Where a transaction of ours ended up."""

    transaction_hash: Hash32
    block_hash: Hash32
    block_number: L1BlockNumber
    succeeded: bool
    gas_used: Gas
    effective_gas_price: Wei
    contract_address: Address | None
    receipt: L1Receipt


class L1Client:
    """Questions to an L1, and its blocks verified. Asynchronous, no background work, not tied to a clock."""

    def __init__(
        self,
        url: str,
        http: httpx.AsyncClient,
        *,
        retry: RetryPolicy,
        limits: TransportLimits | None = None,
        blob_base_fee_fraction: int = PRAGUE_BLOB_FRACTION,
    ) -> None:
        """`blob_base_fee_fraction` is Prague's (EIP-7691); an L1 with later blob-parameter forks has another."""
        self._rpc = JsonRpcTransport(url, http, retry=retry, limits=limits)
        self._blob_fraction = blob_base_fee_fraction
        self._chain_id: int | None = None
        self._blocks: _Recent[Hash32, L1Block] = _Recent(_MAX_CACHED_BLOCKS)
        self._references: _Recent[Hash32, L1BlockRef] = _Recent(_MAX_CACHED_REFERENCES)

    async def chain_id(self) -> int:
        """The L1's chain id, asked once."""
        if self._chain_id is None:
            self._chain_id = values.to_quantity(await self._rpc.call("eth_chainId"), "chain id")
        return self._chain_id

    async def block_ref(self, which: Which) -> L1BlockRef:
        """The block of that number, hash or tag. Raises L1Unavailable where the L1 has none (yet)."""
        if isinstance(which, bytes) and (known := self._references.get(which)) is not None:
            return known
        block = await self._block_json(which, full=False)
        block_hash, header = await self._verified_header(block, which)
        return self._remember(headers.reference(block_hash, header))

    async def header(self, which: Which) -> Header:
        """The verified header of that number, hash or tag."""
        return (await self._verified_header(await self._block_json(which, full=False), which))[1]

    async def l1_block(self, number: int) -> L1Block:
        """The canonical block of that number, verified in full."""
        return await self._full_block(number)

    async def l1_block_by_hash(self, block_hash: Hash32) -> L1Block:
        """The block of that hash, canonical or not, verified in full."""
        known = self._blocks.get(block_hash)
        return known if known is not None else await self._full_block(block_hash)

    async def send_raw_transaction(self, raw: bytes) -> Hash32:
        """The transaction's hash, once the L1 has taken it into its pool. Raises L1Rejected with the L1's words."""
        await self._rpc.call("eth_sendRawTransaction", hex_data(raw))
        return keccak256(raw)

    async def receipt(self, transaction_hash: Hash32) -> L1TransactionReceipt | None:
        """Where the transaction was included; None while it is not."""
        answer = await self._rpc.call("eth_getTransactionReceipt", hex_data(transaction_hash))
        return None if answer is None else _inclusion(values.to_object(answer, "receipt"), transaction_hash)

    async def knows_transaction(self, transaction_hash: Hash32) -> bool:
        """True if the L1 has the transaction in its pool or in a block."""
        return await self._rpc.call("eth_getTransactionByHash", hex_data(transaction_hash)) is not None

    async def balance(self, address: Address, which: Which = "latest") -> Wei:
        """The balance of an account after a block."""
        answer = await self._rpc.call("eth_getBalance", hex_data(address), _block_parameter(which))
        return Wei(values.to_quantity(answer, "balance"))

    async def nonce(self, address: Address, which: Which = "latest") -> Nonce:
        """The next nonce of an account after a block."""
        answer = await self._rpc.call("eth_getTransactionCount", hex_data(address), _block_parameter(which))
        return Nonce(values.to_quantity(answer, "nonce"))

    async def pending_nonce(self, address: Address) -> Nonce:
        """The next nonce of an account after what the L1's pool holds of it."""
        answer = await self._rpc.call("eth_getTransactionCount", hex_data(address), "pending")
        return Nonce(values.to_quantity(answer, "nonce"))

    async def code(self, address: Address, which: Which = "latest") -> bytes:
        """The code at an address after a block."""
        return values.to_data(await self._rpc.call("eth_getCode", hex_data(address), _block_parameter(which)), "code")

    async def call(self, to: Address, data: bytes, which: Which = "latest", *, sender: Address | None = None) -> bytes:
        """What calling `to` returns. Raises L1Rejected if it reverts."""
        message = {"to": hex_data(to), "data": hex_data(data)}
        if sender is not None:
            message["from"] = hex_data(sender)
        return values.to_data(await self._rpc.call("eth_call", message, _block_parameter(which)), "call result")

    async def estimate_gas(self, *, sender: Address, to: Address | None, data: bytes, value: int = 0) -> Gas:
        """Gas that the transaction needs on the latest block. Raises L1Rejected if it would revert."""
        message = {"from": hex_data(sender), "data": hex_data(data), "value": hex_quantity(value)}
        if to is not None:
            message["to"] = hex_data(to)
        return Gas(values.to_quantity(await self._rpc.call("eth_estimateGas", message), "gas estimate"))

    async def gas_price(self) -> tuple[Wei, Wei]:
        """(base fee of the latest block, suggested priority fee), both in wei."""
        header = await self.header("latest")
        try:
            tip = values.to_quantity(await self._rpc.call("eth_maxPriorityFeePerGas"), "priority fee")
        except L1MethodMissing:
            tip = 10**9
        return header.base_fee_per_gas, Wei(tip)

    # -- blocks ----------------------------------------------------------------------------------------------

    async def _block_json(self, which: Which, *, full: bool) -> Json:
        method = "eth_getBlockByHash" if isinstance(which, bytes) else "eth_getBlockByNumber"
        answer = await self._rpc.call(method, _block_parameter(which), full)
        if answer is None:
            raise L1Unavailable(f"L1 has no block {_shown(which)} (yet)")
        return values.to_object(answer, "block")

    async def _verified_header(self, block: Json, which: Which) -> tuple[Hash32, Header]:
        block_hash = headers.claimed_hash(block)
        items = headers.header_items(block)
        if headers.hash_items(items) != block_hash:
            items = headers.items_of_raw_header(await self._raw_header(block_hash), block_hash)
        header = headers.header_of(items)
        asked_other = (isinstance(which, bytes) and which != block_hash) or (
            isinstance(which, int) and which != header.number
        )
        if asked_other:
            raise L1Inconsistent(f"L1 answered another block: got 0x{block_hash.hex()}, expected {_shown(which)}")
        return block_hash, header

    async def _raw_header(self, block_hash: Hash32) -> Any:
        try:
            return await self._rpc.call("debug_getRawHeader", hex_data(block_hash))
        except L1Rejected as error:
            raise L1Inconsistent(
                f"L1 header does not hash to its block's hash, and there is no raw one: expected 0x{block_hash.hex()}"
            ) from error

    async def _full_block(self, which: Which) -> L1Block:
        block = await self._block_json(which, full=True)
        block_hash, header = await self._verified_header(block, which)
        known = self._blocks.get(block_hash)
        if known is not None:
            return known
        raw = await self._raw_transactions(block, header)
        found = L1Block(
            hash=block_hash,
            header=header,
            blob_base_fee=blob_base_fee(header.excess_blob_gas, self._blob_fraction),
            transactions=raw,
            receipts=await self._receipts(block, block_hash, header),
        )
        self._blocks.put(block_hash, found)
        self._remember(found.ref)
        return found

    async def _raw_transactions(self, block: Json, header: Header) -> tuple[bytes, ...]:
        listed = [
            values.to_object(one, "transaction") for one in values.to_array(block.get("transactions"), "transactions")
        ]
        raw = [transactions.raw_transaction(one) for one in listed]
        missing = [index for index, one in enumerate(raw) if one is None]
        if missing:
            hashes = [transactions.transaction_hash(listed[index]) for index in missing]
            for index, found in zip(missing, await self._fetch_raw(hashes), strict=True):
                raw[index] = found
        complete = tuple(one for one in raw if one is not None)
        _expect_root("transactions", ordered_root(complete), header.transactions_root)
        return complete

    async def _fetch_raw(self, hashes: list[Hash32]) -> list[bytes]:
        """The raw bytes of transactions whose type or JSON we can't encode."""
        answers = await self._rpc.batch([("eth_getRawTransactionByHash", (hex_data(one),)) for one in hashes])
        return [values.to_data(answer, "raw transaction") for answer in answers]

    async def _receipts(self, block: Json, block_hash: Hash32, header: Header) -> tuple[L1Receipt, ...]:
        if header.receipts_root == EMPTY_TRIE_ROOT:
            return ()
        hashes = [transactions.transaction_hash(one) for one in block["transactions"]]
        listed = await self._receipts_json(block_hash, hashes)
        _expect_root("receipts", ordered_root([receipts.raw_receipt(one) for one in listed]), header.receipts_root)
        return tuple(receipts.decode_receipt(one) for one in listed)

    async def _receipts_json(self, block_hash: Hash32, hashes: list[Hash32]) -> list[Json]:
        try:
            answer = await self._rpc.call("eth_getBlockReceipts", hex_data(block_hash))
        except L1Rejected:  # not offered, or only by number
            calls: list[Call] = [("eth_getTransactionReceipt", (hex_data(one),)) for one in hashes]
            answer = await self._rpc.batch(calls)
        listed = values.to_array(answer, "receipts") if answer is not None else [None]
        if any(one is None for one in listed):
            raise L1Unavailable(f"L1 has no receipts of block 0x{block_hash.hex()} (yet)")
        return [values.to_object(one, "receipt") for one in listed]

    def _remember(self, reference: L1BlockRef) -> L1BlockRef:
        self._references.put(reference.hash, reference)
        return reference


def _inclusion(answer: Json, transaction_hash: Hash32) -> L1TransactionReceipt:
    created = answer.get("contractAddress")
    return L1TransactionReceipt(
        transaction_hash=transaction_hash,
        block_hash=values.hash32(answer, "blockHash"),
        block_number=L1BlockNumber(values.quantity(answer, "blockNumber")),
        succeeded=values.quantity(answer, "status") == 1,
        gas_used=Gas(values.quantity(answer, "gasUsed")),
        effective_gas_price=Wei(values.to_quantity(answer.get("effectiveGasPrice", "0x0"), "effectiveGasPrice")),
        contract_address=None if created is None else values.address(answer, "contractAddress"),
        receipt=receipts.decode_receipt(answer),
    )


def _block_parameter(which: Which) -> Any:
    if isinstance(which, bytes):
        return hex_data(which)
    return hex_quantity(which) if isinstance(which, int) else which


def _expect_root(what: str, got: Hash32, expected: Hash32) -> None:
    if got != expected:
        raise L1Inconsistent(f"L1 {what} do not match their root: got 0x{got.hex()}, expected 0x{expected.hex()}")


def _shown(which: Which) -> str:
    return hex_data(which) if isinstance(which, bytes) else str(which)
