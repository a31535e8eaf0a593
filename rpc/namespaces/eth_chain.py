"""eth: which chain this is and where it stands."""

from typing import Final

from rpc.context import Context
from rpc.registry import MethodGroup
from rpc.results import AddressText, QuantityText
from rpc.values import JsonObject
from rpc.views.hexadecimal import data, quantity

CHAIN: Final = MethodGroup("Chain")


@CHAIN.method("eth_chainId")
def chain_id(context: Context) -> QuantityText:
    """The chain id that transactions are signed for (EIP-155)."""
    return quantity(context.ports.info.chain_id)


@CHAIN.method("eth_blockNumber")
def block_number(context: Context) -> QuantityText:
    """The height of the unsafe head."""
    return quantity(context.blocks.head_number)


@CHAIN.method("eth_syncing")
def syncing(context: Context) -> JsonObject | bool:
    """False, or how far the node has come while it catches up."""
    progress = context.ports.info.syncing()
    if progress is None:
        return False
    return {
        "startingBlock": quantity(progress.starting_block),
        "currentBlock": quantity(progress.current_block),
        "highestBlock": quantity(progress.highest_block),
    }


@CHAIN.method("eth_coinbase")
def coinbase(context: Context) -> AddressText:
    """The fee recipient of the unsafe head; on L2 the sequencer's fee vault."""
    return data(context.blocks.head().header.fee_recipient)


@CHAIN.method("eth_accounts")
def accounts(context: Context) -> list[str]:
    """Accounts that this node signs for: none but on a devnet."""
    held = context.ports.accounts
    return [] if held is None else [data(address) for address in held.addresses()]
