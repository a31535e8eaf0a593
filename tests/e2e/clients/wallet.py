"""The half of a browser wallet that holds the key: it answers what provider.js does not fetch from the node itself.

It fills transactions as MetaMask does: gas from `eth_estimateGas` with half as much again, fees from `eth_feeHistory`,
the nonce from the pending block. Calls sent together (EIP-5792) become one transaction of the account to itself, by the
code that it delegates to (EIP-7702): a contract with ERC-7821's `execute`.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import Web3
from web3.exceptions import Web3RPCError

from tests.e2e.network.devnets import COMES_WITHIN

BATCH_MODE: Final = "0x01" + "00" * 31
"""ERC-7821: a plain batch that reverts as a whole."""
EXECUTE: Final = keccak(text="execute(bytes32,bytes)")[:4]
UNSUPPORTED: Final = 4200
UNAUTHORIZED: Final = 4100
INVALID_PARAMS: Final = -32602


class Refused(Exception):
    """What the wallet says no to, with EIP-1193's code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Wallet:
    """One account's key, connected to a node."""

    def __init__(self, web3: Web3, account: LocalAccount, executor: str) -> None:
        self._web3: Final = web3
        self._account: Final = account
        self._executor: Final = executor
        """Where the ERC-7821 code is that the account delegates to."""
        self._is_connected = False
        self._batches: Final[dict[str, Any]] = {}
        self.sent: Final[list[Any]] = []
        """Hashes of its transactions, oldest first."""
        self.watched: Final[list[dict[str, Any]]] = []
        self.added: Final[list[str]] = []
        """Names of the chains that pages made known."""
        self._answers: Final[dict[str, Callable[..., Any]]] = {
            "eth_requestAccounts": self._connect,
            "eth_accounts": self._accounts,
            "wallet_requestPermissions": self._request_permissions,
            "wallet_getPermissions": self._permissions,
            "wallet_watchAsset": lambda **asset: self.watched.append(asset) or True,  # type: ignore[func-returns-value]
            "wallet_addEthereumChain": self._add_chain,
            "wallet_getCapabilities": self._capabilities,
            "wallet_sendCalls": self._send_calls,
            "wallet_getCallsStatus": self._calls_status,
            "personal_sign": lambda message, *_: self._sign(encode_defunct(hexstr=message)),
            "personal_ecRecover": self._recover,
            "eth_signTypedData_v3": self._sign_typed_data,
            "eth_signTypedData_v4": self._sign_typed_data,
            "eth_sendTransaction": self._send_transaction,
        }

    def answer(self, asked: str) -> str:
        """The JSON answer to the JSON of {method, params}."""
        request = json.loads(asked)
        answer = self._answers.get(request["method"])
        try:
            if answer is None:
                raise Refused(UNSUPPORTED, f"{request['method']} is not supported")
            params = request["params"]
            result = answer(**params) if isinstance(params, dict) else answer(*params)
        except Refused as refused:
            return json.dumps({"error": {"code": refused.code, "message": str(refused)}})
        except Web3RPCError as error:
            response: Any = error.rpc_response or {}
            return json.dumps({"error": response["error"]})
        connected = {"accounts": self._accounts()} if request["method"] == "eth_requestAccounts" else {}
        return json.dumps({"result": result, **connected})

    def _connect(self) -> list[str]:
        self._is_connected = True
        return self._accounts()

    def _accounts(self) -> list[str]:
        return [self._account.address.lower()] if self._is_connected else []

    def _request_permissions(self, _: Any) -> list[dict[str, Any]]:
        self._connect()
        return self._permissions()

    def _permissions(self) -> list[dict[str, Any]]:
        return [{"parentCapability": "eth_accounts", "caveats": []}] if self._is_connected else []

    def _add_chain(self, chain: dict[str, Any]) -> None:
        """EIP-3085: the URL must serve the chain that the page names."""
        served = Web3(Web3.HTTPProvider(chain["rpcUrls"][0])).eth.chain_id
        if served != int(chain["chainId"], 16):
            raise Refused(INVALID_PARAMS, f"{chain['rpcUrls'][0]} serves chain {served}, not {chain['chainId']}")
        self.added.append(chain["chainName"])

    def _require_own(self, address: str) -> None:
        if not self._is_connected or address.lower() != self._account.address.lower():
            raise Refused(UNAUTHORIZED, f"the page may not use {address}")

    def _sign(self, signable: Any) -> str:
        if not self._is_connected:
            raise Refused(UNAUTHORIZED, "not connected")
        signature: str = self._account.sign_message(signable).signature.to_0x_hex()
        return signature

    def _recover(self, message: str, signature: str) -> str:
        recovered: str = Account.recover_message(encode_defunct(hexstr=message), signature=signature)
        return recovered.lower()

    def _sign_typed_data(self, address: str, typed_data: str) -> str:
        self._require_own(address)
        message = json.loads(typed_data)
        message["types"].pop(
            "Group", None
        )  # the dapp's message has no such part: eth-account would take it for the whole
        signed = self._account.sign_typed_data(full_message=message)
        signature: str = signed.signature.to_0x_hex()
        return signature

    def _send_transaction(self, asked: dict[str, Any]) -> str:
        self._require_own(asked["from"])
        fields = {name: value for name, value in asked.items() if name in ("to", "value", "data") and value}
        if "gasPrice" in asked:
            fields |= {"gasPrice": int(asked["gasPrice"], 16)}
        else:
            fields |= self._fees() | {
                name: int(asked[name], 16) for name in ("maxFeePerGas", "maxPriorityFeePerGas") if name in asked
            }
        gas = asked.get("gas") or asked.get("gasLimit")
        return self._submit(fields | ({"gas": int(gas, 16)} if gas else {}))

    def _fees(self) -> dict[str, int]:
        history = self._web3.eth.fee_history(5, "latest", [10, 20, 30])
        tip = max(max((reward[1] for reward in history["reward"]), default=0), 10**6)
        return {"maxPriorityFeePerGas": tip, "maxFeePerGas": 2 * history["baseFeePerGas"][-1] + tip}

    def _submit(self, fields: dict[str, Any]) -> str:
        """The hash of a transaction, sent. Raises Web3RPCError in the node's words."""
        eth, sender = self._web3.eth, self._account.address
        filled = {"from": sender, "value": "0x0", "chainId": eth.chain_id} | fields
        filled["value"] = int(filled["value"], 16)
        if filled.get("to"):
            filled["to"] = Web3.to_checksum_address(filled["to"])
        filled["nonce"] = eth.get_transaction_count(sender, "pending")
        if "gas" not in filled:
            filled["gas"] = eth.estimate_gas(filled) * 3 // 2  # type: ignore[arg-type]
        self.sent.append(eth.send_raw_transaction(self._account.sign_transaction(filled).raw_transaction))
        sent: str = self.sent[-1].to_0x_hex()
        return sent

    def _capabilities(self, address: str, chain_ids: list[str] | None = None) -> dict[str, Any]:
        self._require_own(address)
        return {chain: {"atomic": {"status": "supported"}} for chain in chain_ids or [hex(self._web3.eth.chain_id)]}

    def _send_calls(self, asked: dict[str, Any]) -> dict[str, str]:
        self._require_own(asked["from"])
        eth = self._web3.eth
        calls = [
            (call["to"], int(call.get("value") or "0x0", 16), bytes.fromhex((call.get("data") or "0x")[2:]))
            for call in asked["calls"]
        ]
        inner = encode(["(address,uint256,bytes)[]"], [calls])
        data = EXECUTE + encode(["bytes32", "bytes"], [bytes.fromhex(BATCH_MODE[2:]), inner])
        fields = {"to": self._account.address, "data": "0x" + data.hex(), "gas": 500_000, **self._fees()}
        if not eth.get_code(self._account.address):
            # The sender's own nonce is counted up before its authorization is looked at.
            nonce = eth.get_transaction_count(self._account.address, "pending") + 1
            signed = self._account.sign_authorization(
                {"chainId": eth.chain_id, "address": self._executor, "nonce": nonce}
            )
            fields["authorizationList"] = [signed]
        transaction = self._submit(fields)
        self._batches[transaction] = asked["chainId"]
        return {"id": transaction}

    def _calls_status(self, batch: str) -> dict[str, Any]:
        receipt = self._web3.eth.wait_for_transaction_receipt(batch, timeout=COMES_WITHIN, poll_latency=0.2)
        return {
            "version": "2.0.0",
            "id": batch,
            "chainId": self._batches[batch],
            "status": 200 if receipt["status"] else 500,
            "atomic": True,
            "receipts": [{"transactionHash": batch, "status": hex(receipt["status"])}],
        }
