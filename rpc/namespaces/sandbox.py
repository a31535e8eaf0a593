"""anvil, hardhat and evm: time and state forged by hand, in `openledger devnet --sandbox` and nowhere else.

The three families are the same wishes in three spellings, so one definition serves them; what they answer is each
one's own: Anvil's setters null, Hardhat's and evm's true.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, cast

from rpc.context import Context
from rpc.devnet_ports import SandboxPort
from rpc.errors import InvalidParams, MethodNotFound
from rpc.namespaces.accounts import accounts_of
from rpc.namespaces.filling import fill_transaction
from rpc.parameters import CallRequest, Data
from rpc.parameters.sandbox import MineOptions, Number, Number64, ResetOptions, Seconds, Word
from rpc.registry import Handler, MethodGroup
from rpc.values import JsonObject
from rpc.views.hexadecimal import data, quantity
from state.primitives.types import Address, Hash32, Nonce, Wei
from state.transition import AccountForgery

SANDBOX: Final = MethodGroup("Sandbox (`openledger devnet --sandbox` only)")
SANDBOX_NAMESPACES: Final = ("anvil", "evm", "hardhat")
HARD_FORK: Final = "prague"

_NO_OPTIONS: Final[dict[str, object]] = {}
_ONE: Final = 1
_MINE_ONE: Final = {"timestamp": None, "blocks": 1}


def _sandbox(context: Context) -> SandboxPort:
    if context.ports.sandbox is None:
        raise MethodNotFound("only `openledger devnet --sandbox` has this method")
    return context.ports.sandbox


def _spelled(*names: str) -> Callable[[Handler], Handler]:
    """Registers a method under several names; `null` becomes true but under Anvil's."""

    def register(handler: Handler) -> Handler:
        for name in names:
            SANDBOX.method(name)(handler if name.startswith("anvil_") else _true_for_null(handler))
        return handler

    return register


def _true_for_null(handler: Handler) -> Handler:
    @wraps(handler)
    async def answer(*arguments: Any) -> Any:
        result = handler(*arguments)
        if hasattr(result, "__await__"):
            result = await result
        return True if result is None else result

    return cast(Handler, answer)


# Blocks


@SANDBOX.method("evm_mine")
async def evm_mine(context: Context, options: MineOptions = _MINE_ONE) -> str:
    """One block now, or as many as `blocks` says, the first at `timestamp`; answers `0x0`."""
    await _sandbox(context).mine(options["blocks"], timestamp=options["timestamp"])
    return "0x0"


@_spelled("anvil_mine", "hardhat_mine")
async def mine(context: Context, blocks: Number64 = _ONE, interval: Number64 | None = None) -> None:
    """That many blocks now, `interval` seconds apart."""
    await _sandbox(context).mine(blocks, interval=interval)


@_spelled("anvil_setAutomine", "evm_setAutomine")
async def set_automine(context: Context, enabled: bool) -> None:
    """Whether each transaction gets its block at once."""
    await _sandbox(context).set_automine(enabled)


@_spelled("anvil_getAutomine", "evm_getAutomine", "hardhat_getAutomine")
def get_automine(context: Context) -> bool:
    """Whether each transaction gets its block at once."""
    return _sandbox(context).automine


@_spelled("anvil_setIntervalMining", "evm_setIntervalMining")
async def set_interval_mining(context: Context, seconds: Seconds) -> None:
    """A block every so many seconds and none for a transaction alone; 0: none but those that are asked for."""
    await _sandbox(context).set_interval(seconds)


@SANDBOX.method("anvil_getIntervalMining")
def get_interval_mining(context: Context) -> float | None:
    """The seconds between blocks that come by themselves; null where none do."""
    return _sandbox(context).describe().mining_interval


# Time


@_spelled("anvil_increaseTime", "evm_increaseTime")
def increase_time(context: Context, seconds: Number64) -> int:
    """Moves the clock on, and answers how many seconds it is ahead of the machine's in all."""
    return _sandbox(context).increase_time(seconds)


@_spelled("anvil_setTime", "evm_setTime")
def set_time(context: Context, timestamp: Number64) -> int:
    """It is `timestamp` now; answers how many seconds that is ahead of the machine's clock."""
    return _sandbox(context).set_time(timestamp)


@_spelled("anvil_setNextBlockTimestamp", "evm_setNextBlockTimestamp")
def set_next_block_timestamp(context: Context, timestamp: Number64) -> None:
    """The next block has exactly this time, and the clock goes on from there."""
    _sandbox(context).ask_timestamp(timestamp)


@SANDBOX.method("anvil_setBlockTimestampInterval")
def set_block_timestamp_interval(context: Context, seconds: Number64) -> None:
    """Each block's time is so many seconds after its parent's, whatever the clock says."""
    _sandbox(context).set_timestamp_interval(seconds)


@SANDBOX.method("anvil_removeBlockTimestampInterval")
def remove_block_timestamp_interval(context: Context) -> bool:
    """The clock decides again; answers whether there was an interval."""
    return _sandbox(context).remove_timestamp_interval()


# The blocks to come


@_spelled("anvil_setBlockGasLimit", "evm_setBlockGasLimit", "hardhat_setBlockGasLimit")
def set_block_gas_limit(context: Context, gas_limit: Number64) -> bool:
    """The gas limit of the blocks to come, and at once of transactions."""
    _sandbox(context).wish_gas_limit(gas_limit)
    return True


@_spelled("anvil_setNextBlockBaseFeePerGas", "hardhat_setNextBlockBaseFeePerGas")
def set_next_block_base_fee_per_gas(context: Context, base_fee: Number) -> None:
    """The next block's base fee in wei; the one after follows from it by the rules."""
    _sandbox(context).wish_base_fee(base_fee)


@_spelled("anvil_setPrevRandao", "hardhat_setPrevRandao")
def set_prev_randao(context: Context, prev_randao: Hash32) -> None:
    """What PREVRANDAO gives in the next block."""
    _sandbox(context).wish_prev_randao(prev_randao)


@_spelled("anvil_setCoinbase", "hardhat_setCoinbase")
def set_coinbase(context: Context, address: Address) -> None:
    """Who gets the tips of the blocks to come, instead of the sequencer's fee vault."""
    _sandbox(context).wish_fee_recipient(address)


# Accounts


@_spelled("anvil_setBalance", "hardhat_setBalance")
async def set_balance(context: Context, address: Address, balance: Number) -> None:
    """The account has so many wei, from the newest block on."""
    await _sandbox(context).forge(AccountForgery(address=address, balance=Wei(balance)))


@_spelled("anvil_setNonce", "hardhat_setNonce")
async def set_nonce(context: Context, address: Address, nonce: Number64) -> None:
    """The account's next transaction has this nonce."""
    await _sandbox(context).forge(AccountForgery(address=address, nonce=Nonce(nonce)))


@_spelled("anvil_setCode", "hardhat_setCode")
async def set_code(context: Context, address: Address, code: Data) -> None:
    """The account has this code; `0x` takes it away."""
    await _sandbox(context).forge(AccountForgery(address=address, code=code))


@_spelled("anvil_setStorageAt", "hardhat_setStorageAt")
async def set_storage_at(context: Context, address: Address, slot: Word, value: Word) -> bool:
    """A slot of the account's storage holds this word."""
    await _sandbox(context).forge(AccountForgery(address=address, slots={slot: value}))
    return True


@_spelled("anvil_impersonateAccount", "hardhat_impersonateAccount")
def impersonate_account(context: Context, address: Address) -> None:
    """eth_sendTransaction takes transactions from this account, be it a contract, without its key."""
    _sandbox(context).impersonate(address)


@_spelled("anvil_stopImpersonatingAccount", "hardhat_stopImpersonatingAccount")
def stop_impersonating_account(context: Context, address: Address) -> None:
    """No longer."""
    _sandbox(context).stop_impersonating(address)


@SANDBOX.method("anvil_autoImpersonateAccount")
def auto_impersonate_account(context: Context, enabled: bool) -> None:
    """eth_sendTransaction takes transactions from every account."""
    _sandbox(context).impersonate_anybody(enabled)


@SANDBOX.method("eth_sendUnsignedTransaction")
async def send_unsigned_transaction(context: Context, transaction: CallRequest) -> str:
    """The hash of a transaction from any account, impersonated or not."""
    sandbox, sender = _sandbox(context), transaction.sender
    if sender is None:
        raise InvalidParams("missing value for required argument 0: transaction: from")

    async def make_up_and_submit() -> Hash32:
        unsigned = await fill_transaction(context, transaction, sender)
        return await context.ports.pool.submit(sandbox.make_up_transaction(sender, unsigned))

    return data(await accounts_of(context).in_turn(sender, make_up_and_submit))


# Back


@_spelled("anvil_snapshot", "evm_snapshot")
async def snapshot(context: Context) -> str:
    """The id of a point that evm_revert goes back to, once."""
    return quantity(await _sandbox(context).snapshot())


@_spelled("anvil_revert", "evm_revert")
async def revert(context: Context, snapshot_id: Number) -> bool:
    """Blocks, state, pool, clock and wishes are what they were at the snapshot; false where there is none of that id.
    Its id and all later ones are then used up."""
    return await _sandbox(context).revert(snapshot_id)


@_spelled("anvil_reset", "hardhat_reset")
async def reset(context: Context, options: ResetOptions = _NO_OPTIONS) -> None:
    """Back to genesis. Raises for an RPC URL: forking other chains is not supported."""
    forking = options.get("forking")
    if isinstance(forking, dict) and forking.get("jsonRpcUrl") is not None:
        raise InvalidParams("invalid argument 0: options: forking is not supported")
    await _sandbox(context).reset()


@_spelled("anvil_dropTransaction")
def drop_transaction(context: Context, transaction_hash: Hash32) -> str | None:
    """Takes a transaction out of the pool and answers its hash; null if the pool hasn't got it."""
    return data(transaction_hash) if _sandbox(context).drop(transaction_hash) else None


@_spelled("hardhat_dropTransaction")
def hardhat_drop_transaction(context: Context, transaction_hash: Hash32) -> bool:
    """Takes a transaction out of the pool; whether it was there."""
    return _sandbox(context).drop(transaction_hash)


@SANDBOX.method("anvil_dropAllTransactions")
def drop_all_transactions(context: Context) -> None:
    """Empties the pool."""
    _sandbox(context).drop_all()


@SANDBOX.method("anvil_removePoolTransactions")
def remove_pool_transactions(context: Context, address: Address) -> None:
    """Takes all transactions of a sender out of the pool."""
    _sandbox(context).drop_all(address)


# What it is


@SANDBOX.method("anvil_nodeInfo")
def node_info(context: Context) -> JsonObject:
    """The newest block, and what the next ones will be like."""
    head, sandbox = context.blocks.head(), _sandbox(context).describe()
    base_fee = context.ports.chain.next_base_fee(head.header)
    return {
        "currentBlockNumber": quantity(head.header.number),
        "currentBlockTimestamp": head.header.timestamp,
        "currentBlockHash": data(head.hash),
        "hardFork": HARD_FORK,
        "transactionOrder": "fees",
        "environment": {
            "baseFee": quantity(base_fee),
            "chainId": context.ports.info.chain_id,
            "gasLimit": quantity(sandbox.gas_limit),
            "gasPrice": quantity(base_fee + context.ports.info.suggested_tip()),
        },
        "forkConfig": {"forkUrl": None, "forkBlockNumber": None, "forkRetryBackoff": None},
    }


@_spelled("anvil_metadata", "hardhat_metadata")
def metadata(context: Context) -> JsonObject:
    """Which chain this is an instance of, where it stands, and its snapshots."""
    head, sandbox = context.blocks.head(), _sandbox(context).describe()
    return {
        "clientVersion": context.ports.info.client_version,
        "chainId": context.ports.info.chain_id,
        "instanceId": data(sandbox.instance),
        "latestBlockNumber": head.header.number,
        "latestBlockHash": data(head.hash),
        "snapshots": {
            quantity(snapshot_id): {"blockNumber": number, "blockHash": data(block_hash)}
            for snapshot_id, (number, block_hash) in sandbox.snapshots.items()
        },
    }


def sandbox_names() -> Iterable[str]:
    """Every method that only a sandbox has."""
    return SANDBOX.methods
