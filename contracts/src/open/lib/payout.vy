# pragma version 0.4.3
"""
@title Where the parts of settled fees go
@license Apache-2.0
@notice Numbers the batches of each worker, checks its stake, and hands the parts of settled fees to Treasury, Staking
    and Attribution. These three are predeploys that accept money without calling anybody back.
"""

from open.lib import fees
from open.lib import predeploys

interface IModels:
    def terms(modelId: uint256, checkpoint: uint32) -> Terms: view

interface IStaking:
    def totalStake(kind: uint8, id: bytes32) -> uint256: view
    def rewardMany(rewards: DynArray[Reward, 65]): payable

interface IAttribution:
    def registerBatch(batchHash: bytes32, worker: address, records: uint16, contributorsBps: uint16): payable

interface ITreasury:
    def deposit(): payable

struct Terms:
    owner: address
    priceIn: uint256
    priceOut: uint256
    deployedAt: uint64
    retiredAt: uint64

struct Reward:
    kind: uint8
    id: bytes32
    amount: uint256

_MODEL: constant(uint8) = 1
_WORKER: constant(uint8) = 2
MAX_MODELS: constant(uint256) = 64

_nonces: HashMap[address, uint64]


@external
@view
def batchNonce(worker: address) -> uint64:
    """
    @notice The batchNonce that the worker's next batch, or fulfilled request, carries.
    """
    return self._nonces[worker]


@internal
def _take_nonce(worker: address) -> uint64:
    nonce: uint64 = self._nonces[worker]
    self._nonces[worker] = nonce + 1
    return nonce


@internal
@view
def _require_worker():
    # A batch must lie in the calldata of a transaction of its own, where everybody finds it again: in L1's batches
    # too. And the worker must have something to lose.
    if msg.sender != tx.origin:
        raw_revert(method_id("NotDirect()"))
    staked: uint256 = staticcall IStaking(predeploys.STAKING).totalStake(_WORKER, convert(msg.sender, bytes32))
    needed: uint256 = fees._parameter(keccak256("stake.workerMin"))
    if staked < needed:
        raw_revert(abi_encode(staked, needed, method_id=method_id("StakeTooLow(uint256,uint256)")))


@internal
@view
def _terms(model: uint256, checkpoint: uint256) -> Terms:
    terms: Terms = staticcall IModels(predeploys.MODELS).terms(model, convert(checkpoint, uint32))
    if terms.deployedAt == 0:
        raw_revert(abi_encode(model, checkpoint, method_id=method_id("UnknownModel(uint256,uint256)")))
    return terms


@internal
@view
def _terms_for_settling(model: uint256, checkpoint: uint256) -> Terms:
    # What was served before a retirement settles for a while, no longer.
    terms: Terms = self._terms(model, checkpoint)
    if terms.retiredAt != 0:
        grace: uint256 = fees._parameter(keccak256("window.retirement"))
        if block.timestamp > convert(terms.retiredAt, uint256) + grace:
            raw_revert(abi_encode(model, method_id=method_id("ModelRetired(uint256)")))
    return terms


@internal
@pure
def _model_reward(model: uint256, amount: uint256) -> Reward:
    return Reward(kind=_MODEL, id=convert(model, bytes32), amount=amount)


@internal
@pure
def _worker_reward(worker: address, amount: uint256) -> Reward:
    return Reward(kind=_WORKER, id=convert(worker, bytes32), amount=amount)


@internal
def _hand_over(
    batch_hash: bytes32, worker: address, records: uint256, total: fees.Parts, rates: fees.Rates,
    rewards: DynArray[Reward, 65],
):
    extcall ITreasury(predeploys.TREASURY).deposit(value=total.platform)
    extcall IStaking(predeploys.STAKING).rewardMany(
        rewards, value=total.worker_stakers + total.model_stakers
    )
    extcall IAttribution(predeploys.ATTRIBUTION).registerBatch(
        batch_hash, worker, convert(records, uint16), convert(rates.contributors, uint16), value=total.contributors
    )
