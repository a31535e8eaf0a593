"""optimism: what op-node answers, from the rollup beside this chain. Not registered on L1."""

from typing import Final

from rpc.context import Context
from rpc.errors import MethodNotFound
from rpc.parameters import Uint64
from rpc.ports import RollupPort
from rpc.registry import MethodGroup
from rpc.values import JsonObject
from state.primitives.types import BlockNumber

OPTIMISM: Final = MethodGroup("Rollup")


def _rollup(context: Context) -> RollupPort:
    if context.ports.rollup is None:
        raise MethodNotFound("this chain is no rollup: optimism_* does not exist/is not available")
    return context.ports.rollup


@OPTIMISM.method("optimism_syncStatus")
async def sync_status(context: Context) -> JsonObject:
    """The L1 heads that were read and the unsafe, safe and finalized L2 heads with their L1 origins."""
    return await _rollup(context).sync_status()


@OPTIMISM.method("optimism_outputAtBlock")
async def output_at_block(context: Context, number: Uint64) -> JsonObject:
    """The output root at a height and what it is computed from."""
    return await _rollup(context).output_at_block(BlockNumber(number))


@OPTIMISM.method("optimism_rollupConfig")
async def rollup_config(context: Context) -> JsonObject:
    """The rollup's configuration, as in rollup.json."""
    return await _rollup(context).rollup_config()


@OPTIMISM.method("optimism_version")
def version(context: Context) -> str:
    """The version of the node."""
    return context.ports.info.client_version
