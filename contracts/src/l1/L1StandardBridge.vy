# pragma version 0.4.3
"""
@title L1StandardBridge
@notice Native coin to an account on L2 through the messengers. Tokens are not offered yet.
"""

from op.lib import bridge

initializes: bridge
exports: (bridge.messenger, bridge.bridgeERC20, bridge.bridgeERC20To, bridge.finalizeBridgeERC20)

# error NotAvailable()
# error NotFromOtherBridge()
# error OnlyAccounts()
# error Paused()
# error TransferFailed()
# error ValueMismatch(uint256 got, uint256 expected)
# receive() payable

interface SystemConfig:
    def paused() -> bool: view

event ETHDepositInitiated:
    from_: indexed(address)
    to: indexed(address)
    amount: uint256
    extraData: Bytes[bridge.MAX_EXTRA_DATA]

event ETHWithdrawalFinalized:
    from_: indexed(address)
    to: indexed(address)
    amount: uint256
    extraData: Bytes[bridge.MAX_EXTRA_DATA]

OTHER_BRIDGE: constant(address) = 0x4200000000000000000000000000000000000010

systemConfig: public(address)


@deploy
def __init__(messenger: address, system_config: address):
    bridge.messenger = messenger
    self.systemConfig = system_config


@external
@payable
def __default__():
    """
    @notice Plain coin from an account goes to the same account on L2.
    """
    if len(msg.data) != 0:
        raw_revert(b"")
    self._only_account()
    self._initiate(msg.sender, bridge.RECEIVE_GAS, b"")


@external
@payable
def depositETH(_minGasLimit: uint32, _extraData: Bytes[bridge.MAX_EXTRA_DATA]):
    self._only_account()
    self._initiate(msg.sender, _minGasLimit, _extraData)


@external
@payable
def depositETHTo(_to: address, _minGasLimit: uint32, _extraData: Bytes[bridge.MAX_EXTRA_DATA]):
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
    @notice Pays out what the bridge on L2 sent.
    """
    if staticcall SystemConfig(self.systemConfig).paused():
        raw_revert(method_id("Paused()"))
    log ETHWithdrawalFinalized(from_=_from, to=_to, amount=_amount, extraData=_extraData)
    bridge._finalize(OTHER_BRIDGE, _from, _to, _amount, _extraData)


@external
@payable
def depositERC20(l1: address, l2: address, amount: uint256, gas_limit: uint32, data: Bytes[bridge.MAX_EXTRA_DATA]):
    raw_revert(method_id("NotAvailable()"))


@external
@payable
def depositERC20To(
    l1: address, l2: address, to: address, amount: uint256, gas_limit: uint32, data: Bytes[bridge.MAX_EXTRA_DATA]
):
    raw_revert(method_id("NotAvailable()"))


@external
@pure
def otherBridge() -> address:
    return OTHER_BRIDGE


@external
@view
def paused() -> bool:
    return staticcall SystemConfig(self.systemConfig).paused()


@external
@pure
def version() -> String[8]:
    return "2.8.0"


@internal
@payable
def _initiate(to: address, min_gas: uint32, data: Bytes[bridge.MAX_EXTRA_DATA]):
    log ETHDepositInitiated(from_=msg.sender, to=to, amount=msg.value, extraData=data)
    bridge._initiate(OTHER_BRIDGE, to, min_gas, data)


@internal
@view
def _only_account():
    """
    @notice A contract's coin would be lost: its address on the other side is somebody else's.
    """
    if msg.sender.codesize != 0 and msg.sender != tx.origin:
        raw_revert(method_id("OnlyAccounts()"))
