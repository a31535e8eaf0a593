"""One connection to a node: sign, send, wait, read."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress, HexStr
from hexbytes import HexBytes
from requests.exceptions import RequestException
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractCustomError, ContractLogicError, TimeExhausted, Web3Exception, Web3RPCError
from web3.types import TxParams, TxReceipt

from client.abis import abi, decode_error
from client.errors import BadInput, ChainUnreachable, TransactionLost, TransactionRefused, TransactionReverted
from contracts.addresses import OP_PREDEPLOYS, OPEN_PREDEPLOYS, checksum

WAIT_SECONDS: Final = 120.0
NONCE_SECONDS: Final = 2.0
"""Between looks whether a transaction that is waited for can still be included."""
FEES_SECONDS: Final = 1.0
ROWS_A_PAGE: Final = 100
METHOD_NOT_FOUND: Final = -32601
GAS_MARGIN_PERCENT: Final = 20
"""On top of an estimate: pools that fill between estimate and inclusion move a few storage reads."""


class Chain:
    """A node's JSON-RPC as a user of contracts sees it. Nonces are counted here, so that one may send many at once; an
    account is used through one `Chain` at a time."""

    def __init__(self, rpc_url: str, *, timeout: float = 30.0) -> None:
        if not rpc_url.startswith(("http://", "https://")):
            raise BadInput(f"{rpc_url!r} is no URL of a node: expected http://HOST:PORT")
        self.url = rpc_url
        self.web3 = Web3(Web3.HTTPProvider(rpc_url, request_kwargs={"timeout": timeout}))
        try:
            self.chain_id = int(self.web3.eth.chain_id)
        except (RequestException, Web3Exception, ValueError) as error:
            raise ChainUnreachable(f"no node answers at {rpc_url}: is it running? ({type(error).__name__})") from error
        self._nonces: dict[str, int] = {}
        self._sent: dict[HexBytes, tuple[ChecksumAddress, int]] = {}
        """Hash -> sender and nonce, of what has no receipt yet."""
        self._last_fees: tuple[float, TxParams] | None = None
        self._contracts: dict[str, Contract] = {}

    def contract(self, name: str, address: str | None = None) -> Contract:
        """A predeploy by its name, or any contract with that ABI at `address`."""
        key = f"{name}@{address}"
        if key not in self._contracts:
            where = address or checksum((OPEN_PREDEPLOYS | OP_PREDEPLOYS)[name])
            made = self.web3.eth.contract(address=Web3.to_checksum_address(where), abi=abi(name))
            self._contracts[key] = made
        return self._contracts[key]

    def rpc(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The result of any JSON-RPC method. Raises TransactionRefused with the node's words."""
        try:
            answer = self.web3.provider.make_request(cast("Any", method), list(params))
        except RequestException as error:
            raise ChainUnreachable(f"{self.url} stopped answering: {type(error).__name__}") from error
        if "error" in answer:
            problem = cast("dict[str, Any]", answer["error"])
            if method.startswith("open_") and problem.get("code") == METHOD_NOT_FOUND:
                raise BadInput("that chain lacks our contracts: is --rpc the URL of an OpenLedger L2 node?")
            raise TransactionRefused(f"{method}: {problem.get('message')}")
        return answer["result"]

    def pages(self, method: str, rows: str, *params: Any) -> Iterator[Any]:
        """All rows of an open_* method that answers in pages, asked for page by page; `params` come before the page."""
        cursor: str | None = None
        while True:
            page = {"limit": hex(ROWS_A_PAGE)} | ({} if cursor is None else {"cursor": cursor})
            answer = self.rpc(method, [*params, page])
            yield from answer[rows]
            cursor = answer["next"]
            if cursor is None:
                return

    # Sending

    def send(self, account: LocalAccount, call: ContractFunction, *, value: int = 0) -> HexBytes:
        """The hash of a sent call to a contract. Raises TransactionReverted already at the estimate."""
        transaction: TxParams = {"from": account.address, "value": cast("Any", value)}
        try:
            gas = call.estimate_gas(transaction)
            transaction["gas"] = gas + gas * GAS_MARGIN_PERCENT // 100
            nonce = self._next_nonce(account)
            built = call.build_transaction({**transaction, **self._fees(), "nonce": nonce, "chainId": self.chain_id})
        except (ContractCustomError, ContractLogicError) as error:
            raise TransactionReverted(f"{call.fn_name} was refused: {explain_revert(error)}") from error
        except Web3RPCError as error:
            raise TransactionRefused(f"{call.fn_name}: {explain_rpc_error(error)}") from error
        return self._submit(account, built)

    def transfer(self, account: LocalAccount, to: ChecksumAddress, value: int) -> HexBytes:
        """The hash of a sent plain transfer of `value` wei."""
        nonce = self._next_nonce(account)
        transaction: TxParams = {"to": to, "value": cast("Any", value), "gas": 21_000, "chainId": self.chain_id}
        return self._submit(account, {**transaction, **self._fees(), "nonce": nonce})

    def transact(self, account: LocalAccount, call: ContractFunction, *, value: int = 0) -> TxReceipt:
        """The receipt of a call that succeeded."""
        return self.wait(self.send(account, call, value=value))

    def _fees(self) -> TxParams:
        """Twice the base fee and the node's tip, asked for at most once a second."""
        now = time.monotonic()
        if self._last_fees is None or now - self._last_fees[0] > FEES_SECONDS:
            base_fee = self.web3.eth.get_block("latest")["baseFeePerGas"]
            tip = self.web3.eth.max_priority_fee
            fees: TxParams = {"maxPriorityFeePerGas": tip, "maxFeePerGas": cast("Any", 2 * base_fee + tip)}
            self._last_fees = (now, fees)
        return self._last_fees[1]

    def _next_nonce(self, account: LocalAccount) -> Any:
        known = self._nonces.get(account.address)
        return self.web3.eth.get_transaction_count(account.address, "pending") if known is None else known

    def _submit(self, account: LocalAccount, transaction: TxParams) -> HexBytes:
        signed = account.sign_transaction(cast("dict[str, Any]", transaction))
        try:
            transaction_hash = self.web3.eth.send_raw_transaction(signed.raw_transaction)
        except Web3RPCError as error:
            self._nonces.pop(account.address, None)
            raise TransactionRefused(explain_rpc_error(error)) from error
        nonce = int(transaction["nonce"])
        self._nonces[account.address] = nonce + 1
        self._sent[transaction_hash] = account.address, nonce
        return transaction_hash

    # Waiting

    def wait(self, transaction_hash: HexBytes, seconds: float = WAIT_SECONDS) -> TxReceipt:
        """The receipt of a transaction that succeeded. Raises TransactionReverted or TransactionLost."""
        deadline = time.monotonic() + seconds
        while (receipt := self._receipt_within(transaction_hash, NONCE_SECONDS)) is None:
            self._check_nonce_is_free(transaction_hash)
            if time.monotonic() > deadline:
                raise TransactionLost(f"no receipt for {transaction_hash.to_0x_hex()} within {seconds:.0f} s")
        self._sent.pop(transaction_hash, None)
        if receipt["status"] != 1:
            raise TransactionReverted(f"transaction {transaction_hash.to_0x_hex()} failed on chain")
        return receipt

    def _receipt_within(self, transaction_hash: HexBytes, seconds: float) -> TxReceipt | None:
        try:
            return self.web3.eth.wait_for_transaction_receipt(transaction_hash, timeout=seconds, poll_latency=0.1)
        except TimeExhausted:
            return None
        except (RequestException, Web3Exception) as error:
            raise ChainUnreachable(f"{self.url} stopped answering: {type(error).__name__}") from error

    def _check_nonce_is_free(self, transaction_hash: HexBytes) -> None:
        """Raises TransactionLost when another transaction of the sender, a deposit perhaps, has had its nonce."""
        if transaction_hash not in self._sent:
            return
        sender, nonce = self._sent[transaction_hash]
        if self.web3.eth.get_transaction_count(sender) <= nonce or self._receipt_within(transaction_hash, 0.2):
            return
        self._nonces.pop(sender, None)
        del self._sent[transaction_hash]
        raise TransactionLost(
            f"another transaction of {sender} took nonce {nonce}, so {transaction_hash.to_0x_hex()} can't be included: "
            "send it again (a deposit from L1 takes a nonce of its sender on L2 too)"
        )

    def wait_all(self, hashes: Sequence[HexBytes], on_each: Callable[[], None] = lambda: None) -> list[TxReceipt]:
        """The receipts, in order."""
        receipts = []
        for transaction_hash in hashes:
            receipts.append(self.wait(transaction_hash))
            on_each()
        return receipts

    def wait_until(self, reached: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> None:
        """Return when `reached()`. Raises TransactionLost naming `what` after `seconds`."""
        deadline = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > deadline:
                raise TransactionLost(f"{what} did not happen within {seconds:.0f} s")
            time.sleep(0.2)

    def wait_for_block_after(self, number: int) -> None:
        """Return when there is a block above `number`: estimates run in the newest block, not in the next one."""
        self.wait_until(lambda: self.web3.eth.block_number > number, f"a block after {number}")

    def timestamp(self) -> int:
        """UNIX seconds of the latest block."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def balance(self, address: str) -> int:
        """Wei of OPEN."""
        return int(self.web3.eth.get_balance(Web3.to_checksum_address(address)))


def explain_revert(error: Exception) -> str:
    """The custom error's name and arguments, or the reason, of a revert."""
    data = getattr(error, "data", None)
    if isinstance(data, str) and data.startswith("0x"):
        named = decode_error(bytes.fromhex(data[2:]))
        if named is not None:
            return named
    return str(getattr(error, "message", None) or error)


def explain_rpc_error(error: Web3RPCError) -> str:
    """The node's words."""
    response = cast("dict[str, Any]", error.rpc_response or {})
    problem = response.get("error")
    return str(problem.get("message")) if isinstance(problem, dict) else str(error)


def event_arguments(contract: Contract, event: str, receipt: TxReceipt) -> dict[str, Any]:
    """The arguments of the one `event` of `contract` in a receipt."""
    logs = contract.events[event]().process_receipt(receipt, errors=_discard())
    return dict(logs[0]["args"])


def _discard() -> Any:
    from web3.logs import DISCARD  # noqa: PLC0415 - a singleton that web3 exports only there

    return DISCARD


def hex_data(data: bytes) -> HexStr:
    """0x-prefixed."""
    return HexStr("0x" + data.hex())
