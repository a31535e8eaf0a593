# pragma version 0.4.3
"""
@title Models: adapters, what they were trained on, and what they cost
@license Apache-2.0
@notice register -> recordTraining (a checkpoint) -> recordEvaluation -> deploy (with a price) -> retire, all by the
    model's owner. A retrained model is a new checkpoint of the same id: the deployed one serves on until the next
    `deploy`, and records of an older one still settle at its own price. A checkpoint's price never changes, so that a
    signed voucher always fits; a new price needs a new checkpoint.
"""

from open.lib import predeploys

# error NotAvailable()
# error UnknownModel(uint256 modelId)
# error UnknownCheckpoint(uint256 modelId, uint32 checkpoint)
# error UnknownParent(uint256 modelId)
# error NotOwner(address caller, address owner)
# error EmptyName()
# error ZeroAddress()
# error ModelRetired(uint256 modelId)
# error NoDatanets()
# error LengthMismatch(uint256 datanets, uint256 versions)
# error LicenseForbids(uint256 datanetId, string reason)
# error NotEvaluated(uint256 modelId, uint32 checkpoint)
# error PriceFixed(uint256 modelId, uint32 checkpoint)
# error PriceTooHigh(uint256 limit)
# error WrongEvidence(uint32 evidencePpm)
# error LimitReached(uint256 limit)

interface IDatanets:
    def license(datanetId: uint256) -> License: view
    def version(datanetId: uint256, number: uint32) -> Version: view
    def datanetCount() -> uint256: view

struct License:
    commercial: bool
    derivatives: bool
    attribution: bool
    revenueShareBps: uint16
    expiry: uint64

struct Version:
    root: bytes32
    publishedAt: uint64
    blockNumber: uint64
    contributions: uint32

struct ModelSpec:
    name: String[64]
    metadataURI: String[512]
    baseModelHash: bytes32
    parents: DynArray[uint256, 16]
    datanets: DynArray[uint256, 16]

struct Model:
    owner: address
    state: uint8
    checkpoints: uint32
    deployed: uint32
    retiredAt: uint64
    spec: ModelSpec

struct Checkpoint:
    recipeHash: bytes32
    checkpointHash: bytes32
    adapterType: uint8
    evidencePpm: uint32
    trainedAt: uint64
    deployedAt: uint64
    evaluations: uint32
    priceIn: uint256
    priceOut: uint256
    statisticsRoot: bytes32
    adapterRoot: bytes32
    paramsHash: bytes32
    datanets: DynArray[uint256, 16]
    versions: DynArray[uint32, 16]

struct Evaluation:
    scoreE6: int256
    reportHash: bytes32

struct Terms:
    owner: address
    priceIn: uint256
    priceOut: uint256
    deployedAt: uint64
    retiredAt: uint64

struct Offer:
    checkpoint: uint32
    priceIn: uint256
    priceOut: uint256

event ModelRegistered:
    modelId: indexed(uint256)
    owner: indexed(address)
    name: String[64]
    metadataURI: String[512]

event TrainingRecorded:
    modelId: indexed(uint256)
    checkpoint: indexed(uint32)
    recipeHash: bytes32
    checkpointHash: bytes32
    adapterType: uint8
    datanets: DynArray[uint256, 16]
    versions: DynArray[uint32, 16]

event IndexRecorded:
    modelId: indexed(uint256)
    checkpoint: indexed(uint32)
    statisticsRoot: bytes32
    adapterRoot: bytes32
    paramsHash: bytes32

event EvaluationRecorded:
    modelId: indexed(uint256)
    checkpoint: indexed(uint32)
    benchmark: indexed(bytes32)
    scoreE6: int256
    reportHash: bytes32

event ModelDeployed:
    modelId: indexed(uint256)
    checkpoint: indexed(uint32)
    priceIn: uint256
    priceOut: uint256
    evidencePpm: uint32

event ModelRetired:
    modelId: indexed(uint256)

event OwnershipTransferred:
    modelId: indexed(uint256)
    previousOwner: indexed(address)
    newOwner: indexed(address)

PROPOSED: constant(uint8) = 1
APPROVED: constant(uint8) = 2
TRAINED: constant(uint8) = 3
EVALUATED: constant(uint8) = 4
DEPLOYED: constant(uint8) = 5
RETIRED: constant(uint8) = 6

_MAX_IDS: constant(uint256) = 2**32 - 1
_MAX_PRICE: constant(uint256) = 2**128 - 1
_PPM: constant(uint32) = 1_000_000

_models: HashMap[uint256, Model]
_model_count: uint256
_checkpoints: HashMap[uint256, HashMap[uint32, Checkpoint]]
_evaluations: HashMap[uint256, HashMap[uint32, HashMap[bytes32, Evaluation]]]


@external
@payable
def propose(spec: ModelSpec) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def approve(modelId: uint256):
    raw_revert(method_id("NotAvailable()"))


@external
def register(spec: ModelSpec) -> uint256:
    """
    @notice Register an owner-funded model, approved at once; returns its id.
    @param spec Parents are models, datanets are Datanets, that exist already.
    """
    if len(spec.name) == 0:
        raw_revert(method_id("EmptyName()"))
    model_id: uint256 = self._model_count + 1
    if model_id > _MAX_IDS:
        raw_revert(abi_encode(_MAX_IDS, method_id=method_id("LimitReached(uint256)")))
    for parent: uint256 in spec.parents:
        if parent == 0 or parent >= model_id:
            raw_revert(abi_encode(parent, method_id=method_id("UnknownParent(uint256)")))
    for datanet: uint256 in spec.datanets:
        # Reverts with the Datanets' own error when there is none.
        _: License = staticcall IDatanets(predeploys.DATANETS).license(datanet)
    self._model_count = model_id
    self._models[model_id] = Model(
        owner=msg.sender, state=APPROVED, checkpoints=0, deployed=0, retiredAt=0, spec=spec
    )
    log ModelRegistered(modelId=model_id, owner=msg.sender, name=spec.name, metadataURI=spec.metadataURI)
    return model_id


@external
def recordTraining(
    modelId: uint256, recipeHash: bytes32, checkpointHash: bytes32, adapterType: uint8,
    datanets: DynArray[uint256, 16], versions: DynArray[uint32, 16],
) -> uint32:
    """
    @notice Record a checkpoint and the exact Datanet versions that it was trained on; returns its number, from 1.
        Reverts where a licence forbids a commercial derivative, or has expired.
    @param adapterType What kind of adapter the checkpoint is, as the recipe's format defines it.
    """
    self._require_owner(modelId)
    if len(datanets) == 0:
        raw_revert(method_id("NoDatanets()"))
    if len(datanets) != len(versions):
        raw_revert(abi_encode(len(datanets), len(versions), method_id=method_id("LengthMismatch(uint256,uint256)")))
    for i: uint256 in range(len(datanets), bound=16):
        self._require_licensed(datanets[i], versions[i])
    number: uint32 = self._models[modelId].checkpoints + 1
    self._models[modelId].checkpoints = number
    self._checkpoints[modelId][number].recipeHash = recipeHash
    self._checkpoints[modelId][number].checkpointHash = checkpointHash
    self._checkpoints[modelId][number].adapterType = adapterType
    self._checkpoints[modelId][number].trainedAt = convert(block.timestamp, uint64)
    self._checkpoints[modelId][number].datanets = datanets
    self._checkpoints[modelId][number].versions = versions
    if self._models[modelId].state < TRAINED:
        self._models[modelId].state = TRAINED
    log TrainingRecorded(
        modelId=modelId, checkpoint=number, recipeHash=recipeHash, checkpointHash=checkpointHash,
        adapterType=adapterType, datanets=datanets, versions=versions,
    )
    return number


@external
def recordIndex(
    modelId: uint256, checkpoint: uint32, statisticsRoot: bytes32, adapterRoot: bytes32, paramsHash: bytes32
):
    """
    @notice Record the attribution index of a checkpoint: roots over contributors' statistics and over the adapter, and
        the hash of seeds, scales and tolerances. Spot checks are drawn by the L1 origin's prevRandao after this.
    """
    self._require_owner(modelId)
    self._require_checkpoint(modelId, checkpoint)
    self._checkpoints[modelId][checkpoint].statisticsRoot = statisticsRoot
    self._checkpoints[modelId][checkpoint].adapterRoot = adapterRoot
    self._checkpoints[modelId][checkpoint].paramsHash = paramsHash
    log IndexRecorded(
        modelId=modelId, checkpoint=checkpoint, statisticsRoot=statisticsRoot, adapterRoot=adapterRoot,
        paramsHash=paramsHash,
    )


@external
def recordEvaluation(
    modelId: uint256, checkpoint: uint32, benchmark: bytes32, scoreE6: int256, reportHash: bytes32
):
    """
    @notice Record a checkpoint's score, in millionths, in a benchmark.
    """
    self._require_owner(modelId)
    self._require_checkpoint(modelId, checkpoint)
    self._checkpoints[modelId][checkpoint].evaluations += 1
    self._evaluations[modelId][checkpoint][benchmark] = Evaluation(scoreE6=scoreE6, reportHash=reportHash)
    if self._models[modelId].state < EVALUATED:
        self._models[modelId].state = EVALUATED
    log EvaluationRecorded(
        modelId=modelId, checkpoint=checkpoint, benchmark=benchmark, scoreE6=scoreE6, reportHash=reportHash
    )


@external
def deploy(modelId: uint256, checkpoint: uint32, priceIn: uint256, priceOut: uint256, evidencePpm: uint32):
    """
    @notice Serve an evaluated checkpoint at a price; it replaces the one served before.
    @param priceIn Wei for 1,000 prompt tokens.
    @param priceOut Wei for 1,000 response tokens.
    @param evidencePpm How much token evidence weighs in the checkpoint's shares, in parts per million.
    """
    self._require_owner(modelId)
    self._require_checkpoint(modelId, checkpoint)
    if priceIn > _MAX_PRICE or priceOut > _MAX_PRICE:
        raw_revert(abi_encode(_MAX_PRICE, method_id=method_id("PriceTooHigh(uint256)")))
    if evidencePpm > _PPM:
        raw_revert(abi_encode(evidencePpm, method_id=method_id("WrongEvidence(uint32)")))
    if self._checkpoints[modelId][checkpoint].evaluations == 0:
        raw_revert(abi_encode(modelId, checkpoint, method_id=method_id("NotEvaluated(uint256,uint32)")))
    if self._checkpoints[modelId][checkpoint].deployedAt != 0:
        self._require_same_price(modelId, checkpoint, priceIn, priceOut)
    else:
        self._checkpoints[modelId][checkpoint].deployedAt = convert(block.timestamp, uint64)
        self._checkpoints[modelId][checkpoint].priceIn = priceIn
        self._checkpoints[modelId][checkpoint].priceOut = priceOut
    self._checkpoints[modelId][checkpoint].evidencePpm = evidencePpm
    self._models[modelId].deployed = checkpoint
    self._models[modelId].state = DEPLOYED
    log ModelDeployed(
        modelId=modelId, checkpoint=checkpoint, priceIn=priceIn, priceOut=priceOut, evidencePpm=evidencePpm
    )


@external
def retire(modelId: uint256):
    """
    @notice Stop serving for ever. What was served settles for the parameter `window.retirement` more.
    """
    self._require_owner(modelId)
    self._models[modelId].state = RETIRED
    self._models[modelId].retiredAt = convert(block.timestamp, uint64)
    log ModelRetired(modelId=modelId)


@external
def transferOwnership(modelId: uint256, to: address):
    """
    @notice Hand the model, and what it earns from now on, to another account.
    """
    self._require_owner(modelId)
    if to == empty(address):
        raw_revert(method_id("ZeroAddress()"))
    self._models[modelId].owner = to
    log OwnershipTransferred(modelId=modelId, previousOwner=msg.sender, newOwner=to)


@external
@view
def model(modelId: uint256) -> Model:
    """
    @notice Everything about a model; state 0 unknown, 1 proposed, 2 approved, 3 trained, 4 evaluated, 5 deployed,
        6 retired.
    """
    return self._models[modelId]


@external
@view
def checkpoint(modelId: uint256, number: uint32) -> Checkpoint:
    """
    @notice Everything about a checkpoint; trainedAt is zero when there is none.
    """
    return self._checkpoints[modelId][number]


@external
@view
def evaluation(modelId: uint256, number: uint32, benchmark: bytes32) -> Evaluation:
    """
    @notice The last score of a checkpoint in a benchmark.
    """
    return self._evaluations[modelId][number][benchmark]


@external
@view
def parents(modelId: uint256) -> DynArray[uint256, 16]:
    """
    @notice The models that this one was derived from, one level.
    """
    return self._models[modelId].spec.parents


@external
@view
def modelCount() -> uint256:
    """
    @notice How many models exist; ids run from 1 to it.
    """
    return self._model_count


@external
@view
def terms(modelId: uint256, checkpoint: uint32) -> Terms:
    """
    @notice Owner and price of a checkpoint; deployedAt is zero if it never served, retiredAt unless it was retired.
    """
    return Terms(
        owner=self._models[modelId].owner,
        priceIn=self._checkpoints[modelId][checkpoint].priceIn,
        priceOut=self._checkpoints[modelId][checkpoint].priceOut,
        deployedAt=self._checkpoints[modelId][checkpoint].deployedAt,
        retiredAt=self._models[modelId].retiredAt,
    )


@external
@view
def offer(modelId: uint256) -> Offer:
    """
    @notice The checkpoint that serves now, and its price; checkpoint 0 when none does.
    """
    if self._models[modelId].state != DEPLOYED:
        return empty(Offer)
    serving: uint32 = self._models[modelId].deployed
    return Offer(
        checkpoint=serving,
        priceIn=self._checkpoints[modelId][serving].priceIn,
        priceOut=self._checkpoints[modelId][serving].priceOut,
    )


@internal
@view
def _require_owner(model_id: uint256):
    owner: address = self._models[model_id].owner
    if owner == empty(address):
        raw_revert(abi_encode(model_id, method_id=method_id("UnknownModel(uint256)")))
    if msg.sender != owner:
        raw_revert(abi_encode(msg.sender, owner, method_id=method_id("NotOwner(address,address)")))
    if self._models[model_id].state == RETIRED:
        raw_revert(abi_encode(model_id, method_id=method_id("ModelRetired(uint256)")))


@internal
@view
def _require_checkpoint(model_id: uint256, number: uint32):
    if number == 0 or number > self._models[model_id].checkpoints:
        raw_revert(abi_encode(model_id, number, method_id=method_id("UnknownCheckpoint(uint256,uint32)")))


@internal
@view
def _require_same_price(model_id: uint256, number: uint32, price_in: uint256, price_out: uint256):
    if (
        self._checkpoints[model_id][number].priceIn != price_in
        or self._checkpoints[model_id][number].priceOut != price_out
    ):
        raw_revert(abi_encode(model_id, number, method_id=method_id("PriceFixed(uint256,uint32)")))


@internal
@view
def _require_licensed(datanet: uint256, number: uint32):
    # Both calls revert with the Datanets' own error when there is no such Datanet or version.
    _: Version = staticcall IDatanets(predeploys.DATANETS).version(datanet, number)
    license: License = staticcall IDatanets(predeploys.DATANETS).license(datanet)
    reason: String[16] = ""
    if not license.commercial:
        reason = "commercial use"
    elif not license.derivatives:
        reason = "derivatives"
    elif license.expiry != 0 and block.timestamp >= convert(license.expiry, uint256):
        reason = "expired"
    if len(reason) > 0:
        raw_revert(abi_encode(datanet, reason, method_id=method_id("LicenseForbids(uint256,string)")))
