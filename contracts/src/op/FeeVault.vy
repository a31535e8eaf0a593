# pragma version 0.4.3
"""
@title Fee vault
@notice Collects one kind of fee as plain balance and sends it to its recipient, on L2 or through the message passer.
@dev The code of all four vaults (sequencer, base fee, L1 fee, operator fee); genesis writes their settings.
"""

# error BelowMinimum(uint256 balance, uint256 minimum)
# receive() payable

interface MessagePasser:
    def initiateWithdrawal(target: address, gas_limit: uint256, data: Bytes[32]): payable

event Withdrawal:
    value: uint256
    to: address
    from_: address
    withdrawalNetwork: uint8

MESSAGE_PASSER: constant(address) = 0x4200000000000000000000000000000000000016
TO_L1: constant(uint8) = 0
WITHDRAWAL_MIN_GAS: constant(uint256) = 400_000

recipient: public(address)
minWithdrawalAmount: public(uint256)
withdrawalNetwork: public(uint8)  # 0 is L1, 1 is L2
totalProcessed: public(uint256)


@deploy
def __init__(recipient: address, minimum: uint256, network: uint8):
    self.recipient = recipient
    self.minWithdrawalAmount = minimum
    self.withdrawalNetwork = network


@external
@payable
def __default__():
    if len(msg.data) != 0:
        raw_revert(b"")


@external
@nonreentrant
def withdraw() -> uint256:
    """
    @notice Sends the whole balance to the recipient. Anybody may call; returns the amount in wei.
    """
    amount: uint256 = self.balance
    if amount < self.minWithdrawalAmount:
        raw_revert(
            abi_encode(amount, self.minWithdrawalAmount, method_id=method_id("BelowMinimum(uint256,uint256)"))
        )
    self.totalProcessed += amount
    log Withdrawal(
        value=amount, to=self.recipient, from_=msg.sender, withdrawalNetwork=self.withdrawalNetwork
    )
    if self.withdrawalNetwork == TO_L1:
        extcall MessagePasser(MESSAGE_PASSER).initiateWithdrawal(
            self.recipient, WITHDRAWAL_MIN_GAS, b"", value=amount
        )
    else:
        raw_call(self.recipient, b"", value=amount)
    return amount


@external
@view
def RECIPIENT() -> address:
    return self.recipient


@external
@view
def MIN_WITHDRAWAL_AMOUNT() -> uint256:
    return self.minWithdrawalAmount


@external
@view
def WITHDRAWAL_NETWORK() -> uint8:
    return self.withdrawalNetwork


@external
@pure
def version() -> String[8]:
    return "1.6.0"
