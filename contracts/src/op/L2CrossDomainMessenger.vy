# pragma version 0.4.3
"""
@title L2CrossDomainMessenger
@notice Calls from L2 contracts to L1 contracts, carried by the message passer's withdrawals.
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
# error RelayFailed()
# error UnsafeTarget()
# error UnsupportedMessageVersion()

interface MessagePasser:
    def initiateWithdrawal(target: address, gas_limit: uint256, data: Bytes[messenger.MAX_ENCODED]): payable

MESSAGE_PASSER: constant(address) = 0x4200000000000000000000000000000000000016
ALIAS_OFFSET: constant(uint256) = 4369 * 2**144 + 4369

otherMessenger: public(address)


@external
@payable
def sendMessage(_target: address, _message: Bytes[messenger.MAX_MESSAGE], _minGasLimit: uint32):
    """
    @notice Calls _target on L1 with _message, msg.value and at least _minGasLimit gas, once it is finalised there.
    """
    data: Bytes[messenger.MAX_ENCODED] = messenger._next_message(_target, _message, _minGasLimit)
    gas_limit: uint256 = convert(messenger._base_gas(len(_message), _minGasLimit), uint256)
    extcall MessagePasser(MESSAGE_PASSER).initiateWithdrawal(
        self.otherMessenger, gas_limit, data, value=msg.value
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
    aliased: uint256 = (convert(self.otherMessenger, uint256) + ALIAS_OFFSET) % 2**160
    from_other: bool = msg.sender == convert(aliased, address)
    messenger._relay(_nonce, _sender, _target, _value, _minGasLimit, _message, from_other, MESSAGE_PASSER)


@external
@pure
def version() -> String[8]:
    return "2.10.0"
