# pragma version 0.4.3
"""
@title L2StandardBridge
@notice Native coin to an account on L1 through the messengers. Tokens are not offered yet.
"""

from op.lib import bridge

initializes: bridge
exports: (bridge.messenger, bridge.bridgeERC20, bridge.bridgeERC20To, bridge.finalizeBridgeERC20)

# error NotAvailable()
# error NotFromOtherBridge()
# error OnlyAccounts()
# error WrongToken()
# error TransferFailed()
# error ValueMismatch(uint256 got, uint256 expected)
# receive() payable

event WithdrawalInitiated:
    l1Token: indexed(address)
    l2Token: indexed(address)
    from_: indexed(address)
    to: address
    amount: uint256
    extraData: Bytes[bridge.MAX_EXTRA_DATA]

event DepositFinalized:
    l1Token: indexed(address)
    l2Token: indexed(address)
    from_: indexed(address)
    to: address
    amount: uint256
    extraData: Bytes[bridge.MAX_EXTRA_DATA]

NATIVE: constant(address) = 0xDeadDeAddeAddEAddeadDEaDDEAdDeaDDeAD0000  # the coin itself, in the legacy functions

otherBridge: public(address)


@external
@payable
def __default__():
    """
    @notice Plain coin from an account goes to the same account on L1.
    """
    if len(msg.data) != 0:
        raw_revert(b"")
    self._only_account()
    self._initiate(msg.sender, bridge.RECEIVE_GAS, b"")


@external
@payable
def withdraw(_l2Token: address, _amount: uint256, _minGasLimit: uint32, _extraData: Bytes[bridge.MAX_EXTRA_DATA]):
    self._only_account()
    self._check_native(_l2Token, _amount)
    self._initiate(msg.sender, _minGasLimit, _extraData)


@external
@payable
def withdrawTo(
    _l2Token: address,
    _to: address,
    _amount: uint256,
    _minGasLimit: uint32,
    _extraData: Bytes[bridge.MAX_EXTRA_DATA],
):
    self._check_native(_l2Token, _amount)
    self._initiate(_to, _minGasLimit, _extraData)


@external
@payable
def bridgeETH(_minGasLimit: uint32, _extraData: Bytes[bridge.MAX_EXTRA_DATA]):
    self._only_account()
    self._initiate(msg.sender, _minGasLimit, _extraData)


@external
@payable
def bridgeETHTo(_to: address, _minGasLimit: uint32, _extraData: Bytes[bridge.MAX_EXTRA_DATA]):
    self._initiate(_to, _minGasLimit, _extraData)


@external
@payable
def finalizeBridgeETH(_from: address, _to: address, _amount: uint256, _extraData: Bytes[bridge.MAX_EXTRA_DATA]):
    """
    @notice Pays out what the bridge on L1 sent.
    """
    log DepositFinalized(
        l1Token=empty(address), l2Token=NATIVE, from_=_from, to=_to, amount=_amount, extraData=_extraData
    )
    bridge._finalize(self.otherBridge, _from, _to, _amount, _extraData)


@external
@pure
def version() -> String[8]:
    return "1.13.0"


@internal
@payable
def _check_native(token: address, amount: uint256):
    if token != NATIVE:
        raw_revert(method_id("WrongToken()"))
    if msg.value != amount:
        raw_revert(abi_encode(msg.value, amount, method_id=method_id("ValueMismatch(uint256,uint256)")))


@internal
@payable
def _initiate(to: address, min_gas: uint32, data: Bytes[bridge.MAX_EXTRA_DATA]):
    log WithdrawalInitiated(
        l1Token=empty(address), l2Token=NATIVE, from_=msg.sender, to=to, amount=msg.value, extraData=data
    )
    bridge._initiate(self.otherBridge, to, min_gas, data)


@internal
@view
def _only_account():
    """
    @notice A contract's coin would be lost: its address on the other side is somebody else's.
    """
    if msg.sender.codesize != 0 and msg.sender != tx.origin:
        raw_revert(method_id("OnlyAccounts()"))
