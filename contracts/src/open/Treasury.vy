# pragma version 0.4.3
"""
@title Treasury
@license Apache-2.0
@notice Receives platform fees, fee dust and slashes, and grants them by the timelock. Money that other contracts owe
    the treasury is pulled with `collect`.
"""

from open.lib import credits
from open.lib import predeploys

initializes: credits
exports: (credits.owed, credits.withdrawOwed)

# error NothingOwed()
# error TransferFailed(address account)
# error NotTimelock(address caller)
# error NotAvailable()
# error GrantTooLarge(uint256 amount, uint256 available)
# receive() payable

interface IParameters:
    def timelock() -> address: view

interface IOwing:
    def withdrawOwed() -> uint256: nonpayable

event Received:
    sender: indexed(address)
    amount: uint256

event Granted:
    to: indexed(address)
    amount: uint256
    purpose: bytes32

_granted: uint256  # credited to grantees here, ever; what they withdrew left the balance
_received: uint256


@external
@payable
def __default__():
    assert len(msg.data) == 0, "unknown function"
    self._receive(msg.value)


@external
@payable
def deposit():
    """
    @notice Give the sent wei to the treasury.
    """
    self._receive(msg.value)


@external
@view
def received() -> uint256:
    """
    @notice Wei that ever came in through `deposit`, `collect` or a transfer.
    """
    return self._received


@external
@view
def available() -> uint256:
    """
    @notice Wei that can still be granted.
    """
    return self._received - self._granted


@external
def collect(source: address) -> uint256:
    """
    @notice Pull what `source`, one of the OPEN predeploys, owes the treasury; anybody may call.
    """
    return extcall IOwing(source).withdrawOwed()


@external
@nonreentrant
def grant(to: address, amount: uint256, purpose: bytes32):
    """
    @notice Credit `to` with a grant, by the timelock.
    """
    if msg.sender != staticcall IParameters(predeploys.PARAMETERS).timelock():
        raw_revert(abi_encode(msg.sender, method_id=method_id("NotTimelock(address)")))
    left: uint256 = self._received - self._granted
    if amount > left:
        raw_revert(abi_encode(amount, left, method_id=method_id("GrantTooLarge(uint256,uint256)")))
    self._granted += amount
    credits._credit(to, amount)
    log Granted(to=to, amount=amount, purpose=purpose)


@external
def openGrant(to: address, amounts: DynArray[uint256, 16], purpose: bytes32) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def releaseMilestone(grantId: uint256):
    raw_revert(method_id("NotAvailable()"))


@external
def cancelGrant(grantId: uint256):
    raw_revert(method_id("NotAvailable()"))


@internal
def _receive(amount: uint256):
    if amount > 0:
        self._received += amount
        log Received(sender=msg.sender, amount=amount)
