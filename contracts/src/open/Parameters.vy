# pragma version 0.4.3
"""
@title Parameters: every number that governance may turn
@license Apache-2.0
@notice A key is keccak256 of a name such as "fee.ownerBps"; names, genesis values and bounds are listed in
    `contracts/open_genesis.py`. Only the timelock sets a value (devnet: the operator), and only inside its bounds.
"""

# error NotTimelock(address caller)
# error UnknownParameter(bytes32 key)
# error OutOfBounds(bytes32 key, uint256 value, uint256 low, uint256 high)
# error SplitExceeds(uint256 total)

event ParameterSet:
    key: indexed(bytes32)
    value: uint256

struct Bounds:
    low: uint256
    high: uint256

MAX_KEYS: constant(uint256) = 64
_OWNER: constant(bytes32) = keccak256("fee.ownerBps")
_STAKERS: constant(bytes32) = keccak256("fee.stakersBps")
_CONTRIBUTORS: constant(bytes32) = keccak256("fee.contributorsBps")
_BPS: constant(uint256) = 10_000

# Written by genesis; there is no constructor behind a proxy.
_timelock: address
_keys: DynArray[bytes32, MAX_KEYS]
_known: HashMap[bytes32, bool]
_values: HashMap[bytes32, uint256]
_bounds: HashMap[bytes32, Bounds]


@external
@view
def timelock() -> address:
    """
    @notice The only account that may change parameters, grant from the treasury, and approve.
    """
    return self._timelock


@external
@view
def get(key: bytes32) -> uint256:
    """
    @notice The parameter's value.
    """
    self._require_known(key)
    return self._values[key]


@external
@view
def bounds(key: bytes32) -> (uint256, uint256):
    """
    @notice The least and the greatest value that the parameter can take.
    """
    self._require_known(key)
    limits: Bounds = self._bounds[key]
    return limits.low, limits.high


@external
@view
def keys() -> DynArray[bytes32, MAX_KEYS]:
    """
    @notice Every key that exists, in genesis order.
    """
    return self._keys


@external
def set(key: bytes32, newValue: uint256):
    """
    @notice Change a parameter, by the timelock, inside its bounds. The three shares of a fee never exceed the fee.
    """
    if msg.sender != self._timelock:
        raw_revert(abi_encode(msg.sender, method_id=method_id("NotTimelock(address)")))
    self._require_known(key)
    limits: Bounds = self._bounds[key]
    if newValue < limits.low or newValue > limits.high:
        raw_revert(
            abi_encode(
                key, newValue, limits.low, limits.high, method_id=method_id("OutOfBounds(bytes32,uint256,uint256,uint256)")
            )
        )
    self._values[key] = newValue
    total: uint256 = self._values[_OWNER] + self._values[_STAKERS] + self._values[_CONTRIBUTORS]
    if total > _BPS:
        raw_revert(abi_encode(total, method_id=method_id("SplitExceeds(uint256)")))
    log ParameterSet(key=key, value=newValue)


@internal
@view
def _require_known(key: bytes32):
    if not self._known[key]:
        raw_revert(abi_encode(key, method_id=method_id("UnknownParameter(bytes32)")))
