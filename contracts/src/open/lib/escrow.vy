# pragma version 0.4.3
"""
@title Escrowed requests
@license Apache-2.0
@notice The buyer locks the most that an answer can cost; the worker fulfils with one packed record; after the dispute
    window anybody releases: the fee is split, the rest goes back. Past its deadline an unanswered request is refunded.

    A fulfilled request is a batch of its own for Attribution: version 1, the chain id, the worker, the worker's batch
    nonce, one payer, one record. Its bytes can be put together from the record and the `Fulfilled` event.
"""

from open.lib import credits
from open.lib import fees
from open.lib import payout
from open.lib import predeploys
from open.lib import records

uses: credits
uses: payout

interface IModels:
    def offer(modelId: uint256) -> Offer: view

interface IDatanets:
    def contributionCount() -> uint256: view

struct Offer:
    checkpoint: uint32
    priceIn: uint256
    priceOut: uint256

struct Request:
    payer: address
    worker: address
    modelId: uint256
    checkpoint: uint32
    maxTokensIn: uint32
    maxTokensOut: uint32
    deadline: uint64
    status: uint8
    fulfilledAt: uint64
    amount: uint256
    fee: uint256
    batchHash: bytes32

event Requested:
    requestId: indexed(bytes32)
    payer: indexed(address)
    worker: indexed(address)
    modelId: uint256
    checkpoint: uint32
    inputHash: bytes32
    inputURI: String[512]
    payerKey: Bytes[128]
    maxTokensIn: uint32
    maxTokensOut: uint32
    deadline: uint64
    amount: uint256

event Fulfilled:
    requestId: indexed(bytes32)
    worker: indexed(address)
    batchHash: indexed(bytes32)
    batchNonce: uint64
    outputURI: String[512]
    fee: uint256

event Released:
    requestId: indexed(bytes32)
    fee: uint256
    refunded: uint256

event Refunded:
    requestId: indexed(bytes32)
    amount: uint256

_OPEN: constant(uint8) = 1
_FULFILLED: constant(uint8) = 2
_RELEASED: constant(uint8) = 3
_REFUNDED: constant(uint8) = 4

_requests: HashMap[bytes32, Request]
_request_count: uint256


@external
@view
def quote(modelId: uint256, tokensIn: uint32, tokensOut: uint32) -> uint256:
    """
    @notice Wei that so many tokens of the deployed checkpoint cost, all-inclusive.
    """
    offer: Offer = self._offer(modelId)
    return records._fee(convert(tokensIn, uint256), convert(tokensOut, uint256), offer.priceIn, offer.priceOut)


@external
@view
def escrowed(requestId: bytes32) -> Request:
    """
    @notice The request; status 0 unknown, 1 open, 2 fulfilled, 3 released, 4 refunded.
    """
    return self._requests[requestId]


@external
@payable
@nonreentrant
def request(
    modelId: uint256, worker: address, inputHash: bytes32, inputURI: String[512], payerKey: Bytes[128],
    maxTokensIn: uint32, maxTokensOut: uint32, deadline: uint64,
) -> bytes32:
    """
    @notice Lock the price of at most so many tokens, exactly `quote`'s; returns the request id.
    @param payerKey The buyer's public key, to which the worker encrypts its answer.
    """
    if convert(deadline, uint256) <= block.timestamp:
        raw_revert(abi_encode(deadline, method_id=method_id("DeadlinePassed(uint64)")))
    offer: Offer = self._offer(modelId)
    price: uint256 = records._fee(
        convert(maxTokensIn, uint256), convert(maxTokensOut, uint256), offer.priceIn, offer.priceOut
    )
    if msg.value != price:
        raw_revert(abi_encode(msg.value, price, method_id=method_id("WrongValue(uint256,uint256)")))
    self._request_count += 1
    request_id: bytes32 = keccak256(abi_encode(chain.id, self, msg.sender, self._request_count))
    self._requests[request_id] = Request(
        payer=msg.sender, worker=worker, modelId=modelId, checkpoint=offer.checkpoint, maxTokensIn=maxTokensIn,
        maxTokensOut=maxTokensOut, deadline=deadline, status=_OPEN, fulfilledAt=0, amount=msg.value, fee=0,
        batchHash=empty(bytes32),
    )
    log Requested(
        requestId=request_id, payer=msg.sender, worker=worker, modelId=modelId, checkpoint=offer.checkpoint,
        inputHash=inputHash, inputURI=inputURI, payerKey=payerKey, maxTokensIn=maxTokensIn, maxTokensOut=maxTokensOut,
        deadline=deadline, amount=msg.value,
    )
    return request_id


@external
@nonreentrant
def fulfil(requestId: bytes32, outputURI: String[512], record: Bytes[records.MAX_RECORD]):
    """
    @notice Answer an open request before its deadline, by its worker. `record` names the request's model, checkpoint
        and id, payerIndex 0, and no more tokens than were asked for.
    """
    payout._require_worker()
    asked: Request = self._require_status(requestId, _OPEN)
    if msg.sender != asked.worker:
        raw_revert(abi_encode(msg.sender, asked.worker, method_id=method_id("WrongWorker(address,address)")))
    if block.timestamp > convert(asked.deadline, uint256):
        raw_revert(abi_encode(asked.deadline, method_id=method_id("DeadlinePassed(uint64)")))
    fee: uint256 = self._check_record(requestId, asked, record)
    nonce: uint64 = payout._take_nonce(msg.sender)
    batch_hash: bytes32 = keccak256(
        concat(
            b"\x01", convert(convert(chain.id, uint64), bytes8), convert(msg.sender, bytes20), convert(nonce, bytes8),
            b"\x00\x01", convert(asked.payer, bytes20), b"\x00\x01", record,
        )
    )
    self._requests[requestId].status = _FULFILLED
    self._requests[requestId].fulfilledAt = convert(block.timestamp, uint64)
    self._requests[requestId].fee = fee
    self._requests[requestId].batchHash = batch_hash
    log Fulfilled(
        requestId=requestId, worker=msg.sender, batchHash=batch_hash, batchNonce=nonce, outputURI=outputURI, fee=fee
    )


@external
@nonreentrant
def release(requestId: bytes32):
    """
    @notice Split a fulfilled request's fee and credit the payer with the rest, once the dispute window is over.
    """
    asked: Request = self._require_status(requestId, _FULFILLED)
    release_at: uint256 = convert(asked.fulfilledAt, uint256) + fees._parameter(keccak256("window.dispute"))
    if block.timestamp < release_at:
        raw_revert(abi_encode(convert(release_at, uint64), method_id=method_id("TooEarly(uint64)")))
    terms: payout.Terms = payout._terms(asked.modelId, convert(asked.checkpoint, uint256))
    self._requests[requestId].status = _RELEASED
    rates: fees.Rates = fees._rates()
    parts: fees.Parts = fees._split(asked.fee, rates)
    credits._credit(terms.owner, parts.owner)
    credits._credit(asked.payer, asked.amount - asked.fee)
    log Released(requestId=requestId, fee=asked.fee, refunded=asked.amount - asked.fee)
    payout._hand_over(
        asked.batchHash, asked.worker, 1, parts, rates,
        [
            payout._worker_reward(asked.worker, parts.worker_stakers),
            payout._model_reward(asked.modelId, parts.model_stakers),
        ],
    )


@external
@nonreentrant
def refund(requestId: bytes32):
    """
    @notice Credit the payer of a request that nobody fulfilled before its deadline.
    """
    asked: Request = self._require_status(requestId, _OPEN)
    if block.timestamp <= convert(asked.deadline, uint256):
        raw_revert(abi_encode(asked.deadline + 1, method_id=method_id("TooEarly(uint64)")))
    self._requests[requestId].status = _REFUNDED
    credits._credit(asked.payer, asked.amount)
    log Refunded(requestId=requestId, amount=asked.amount)


@internal
@view
def _offer(model: uint256) -> Offer:
    offer: Offer = staticcall IModels(predeploys.MODELS).offer(model)
    if offer.checkpoint == 0:
        raw_revert(abi_encode(model, method_id=method_id("NotDeployed(uint256)")))
    return offer


@internal
@view
def _require_status(request_id: bytes32, status: uint8) -> Request:
    found: Request = self._requests[request_id]
    if found.status != status:
        raw_revert(abi_encode(request_id, found.status, method_id=method_id("WrongStatus(bytes32,uint8)")))
    return found


@internal
@view
def _check_record(request_id: bytes32, asked: Request, record: Bytes[records.MAX_RECORD]) -> uint256:
    # Returns the record's fee. Its bytes: 0..54 fixed fields, 55 escrowed, 56..87 request id, 88 count, then shares.
    size: uint256 = len(record)
    if size < 97 or (size - 89) % records.SHARE != 0:
        raw_revert(abi_encode(size, method_id=method_id("MalformedBatch(uint256)")))
    head: uint256 = convert(extract32(record, 0), uint256)
    tokens_in: uint256 = records._tokens_in(head)
    tokens_out: uint256 = records._tokens_out(head)
    shares: uint256 = convert(extract32(record, 57), uint256) & 255
    flag: uint256 = convert(extract32(record, 24), uint256) & 255
    if (
        records._model_and_checkpoint(head) != (asked.modelId << 32) | convert(asked.checkpoint, uint256)
        or records._payer_index(head) != 0 or records._evidence_ppm(head) > records.PPM
        or tokens_in > convert(asked.maxTokensIn, uint256) or tokens_out > convert(asked.maxTokensOut, uint256)
        or flag != 1 or extract32(record, 56) != request_id
        or shares != (size - 89) // records.SHARE
    ):
        raw_revert(abi_encode(request_id, method_id=method_id("WrongRecord(bytes32)")))
    self._check_shares(record, shares)
    terms: payout.Terms = payout._terms(asked.modelId, convert(asked.checkpoint, uint256))
    return records._fee(tokens_in, tokens_out, terms.priceIn, terms.priceOut)


@internal
@view
def _check_shares(record: Bytes[records.MAX_RECORD], count: uint256):
    contribution: uint256 = 0
    ppm: uint256 = 0
    for i: uint256 in range(count, bound=records.MAX_SHARES):
        word: uint256 = convert(extract32(record, 65 + records.SHARE * i), uint256)
        share: uint256 = word & (2**32 - 1)
        next_contribution: uint256 = (word >> 32) & (2**32 - 1)
        if next_contribution <= contribution or share == 0:
            raw_revert(abi_encode(convert(0, uint256), method_id=method_id("WrongShares(uint256)")))
        contribution = next_contribution
        ppm += share
    newest: uint256 = staticcall IDatanets(predeploys.DATANETS).contributionCount()
    records._require_whole(ppm, contribution, newest, 0)
