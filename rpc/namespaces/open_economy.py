"""open: this chain's own questions, about Datanets, models, inferences, rewards and the supply.

Every answer is an object that names the block it was read at: `{"block": {"number", "hash", "timestamp"}, ...}`. What
is not there is null beside it. Answers in pages have `next`: null, or the cursor to send with the next question.
Not registered on L1.
"""

from typing import Any, Final

from rpc.context import Context
from rpc.errors import InvalidParams, MethodNotFound
from rpc.parameters import LATEST, BlockSelector, Uint64
from rpc.parameters.pages import Page, RecordsRequest
from rpc.registry import MethodGroup
from rpc.values import JsonObject
from rpc.views.economy import economy_json
from state.primitives.types import Address, Hash32

ECONOMY: Final = MethodGroup("Datanets, models, inferences, rewards")
FIRST_PAGE: Final = Page()


async def _ask(context: Context, question: str, block: BlockSelector, **arguments: Any) -> JsonObject:
    if context.ports.economy is None:
        raise MethodNotFound("this chain has no OPEN predeploys: open_* does not exist/is not available")
    answer = await context.ports.economy.ask(question, context.blocks.select(block).hash, arguments)
    rendered: JsonObject = economy_json(answer)
    return rendered


# Datanets and contributions


@ECONOMY.method("open_getDatanet")
async def get_datanet(context: Context, datanet_id: Uint64, block: BlockSelector = LATEST) -> JsonObject:
    """`datanet`: owner, name, licence, policy, count of accepted contributions, newest 50 versions; null if unknown."""
    return await _ask(context, "datanet", block, datanet_id=datanet_id)


@ECONOMY.method("open_getDatanets")
async def get_datanets(context: Context, page: Page = FIRST_PAGE, block: BlockSelector = LATEST) -> JsonObject:
    """`datanets` by id, each with its newest version, and their `total`."""
    return await _ask(context, "datanets", block, cursor=page.cursor, limit=page.limit)


@ECONOMY.method("open_getContribution")
async def get_contribution(context: Context, contribution_id: Uint64, block: BlockSelector = LATEST) -> JsonObject:
    """`contribution`: its Datanet, contributor, status, rows, content root and URI; null if unknown."""
    return await _ask(context, "contribution", block, contribution_id=contribution_id)


@ECONOMY.method("open_getContributionsByHash")
async def get_contributions_by_hash(
    context: Context, content_root: Hash32, block: BlockSelector = LATEST
) -> JsonObject:
    """`contributions` of the data with this content root, at most 100, oldest first."""
    return await _ask(context, "contributions_by_hash", block, content_root=content_root, limit=100)


@ECONOMY.method("open_getContributions")
async def get_contributions(
    context: Context, datanet_id: Uint64, page: Page = FIRST_PAGE, block: BlockSelector = LATEST
) -> JsonObject:
    """`contributions` to a Datanet, in the order in which they were made."""
    return await _contributions(context, datanet_id, None, page, block)


@ECONOMY.method("open_getContributionsOf")
async def get_contributions_of(
    context: Context, contributor: Address, page: Page = FIRST_PAGE, block: BlockSelector = LATEST
) -> JsonObject:
    """`contributions` of an account, to any Datanet, in the order in which they were made."""
    return await _contributions(context, None, contributor, page, block)


async def _contributions(
    context: Context, datanet_id: int | None, contributor: bytes | None, page: Page, block: BlockSelector
) -> JsonObject:
    return await _ask(
        context,
        "contributions",
        block,
        datanet_id=datanet_id,
        contributor=contributor,
        cursor=page.cursor,
        limit=page.limit,
    )


# Models


@ECONOMY.method("open_getModel")
async def get_model(context: Context, model_id: Uint64, block: BlockSelector = LATEST) -> JsonObject:
    """`model`: checkpoints with their Datanet versions, evaluations, deployments, all ancestors; null if unknown."""
    return await _ask(context, "model", block, model_id=model_id)


@ECONOMY.method("open_getModels")
async def get_models(context: Context, page: Page = FIRST_PAGE, block: BlockSelector = LATEST) -> JsonObject:
    """`models` by id, and their `total`."""
    return await _ask(context, "models", block, cursor=page.cursor, limit=page.limit)


# Inferences


@ECONOMY.method("open_getInference")
async def get_inference(
    context: Context, batch_hash: Hash32, index: Uint64, block: BlockSelector = LATEST
) -> JsonObject:
    """`inference`: a settled record by its batch and place: model, tokens, fee, payer, shares; null if unknown."""
    return await _ask(context, "inference", block, of_batch=batch_hash, index=index)


@ECONOMY.method("open_getInferences")
async def get_inferences(
    context: Context, filter: RecordsRequest, page: Page = FIRST_PAGE, block: BlockSelector = LATEST
) -> JsonObject:
    """`inferences` that a contributor, contribution, Datanet, model, payer or worker has a part in, oldest first.

    One page looks at 10,000 records at most: it may be short, or empty, and still have a next.
    """
    first = 0 if filter.from_block is None else context.blocks.number_of(filter.from_block.which)
    last = None if filter.to_block is None else context.blocks.number_of(filter.to_block.which)
    if last is not None and first > last:
        raise InvalidParams("invalid block range params")
    return await _ask(
        context,
        "inferences",
        block,
        criteria=filter.criteria,
        first=first,
        last=last,
        cursor=page.cursor,
        limit=page.limit,
    )


@ECONOMY.method("open_getAttribution")
async def get_attribution(
    context: Context, batch_hash: Hash32, index: Uint64, block: BlockSelector = LATEST
) -> JsonObject:
    """`attribution` of a settled record: who is paid what by its shares, to the wei; null if unknown."""
    return await _ask(context, "attribution", block, of_batch=batch_hash, index=index)


# Rewards


@ECONOMY.method("open_getEarnings")
async def get_earnings(context: Context, account: Address, block: BlockSelector = LATEST) -> JsonObject:
    """`earnings` of a contributor: earned, claimed, claimable, and the cumulative amount and proof that claim takes."""
    return await _ask(context, "earnings", block, account=account)


@ECONOMY.method("open_getEpoch")
async def get_epoch(context: Context, number: Uint64, block: BlockSelector = LATEST) -> JsonObject:
    """`epoch`: its blocks, root and total, and whether the chain's own data gives that root; null if not proposed."""
    return await _ask(context, "epoch", block, number=number)


@ECONOMY.method("open_getEpochs")
async def get_epochs(context: Context, page: Page = FIRST_PAGE, block: BlockSelector = LATEST) -> JsonObject:
    """`epochs` by number, and the newest `proposed` and `final` one."""
    return await _ask(context, "epochs", block, cursor=page.cursor, limit=page.limit)


@ECONOMY.method("open_getEpochProofs")
async def get_epoch_proofs(
    context: Context, number: Uint64, page: Page = FIRST_PAGE, block: BlockSelector = LATEST
) -> JsonObject:
    """`proofs`: every account's cumulative wei and Merkle proof in an epoch; null where its root can't be rebuilt."""
    return await _ask(context, "epoch_proofs", block, number=number, cursor=page.cursor, limit=page.limit)


@ECONOMY.method("open_getSupply")
async def get_supply(context: Context, block: BlockSelector = LATEST) -> JsonObject:
    """`supply`: the 1,000,000,000 OPEN of genesis by where they are, in wei; null where an amount can't be measured."""
    return await _ask(context, "supply", block)
