# pragma version 0.4.3
"""
@title What the messengers of L1 and L2 have in common
@notice Messages with replay: one that fails at its target stays here, value and all, until somebody relays it again.
"""

event SentMessage:
    target: indexed(address)
    sender: address
    message: Bytes[MAX_MESSAGE]
    messageNonce: uint256
    gasLimit: uint256

event SentMessageExtension1:
    sender: indexed(address)
    value: uint256

event RelayedMessage:
    msgHash: indexed(bytes32)

event FailedRelayedMessage:
    msgHash: indexed(bytes32)

MAX_MESSAGE: constant(uint256) = 16_384
MAX_ENCODED: constant(uint256) = MAX_MESSAGE + 228  # selector, six words of head, length
NONCE_VERSION: constant(uint256) = 1 << 240
NO_SENDER: constant(address) = 0x000000000000000000000000000000000000dEaD
ESTIMATION_ADDRESS: constant(address) = 0x0000000000000000000000000000000000000001

# Gas around the target's call, as the specification prices it (messengers.md).
RELAY_CONSTANT: constant(uint256) = 200_000
RELAY_CALL: constant(uint256) = 40_000
RELAY_RESERVED: constant(uint256) = 40_000
RELAY_CHECK: constant(uint256) = 5_000
ENCODING_BYTES: constant(uint256) = 260
TX_BASE: constant(uint256) = 21_000

successfulMessages: public(HashMap[bytes32, bool])
failedMessages: public(HashMap[bytes32, bool])
counter: uint256
current_sender: transient(address)


@internal
@payable
def _next_message(target: address, message: Bytes[MAX_MESSAGE], min_gas: uint32) -> Bytes[MAX_ENCODED]:
    """
    @notice Numbers and announces a message; returns the call that relays it on the other side.
    """
    nonce: uint256 = NONCE_VERSION | self.counter
    self.counter += 1
    log SentMessage(
        target=target,
        sender=msg.sender,
        message=message,
        messageNonce=nonce,
        gasLimit=convert(min_gas, uint256),
    )
    log SentMessageExtension1(sender=msg.sender, value=msg.value)
    return self._encode(nonce, msg.sender, target, msg.value, convert(min_gas, uint256), message)


@internal
@payable
def _relay(
    nonce: uint256,
    sender: address,
    target: address,
    amount: uint256,
    min_gas: uint256,
    message: Bytes[MAX_MESSAGE],
    from_other_messenger: bool,
    unsafe_target: address,
):
    """
    @notice Calls a message's target once it has come from the other messenger, or again after it failed.
    """
    if nonce >> 240 != 1:
        raw_revert(method_id("UnsupportedMessageVersion()"))
    digest: bytes32 = keccak256(self._encode(nonce, sender, target, amount, min_gas, message))
    if from_other_messenger:
        if msg.value != amount or self.failedMessages[digest]:
            raw_revert(method_id("InvalidRelay()"))
    elif msg.value != 0 or not self.failedMessages[digest]:
        raw_revert(method_id("InvalidRelay()"))
    if target == self or target == unsafe_target:
        raw_revert(method_id("UnsafeTarget()"))
    if self.successfulMessages[digest]:
        raw_revert(method_id("AlreadyRelayed()"))

    success: bool = False
    reserve: uint256 = RELAY_RESERVED + RELAY_CHECK
    enough: bool = (max(msg.gas, reserve) - reserve) * 63 >= min_gas * 64
    if enough and self.current_sender == empty(address):
        self.current_sender = sender
        success = raw_call(
            target, message, value=amount, gas=msg.gas - RELAY_RESERVED, revert_on_failure=False
        )
        self.current_sender = empty(address)
    if success:
        self.successfulMessages[digest] = True
        log RelayedMessage(msgHash=digest)
        return
    self.failedMessages[digest] = True
    log FailedRelayedMessage(msgHash=digest)
    # Estimating tools call from this address and look for a revert to find enough gas.
    if tx.origin == ESTIMATION_ADDRESS:
        raw_revert(method_id("RelayFailed()"))


@internal
@pure
def _encode(
    nonce: uint256,
    sender: address,
    target: address,
    amount: uint256,
    min_gas: uint256,
    message: Bytes[MAX_MESSAGE],
) -> Bytes[MAX_ENCODED]:
    return abi_encode(
        nonce,
        sender,
        target,
        amount,
        min_gas,
        message,
        method_id=method_id("relayMessage(uint256,address,address,uint256,uint256,bytes)"),
    )


@internal
@pure
def _base_gas(size: uint256, min_gas: uint32) -> uint64:
    execution: uint256 = RELAY_CONSTANT + RELAY_CALL + RELAY_RESERVED + RELAY_CHECK
    execution += convert(min_gas, uint256) * 64 // 63
    total: uint256 = size + ENCODING_BYTES
    return convert(TX_BASE + max(execution + total * 16, total * 40), uint64)


@external
@pure
def baseGas(_message: Bytes[MAX_MESSAGE], _minGasLimit: uint32) -> uint64:
    """
    @notice Gas of the transaction that relays a message, so that its target gets _minGasLimit.
    """
    return self._base_gas(len(_message), _minGasLimit)


@external
@view
def messageNonce() -> uint256:
    return NONCE_VERSION | self.counter


@external
@view
def xDomainMessageSender() -> address:
    """
    @return Who sent the message that is being relayed; reverts outside of one.
    """
    if self.current_sender == empty(address):
        raw_revert(method_id("NoMessage()"))
    return self.current_sender


@external
@pure
def MESSAGE_VERSION() -> uint16:
    return 1
