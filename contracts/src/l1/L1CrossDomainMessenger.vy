# pragma version 0.4.3
"""
@title L1CrossDomainMessenger
@notice Calls from L1 contracts to L2 contracts, carried by the portal's deposits.
"""

from op.lib import messenger

initializes: messenger
exports: (
    messenger.baseGas,
    messenger.messageNonce,
    messenger.xDomainMessageSender,
    messenger.MESSAGE_VERSION,
    messenger.successfulMessages,
    messenger.failedMessages,
)

# error AlreadyRelayed()
# error InvalidRelay()
# error NoMessage()
# error Paused()
# error RelayFailed()
# error UnsafeTarget()
# error UnsupportedMessageVersion()

interface Portal:
    def depositTransaction(
        to: address, amount: uint256, gas_limit: uint64, creation: bool, data: Bytes[messenger.MAX_ENCODED]
    ): payable
    def l2Sender() -> address: view

interface SystemConfig:
    def paused() -> bool: view

OTHER_MESSENGER: constant(address) = 0x4200000000000000000000000000000000000007

portal: public(address)
systemConfig: public(address)


@deploy
def __init__(portal: address, system_config: address):
    self.portal = portal
    self.systemConfig = system_config


@external
@payable
def sendMessage(_target: address, _message: Bytes[messenger.MAX_MESSAGE], _minGasLimit: uint32):
    """
    @notice Calls _target on L2 with _message, msg.value and at least _minGasLimit gas.
    """
    data: Bytes[messenger.MAX_ENCODED] = messenger._next_message(_target, _message, _minGasLimit)
    gas_limit: uint64 = messenger._base_gas(len(_message), _minGasLimit)
    extcall Portal(self.portal).depositTransaction(
        OTHER_MESSENGER, msg.value, gas_limit, False, data, value=msg.value
    )


@external
@payable
def relayMessage(
    _nonce: uint256,
    _sender: address,
    _target: address,
    _value: uint256,
    _minGasLimit: uint256,
    _message: Bytes[messenger.MAX_MESSAGE],
):
    """
    @notice Delivers a message: called by the other side, or by anybody for one that failed before.
    """
    if staticcall SystemConfig(self.systemConfig).paused():
        raw_revert(method_id("Paused()"))
    from_other: bool = msg.sender == self.portal
    if from_other:
        from_other = staticcall Portal(self.portal).l2Sender() == OTHER_MESSENGER
    messenger._relay(_nonce, _sender, _target, _value, _minGasLimit, _message, from_other, self.portal)


@external
@view
def paused() -> bool:
    return staticcall SystemConfig(self.systemConfig).paused()


@external
@pure
def otherMessenger() -> address:
    return OTHER_MESSENGER


@external
@pure
def version() -> String[8]:
    return "2.10.0"
