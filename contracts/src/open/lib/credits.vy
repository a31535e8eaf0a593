# pragma version 0.4.3
"""
@title Credits that their owner pulls
@license Apache-2.0
@notice No contract of ours ever pushes money to an account that it does not know: it credits the account, and the
    account withdraws. A receiver that reverts can therefore block nobody but itself.
"""

event Credited:
    account: indexed(address)
    amount: uint256

event OwedWithdrawn:
    account: indexed(address)
    amount: uint256

_owed: HashMap[address, uint256]


@external
@view
def owed(account: address) -> uint256:
    """
    @notice Wei that `account` can withdraw from this contract.
    """
    return self._owed[account]


@external
@nonreentrant
def withdrawOwed() -> uint256:
    """
    @notice Send the caller all that it is owed here; returns the amount in wei.
    """
    amount: uint256 = self._owed[msg.sender]
    if amount == 0:
        raw_revert(method_id("NothingOwed()"))
    self._owed[msg.sender] = 0
    log OwedWithdrawn(account=msg.sender, amount=amount)
    sent: bool = raw_call(msg.sender, b"", value=amount, revert_on_failure=False)
    if not sent:
        raw_revert(abi_encode(msg.sender, method_id=method_id("TransferFailed(address)")))
    return amount


@internal
def _credit(account: address, amount: uint256):
    if amount > 0:
        self._owed[account] += amount
        log Credited(account=account, amount=amount)
