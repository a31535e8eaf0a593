# pragma version 0.4.3
"""
@title The market for deposits' L2 gas
@notice Gas on L2 is bought by burning gas on L1, at a price of EIP-1559's kind (guaranteed-gas-market.md).
"""

struct ResourceConfig:
    maxResourceLimit: uint32
    elasticityMultiplier: uint8
    baseFeeMaxChangeDenominator: uint8
    minimumBaseFee: uint32
    systemTxMaxGas: uint32
    maximumBaseFee: uint128

struct ResourceParams:
    prevBaseFee: uint128
    prevBoughtGas: uint64
    prevBlockNum: uint64

INITIAL_BASE_FEE: constant(uint128) = 10**9
EMPTY_BLOCKS: constant(uint256) = 1024  # enough for any price to decay to the minimum
BURN_STEPS: constant(uint256) = 2**32

params: ResourceParams


@deploy
def __init__():
    self.params.prevBaseFee = INITIAL_BASE_FEE


@internal
def _meter(amount: uint64, gas_at_start: uint256, config: ResourceConfig):
    """
    @notice Buys `amount` of L2 gas and burns what the L1 gas used since `gas_at_start` doesn't cover.
    """
    bought: ResourceParams = self._updated(config)
    bought.prevBoughtGas += amount
    if bought.prevBoughtGas > convert(config.maxResourceLimit, uint64):
        raw_revert(method_id("OutOfGas()"))
    self.params = bought

    cost: uint256 = convert(amount, uint256) * convert(bought.prevBaseFee, uint256)
    gas_cost: uint256 = cost // max(block.basefee, 10**9)
    target: uint256 = 0
    if gas_at_start > gas_cost:
        target = gas_at_start - gas_cost
    for _: uint256 in range(BURN_STEPS):
        if msg.gas <= target:
            break


@internal
@view
def _updated(config: ResourceConfig) -> ResourceParams:
    """
    @notice Price and bought gas as of this block, before the purchase.
    """
    last: ResourceParams = self.params
    elapsed: uint256 = block.number - convert(last.prevBlockNum, uint256)
    if elapsed == 0:
        return last
    minimum: int256 = convert(config.minimumBaseFee, int256)
    maximum: int256 = convert(config.maximumBaseFee, int256)
    target: int256 = convert(config.maxResourceLimit // convert(config.elasticityMultiplier, uint32), int256)
    denominator: int256 = convert(config.baseFeeMaxChangeDenominator, int256)
    price: int256 = convert(last.prevBaseFee, int256)
    delta: int256 = convert(last.prevBoughtGas, int256) - target
    price = min(max(price + price * delta // target // denominator, minimum), maximum)
    for _: uint256 in range(min(elapsed - 1, EMPTY_BLOCKS), bound=EMPTY_BLOCKS):
        if price == minimum:
            break
        price = max(price - price // denominator, minimum)
    return ResourceParams(
        prevBaseFee=convert(price, uint128),
        prevBoughtGas=0,
        prevBlockNum=convert(block.number, uint64),
    )
