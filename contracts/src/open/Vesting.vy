# pragma version 0.4.3
"""
@title Vesting: the genesis allocation
@license Apache-2.0
@notice 1,000,000,000 OPEN in five tranches, keyed by keccak256 of their name. The upfront part is releasable at once;
    after the cliff the rest accrues linearly, starting from zero, over `duration`. Genesis writes the tranches and
    holds here what it didn't hand to named accounts, which counts as released.
"""

from open.lib import credits

initializes: credits
exports: (credits.owed, credits.withdrawOwed)

# error NothingOwed()
# error TransferFailed(address account)
# error UnknownTranche(bytes32 id)
# error NothingReleasable(bytes32 id)
# error NotBeneficiary(address caller, address beneficiary)
# error ZeroAddress()

event Released:
    id: indexed(bytes32)
    beneficiary: indexed(address)
    amount: uint256

event BeneficiarySet:
    id: indexed(bytes32)
    beneficiary: indexed(address)

struct Tranche:
    beneficiary: address
    total: uint256
    upfront: uint256
    start: uint64
    cliff: uint64
    duration: uint64
    released: uint256

_tranches: HashMap[bytes32, Tranche]


@external
@view
def tranche(id: bytes32) -> (address, uint256, uint256, uint64, uint64, uint64, uint256):
    """
    @notice Beneficiary, total and upfront wei, start (UNIX time), cliff and duration (seconds), wei released so far.
    """
    found: Tranche = self._tranche(id)
    return (
        found.beneficiary, found.total, found.upfront, found.start, found.cliff, found.duration, found.released
    )


@external
@view
def releasable(id: bytes32) -> uint256:
    """
    @notice Wei that `release` would credit now.
    """
    return self._releasable(self._tranche(id))


@external
@nonreentrant
def release(id: bytes32):
    """
    @notice Credit the beneficiary with all that has accrued; anybody may call.
    """
    found: Tranche = self._tranche(id)
    amount: uint256 = self._releasable(found)
    if amount == 0:
        raw_revert(abi_encode(id, method_id=method_id("NothingReleasable(bytes32)")))
    self._tranches[id].released = found.released + amount
    credits._credit(found.beneficiary, amount)
    log Released(id=id, beneficiary=found.beneficiary, amount=amount)


@external
def setBeneficiary(id: bytes32, to: address):
    """
    @notice Hand the tranche's future releases to another account, by the current beneficiary.
    """
    found: Tranche = self._tranche(id)
    if msg.sender != found.beneficiary:
        raw_revert(
            abi_encode(msg.sender, found.beneficiary, method_id=method_id("NotBeneficiary(address,address)"))
        )
    if to == empty(address):
        raw_revert(method_id("ZeroAddress()"))
    self._tranches[id].beneficiary = to
    log BeneficiarySet(id=id, beneficiary=to)


@internal
@view
def _tranche(id: bytes32) -> Tranche:
    found: Tranche = self._tranches[id]
    if found.total == 0:
        raw_revert(abi_encode(id, method_id=method_id("UnknownTranche(bytes32)")))
    return found


@internal
@view
def _releasable(item: Tranche) -> uint256:
    vested: uint256 = item.upfront
    accrues_from: uint256 = convert(item.start, uint256) + convert(item.cliff, uint256)
    if block.timestamp > accrues_from:
        gradual: uint256 = item.total - item.upfront
        elapsed: uint256 = block.timestamp - accrues_from
        duration: uint256 = convert(item.duration, uint256)
        # Also the way of a tranche without duration: all of it is there after the cliff.
        if elapsed >= duration:
            vested += gradual
        else:
            vested += gradual * elapsed // duration
    return vested - item.released
