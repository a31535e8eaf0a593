# pragma version 0.4.3
"""
@title Inference: paying for answers
@license Apache-2.0
@notice Two ways to pay. Prepaid: `depositFor` a worker, sign cumulative vouchers, and the worker settles hundreds of
    records in one transaction (`settle`). Escrowed: `request`, `fulfil`, `release` or `refund` (lib/escrow.vy). Each
    record's fee is split at once (lib/fees.vy); record and batch formats are those of `contracts/records.py`.
    A worker needs `stake.workerMin` in its pool (Staking kind 2) and calls this contract directly, so that the batch
    lies in the transaction's calldata.
"""

from open.lib import credits
from open.lib import escrow
from open.lib import fees
from open.lib import payout
from open.lib import predeploys
from open.lib import prepaid
from open.lib import records
from open.lib import vouchers as signing

initializes: credits
initializes: payout
initializes: prepaid[credits := credits]
initializes: escrow[credits := credits, payout := payout]

exports: (credits.owed, credits.withdrawOwed)
exports: (
    prepaid.depositFor, prepaid.requestWithdrawal, prepaid.withdraw, prepaid.allocation, prepaid.withdrawalNotice,
    prepaid.settled,
)
exports: (escrow.request, escrow.fulfil, escrow.release, escrow.refund, escrow.quote, escrow.escrowed)
exports: payout.batchNonce

# error NothingOwed()
# error TransferFailed(address account)
# error NothingSent()
# error NoNotice()
# error TooEarly(uint64 availableAt)
# error AllocationTooSmall(address payer, address worker, uint256 available, uint256 needed)
# error NotDirect()
# error StakeTooLow(uint256 staked, uint256 needed)
# error UnknownModel(uint256 modelId, uint256 checkpoint)
# error ModelRetired(uint256 modelId)
# error NotDeployed(uint256 modelId)
# error MalformedBatch(uint256 position)
# error WrongVersion(uint256 got, uint256 expected)
# error WrongChain(uint256 got, uint256 expected)
# error WrongWorker(address got, address expected)
# error WrongNonce(uint256 got, uint256 expected)
# error PayersMismatch(uint256 index)
# error EscrowedRecord(uint256 index)
# error WrongShares(uint256 index)
# error UnknownContribution(uint256 contributionId)
# error TooManyModels(uint256 limit)
# error BadSignature(address payer)
# error CumulativeNotLarger(address payer, uint256 cumulative, uint256 settled)
# error FeeMismatch(address payer, uint256 fees, uint256 added)
# error WrongValue(uint256 got, uint256 expected)
# error DeadlinePassed(uint64 deadline)
# error WrongStatus(bytes32 requestId, uint8 status)
# error WrongRecord(bytes32 requestId)

interface IDatanets:
    def contributionCount() -> uint256: view

event Settled:
    batchHash: indexed(bytes32)
    worker: indexed(address)
    records: uint32
    fees: uint256

struct Group:
    model: uint256
    owner: address
    price_in: uint256
    price_out: uint256
    owner_part: uint256
    stakers_part: uint256

VERSION: constant(uint256) = 1
MAX_PAYERS: constant(uint256) = 256
MAX_RECORDS: constant(uint256) = 2048
MAX_BATCH: constant(uint256) = 131072

# batch hash -> model and checkpoint -> position in the batch's groups, counted from one
_group_of: transient(HashMap[bytes32, HashMap[uint256, uint256]])


@external
@nonreentrant
def settle(
    vouchers: DynArray[signing.Voucher, MAX_PAYERS], signatures: DynArray[Bytes[65], MAX_PAYERS],
    batch: Bytes[MAX_BATCH],
):
    """
    @notice Settle the records of `batch`. The voucher at place i pays for the records whose payerIndex is i, and must
        raise what its session has settled by exactly their fees.
    @param vouchers One for each payer of the batch, in the batch's order.
    @param signatures The payers' EIP-712 signatures (r, s, v), in the same order.
    @param batch The packed batch; its keccak256 is the batch hash.
    """
    # One long function on purpose: handing the batch to another would copy up to 128 KiB of memory, and a call for
    # each share would add a sixth to the gas of a record with sixteen.
    payout._require_worker()
    size: uint256 = len(batch)
    self._require(size >= 41, size)
    payer_count: uint256 = self._open_batch(extract32(batch, 0), extract32(batch, 7))
    self._require_payers(payer_count == len(vouchers) and payer_count == len(signatures), payer_count)
    position: uint256 = 41 + 20 * payer_count
    self._require(size >= position, size)
    payer_fees: DynArray[uint256, MAX_PAYERS] = []
    for i: uint256 in range(payer_count, bound=MAX_PAYERS):
        payer: uint256 = convert(extract32(batch, 27 + 20 * i), uint256) & (2**160 - 1)
        self._require_payers(payer == convert(vouchers[i].payer, uint256), i)
        payer_fees.append(0)
    record_count: uint256 = convert(extract32(batch, position - 32), uint256) & (2**16 - 1)
    self._require(record_count > 0 and record_count <= MAX_RECORDS, position - 2)

    batch_hash: bytes32 = keccak256(batch)
    rates: fees.Rates = fees._rates()
    newest: uint256 = staticcall IDatanets(predeploys.DATANETS).contributionCount()
    groups: DynArray[Group, payout.MAX_MODELS] = []
    group: uint256 = 0
    group_key: uint256 = max_value(uint256)
    total: fees.Parts = empty(fees.Parts)
    for index: uint256 in range(record_count, bound=MAX_RECORDS):
        self._require(position + records.HEAD <= size, position)
        head: uint256 = convert(extract32(batch, position), uint256)
        tail: uint256 = convert(extract32(batch, unsafe_add(position, 25)), uint256)
        share_count: uint256 = tail & 255
        end: uint256 = unsafe_add(position, records.HEAD + unsafe_mul(records.SHARE, share_count))
        self._require_head(head, tail, index, position, payer_count)
        self._require(end <= size, position)

        # Shares are read by the word that ends with them: reading ahead could leave the batch.
        contribution: uint256 = 0
        ppm: uint256 = 0
        place: uint256 = unsafe_add(position, 33)
        for _: uint256 in range(share_count, bound=records.MAX_SHARES):
            word: uint256 = convert(extract32(batch, place), uint256)
            share: uint256 = word & (2**32 - 1)
            next_contribution: uint256 = (word >> 32) & (2**32 - 1)
            if next_contribution <= contribution or share == 0:
                raw_revert(abi_encode(index, method_id=method_id("WrongShares(uint256)")))
            contribution = next_contribution
            ppm = unsafe_add(ppm, share)
            place = unsafe_add(place, records.SHARE)
        records._require_whole(ppm, contribution, newest, index)

        key: uint256 = records._model_and_checkpoint(head)
        if key != group_key:
            group = self._group_of[batch_hash][key]
            if group == 0:
                if len(groups) == payout.MAX_MODELS:
                    raw_revert(abi_encode(payout.MAX_MODELS, method_id=method_id("TooManyModels(uint256)")))
                groups.append(self._new_group(key))
                group = len(groups)
                self._group_of[batch_hash][key] = group
            group_key = key
        place = group - 1
        fee: uint256 = records._fee(
            records._tokens_in(head), records._tokens_out(head), groups[place].price_in, groups[place].price_out
        )
        parts: fees.Parts = fees._split(fee, rates)
        payer_fees[records._payer_index(head)] += fee
        groups[place].owner_part += parts.owner
        groups[place].stakers_part += parts.model_stakers
        total.platform += parts.platform
        total.owner += parts.owner
        total.worker_stakers += parts.worker_stakers
        total.model_stakers += parts.model_stakers
        total.contributors += parts.contributors
        position = end
    self._require(position == size, position)

    domain: bytes32 = signing._domain_separator()
    for i: uint256 in range(payer_count, bound=MAX_PAYERS):
        prepaid._redeem(domain, vouchers[i], signatures[i], payer_fees[i])
    log Settled(
        batchHash=batch_hash, worker=msg.sender, records=convert(record_count, uint32), fees=fees._whole(total)
    )
    self._pay(batch_hash, record_count, total, rates, groups)


@external
@view
def domainSeparator() -> bytes32:
    """
    @notice The EIP-712 domain separator of vouchers on this chain.
    """
    return signing._domain_separator()


@internal
def _open_batch(first: bytes32, second: bytes32) -> uint256:
    # `first` is bytes 0 to 31 of the batch, `second` is bytes 7 to 38. Uses the worker's nonce up; returns how many
    # payers the batch names.
    word: uint256 = convert(first, uint256)
    version: uint256 = word >> 248
    if version != VERSION:
        raw_revert(abi_encode(version, VERSION, method_id=method_id("WrongVersion(uint256,uint256)")))
    chain_id: uint256 = (word >> 184) & (2**64 - 1)
    if chain_id != chain.id:
        raw_revert(abi_encode(chain_id, chain.id, method_id=method_id("WrongChain(uint256,uint256)")))
    worker: address = convert(convert((word >> 24) & (2**160 - 1), uint160), address)
    if worker != msg.sender:
        raw_revert(abi_encode(worker, msg.sender, method_id=method_id("WrongWorker(address,address)")))
    word = convert(second, uint256)
    nonce: uint256 = (word >> 16) & (2**64 - 1)
    expected: uint256 = convert(payout._take_nonce(msg.sender), uint256)
    if nonce != expected:
        raw_revert(abi_encode(nonce, expected, method_id=method_id("WrongNonce(uint256,uint256)")))
    return word & (2**16 - 1)


@internal
@pure
def _require(holds: bool, position: uint256):
    if not holds:
        raw_revert(abi_encode(position, method_id=method_id("MalformedBatch(uint256)")))


@internal
@pure
def _require_payers(holds: bool, index: uint256):
    if not holds:
        raw_revert(abi_encode(index, method_id=method_id("PayersMismatch(uint256)")))


@internal
@pure
def _require_head(head: uint256, tail: uint256, index: uint256, position: uint256, payer_count: uint256):
    # `tail` is the 32 bytes that end with the share count.
    if (tail >> 8) & 255 != 0:
        raw_revert(abi_encode(index, method_id=method_id("EscrowedRecord(uint256)")))
    share_count: uint256 = tail & 255
    if (
        share_count == 0 or share_count > records.MAX_SHARES or records._payer_index(head) >= payer_count
        or records._evidence_ppm(head) > records.PPM
    ):
        self._require(False, position)


@internal
@view
def _new_group(key: uint256) -> Group:
    terms: payout.Terms = payout._terms_for_settling(key >> 32, key & (2**32 - 1))
    return Group(
        model=key >> 32, owner=terms.owner, price_in=terms.priceIn, price_out=terms.priceOut, owner_part=0,
        stakers_part=0,
    )


@internal
def _pay(
    batch_hash: bytes32, record_count: uint256, total: fees.Parts, rates: fees.Rates,
    groups: DynArray[Group, payout.MAX_MODELS],
):
    rewards: DynArray[payout.Reward, 65] = [payout._worker_reward(msg.sender, total.worker_stakers)]
    for item: Group in groups:
        credits._credit(item.owner, item.owner_part)
        rewards.append(payout._model_reward(item.model, item.stakers_part))
    payout._hand_over(batch_hash, msg.sender, record_count, total, rates, rewards)
