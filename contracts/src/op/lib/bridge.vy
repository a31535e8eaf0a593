# pragma version 0.4.3
"""
@title What the standard bridges of L1 and L2 have in common
@notice The native coin's way through the messengers.
"""

interface Messenger:
    def sendMessage(target: address, message: Bytes[MAX_MESSAGE], min_gas: uint32): payable
    def xDomainMessageSender() -> address: view

event ETHBridgeInitiated:
    from_: indexed(address)
    to: indexed(address)
    amount: uint256
    extraData: Bytes[MAX_EXTRA_DATA]

event ETHBridgeFinalized:
    from_: indexed(address)
    to: indexed(address)
    amount: uint256
    extraData: Bytes[MAX_EXTRA_DATA]

MAX_EXTRA_DATA: constant(uint256) = 1_024
MAX_MESSAGE: constant(uint256) = MAX_EXTRA_DATA + 164  # selector, four words of head, length
RECEIVE_GAS: constant(uint32) = 200_000

messenger: public(address)


@internal
@payable
def _initiate(other: address, to: address, min_gas: uint32, data: Bytes[MAX_EXTRA_DATA]):
    log ETHBridgeInitiated(from_=msg.sender, to=to, amount=msg.value, extraData=data)
    message: Bytes[MAX_MESSAGE] = abi_encode(
        msg.sender, to, msg.value, data, method_id=method_id("finalizeBridgeETH(address,address,uint256,bytes)")
    )
    extcall Messenger(self.messenger).sendMessage(other, message, min_gas, value=msg.value)


@internal
@payable
def _finalize(other: address, sender: address, to: address, amount: uint256, data: Bytes[MAX_EXTRA_DATA]):
    """
    @notice Pays `to`; only for a message from the other bridge that carries the amount.
    """
    if msg.sender != self.messenger or staticcall Messenger(self.messenger).xDomainMessageSender() != other:
        raw_revert(method_id("NotFromOtherBridge()"))
    if msg.value != amount:
        raw_revert(abi_encode(msg.value, amount, method_id=method_id("ValueMismatch(uint256,uint256)")))
    log ETHBridgeFinalized(from_=sender, to=to, amount=amount, extraData=data)
    if to == self or to == self.messenger or not raw_call(to, b"", value=amount, revert_on_failure=False):
        raw_revert(method_id("TransferFailed()"))


@external
def bridgeERC20(
    _localToken: address, _remoteToken: address, _amount: uint256, _minGasLimit: uint32, _extraData: Bytes[MAX_EXTRA_DATA]
):
    raw_revert(method_id("NotAvailable()"))


@external
def bridgeERC20To(
    _localToken: address,
    _remoteToken: address,
    _to: address,
    _amount: uint256,
    _minGasLimit: uint32,
    _extraData: Bytes[MAX_EXTRA_DATA],
):
    raw_revert(method_id("NotAvailable()"))


@external
def finalizeBridgeERC20(
    _localToken: address,
    _remoteToken: address,
    _from: address,
    _to: address,
    _amount: uint256,
    _extraData: Bytes[MAX_EXTRA_DATA],
):
    raw_revert(method_id("NotAvailable()"))
