# pragma version 0.4.3
"""
@title Staking
@license Apache-2.0
@notice Pools by kind (0 validator, 1 model, 2 worker) and id: a validator's or worker's id is its address, left-padded
    to 32 bytes, a model's is its number. A pool is held in shares. Rewards raise what a share is worth, slashing lowers
    it. The first stake of a pool leaves DEAD_SHARES to nobody, so that a share's worth can't be inflated cheaply.

    Unstaking moves the shares' worth into the pool's cooling side, a share pool of its own that slashing reaches too,
    against a ticket that pays after `window.unstake`.
"""

from open.lib import credits
from open.lib import predeploys

initializes: credits
exports: (credits.owed, credits.withdrawOwed)

# error NothingOwed()
# error TransferFailed(address account)
# error UnknownKind(uint8 kind)
# error StakeTooSmall(uint256 amount, uint256 needed)
# error NotEnoughShares(uint256 held, uint256 wanted)
# error NotTicketOwner(uint256 ticket)
# error TooEarly(uint64 availableAt)
# error NotListed(address caller)
# error WrongBps(uint256 bps)
# error WrongValue(uint256 got, uint256 expected)

interface IParameters:
    def get(key: bytes32) -> uint256: view

event Staked:
    kind: indexed(uint8)
    id: indexed(bytes32)
    account: indexed(address)
    amount: uint256
    shares: uint256

event UnstakeRequested:
    kind: indexed(uint8)
    id: indexed(bytes32)
    account: indexed(address)
    ticket: uint256
    shares: uint256
    amount: uint256
    availableAt: uint64

event Unstaked:
    ticket: indexed(uint256)
    account: indexed(address)
    amount: uint256

event Slashed:
    kind: indexed(uint8)
    id: indexed(bytes32)
    reason: indexed(bytes32)
    amount: uint256

event Rewarded:
    kind: indexed(uint8)
    id: indexed(bytes32)
    amount: uint256

struct Pool:
    assets: uint256
    shares: uint256

struct Ticket:
    owner: address
    kind: uint8
    id: bytes32
    shares: uint256  # of the cooling pool
    availableAt: uint64

struct Reward:
    kind: uint8
    id: bytes32
    amount: uint256

DEAD_SHARES: constant(uint256) = 10**9
MAX_REWARDS: constant(uint256) = 65
_BPS: constant(uint256) = 10_000

_active: HashMap[uint8, HashMap[bytes32, Pool]]
_cooling: HashMap[uint8, HashMap[bytes32, Pool]]
_shares: HashMap[uint8, HashMap[bytes32, HashMap[address, uint256]]]
_tickets: HashMap[uint256, Ticket]
_ticket_count: uint256


@external
@payable
@nonreentrant
def stake(kind: uint8, id: bytes32):
    """
    @notice Add the sent wei to a pool; the caller gets shares of it.
    """
    self._require_kind(kind)
    needed: uint256 = staticcall IParameters(predeploys.PARAMETERS).get(keccak256("stake.least"))
    if msg.value < needed or msg.value <= DEAD_SHARES:
        raw_revert(
            abi_encode(msg.value, max(needed, DEAD_SHARES + 1), method_id=method_id("StakeTooSmall(uint256,uint256)"))
        )
    pool: Pool = self._active[kind][id]
    bought: uint256 = self._shares_for(pool, msg.value)
    minted: uint256 = bought
    if pool.shares == 0:
        bought -= DEAD_SHARES
    if bought == 0:
        raw_revert(abi_encode(msg.value, needed, method_id=method_id("StakeTooSmall(uint256,uint256)")))
    self._active[kind][id] = Pool(assets=pool.assets + msg.value, shares=pool.shares + minted)
    self._shares[kind][id][msg.sender] += bought
    log Staked(kind=kind, id=id, account=msg.sender, amount=msg.value, shares=bought)


@external
@nonreentrant
def requestUnstake(kind: uint8, id: bytes32, shares: uint256) -> uint256:
    """
    @notice Begin to cool `shares` of the caller; returns the ticket that `unstake` takes later.
    """
    held: uint256 = self._shares[kind][id][msg.sender]
    if shares == 0 or shares > held:
        raw_revert(abi_encode(held, shares, method_id=method_id("NotEnoughShares(uint256,uint256)")))
    pool: Pool = self._active[kind][id]
    amount: uint256 = shares * pool.assets // pool.shares
    cooling: Pool = self._cooling[kind][id]
    cooling_shares: uint256 = self._shares_for(cooling, amount)
    self._shares[kind][id][msg.sender] = held - shares
    self._active[kind][id] = Pool(assets=pool.assets - amount, shares=pool.shares - shares)
    self._cooling[kind][id] = Pool(assets=cooling.assets + amount, shares=cooling.shares + cooling_shares)
    window: uint256 = staticcall IParameters(predeploys.PARAMETERS).get(keccak256("window.unstake"))
    available_at: uint64 = convert(block.timestamp + window, uint64)
    self._ticket_count += 1
    ticket: uint256 = self._ticket_count
    self._tickets[ticket] = Ticket(
        owner=msg.sender, kind=kind, id=id, shares=cooling_shares, availableAt=available_at
    )
    log UnstakeRequested(
        kind=kind, id=id, account=msg.sender, ticket=ticket, shares=shares, amount=amount, availableAt=available_at
    )
    return ticket


@external
@nonreentrant
def unstake(ticket: uint256):
    """
    @notice Credit the ticket's owner with what its cooled shares are worth, once the window is over.
    """
    item: Ticket = self._tickets[ticket]
    if item.owner != msg.sender:
        raw_revert(abi_encode(ticket, method_id=method_id("NotTicketOwner(uint256)")))
    if block.timestamp < convert(item.availableAt, uint256):
        raw_revert(abi_encode(item.availableAt, method_id=method_id("TooEarly(uint64)")))
    pool: Pool = self._cooling[item.kind][item.id]
    amount: uint256 = 0
    if pool.shares > 0:
        amount = item.shares * pool.assets // pool.shares
    self._tickets[ticket] = empty(Ticket)
    self._cooling[item.kind][item.id] = Pool(assets=pool.assets - amount, shares=pool.shares - item.shares)
    credits._credit(msg.sender, amount)
    log Unstaked(ticket=ticket, account=msg.sender, amount=amount)


@external
@payable
@nonreentrant
def reward(kind: uint8, id: bytes32):
    """
    @notice Raise what the pool's shares are worth by the sent wei. Without a staker the treasury gets them.
    """
    self._reward(kind, id, msg.value)


@external
@payable
@nonreentrant
def rewardMany(rewards: DynArray[Reward, MAX_REWARDS]):
    """
    @notice `reward` for several pools at once; the amounts sum to the sent wei.
    """
    total: uint256 = 0
    for item: Reward in rewards:
        total += item.amount
        self._reward(item.kind, item.id, item.amount)
    if total != msg.value:
        raw_revert(abi_encode(msg.value, total, method_id=method_id("WrongValue(uint256,uint256)")))


@external
@nonreentrant
def slash(kind: uint8, id: bytes32, bps: uint16, reason: bytes32):
    """
    @notice Take `bps` of a pool, active and cooling alike, to the treasury; by Datanets and Attribution only.
    """
    if msg.sender != predeploys.DATANETS and msg.sender != predeploys.ATTRIBUTION:
        raw_revert(abi_encode(msg.sender, method_id=method_id("NotListed(address)")))
    part: uint256 = convert(bps, uint256)
    if part > _BPS:
        raw_revert(abi_encode(part, method_id=method_id("WrongBps(uint256)")))
    active: uint256 = self._cut(self._active[kind][id].assets, part)
    cooling: uint256 = self._cut(self._cooling[kind][id].assets, part)
    self._active[kind][id].assets -= active
    self._cooling[kind][id].assets -= cooling
    credits._credit(predeploys.TREASURY, active + cooling)
    log Slashed(kind=kind, id=id, reason=reason, amount=active + cooling)


@external
@view
def stakeOf(kind: uint8, id: bytes32, who: address) -> uint256:
    """
    @notice Wei that the account's shares of the pool are worth, cooling shares not counted.
    """
    pool: Pool = self._active[kind][id]
    if pool.shares == 0:
        return 0
    return self._shares[kind][id][who] * pool.assets // pool.shares


@external
@view
def sharesOf(kind: uint8, id: bytes32, who: address) -> uint256:
    """
    @notice The account's shares of the pool: what `requestUnstake` takes.
    """
    return self._shares[kind][id][who]


@external
@view
def totalStake(kind: uint8, id: bytes32) -> uint256:
    """
    @notice Wei in the pool, cooling stake not counted.
    """
    return self._active[kind][id].assets


@external
@view
def ticket(number: uint256) -> Ticket:
    """
    @notice The ticket; its owner is zero when it was paid or never given out.
    """
    return self._tickets[number]


@internal
def _reward(kind: uint8, id: bytes32, amount: uint256):
    self._require_kind(kind)
    if amount == 0:
        return
    # Dead shares alone are nobody: their reward would be lost.
    if self._active[kind][id].shares <= DEAD_SHARES:
        credits._credit(predeploys.TREASURY, amount)
    else:
        self._active[kind][id].assets += amount
    log Rewarded(kind=kind, id=id, amount=amount)


@internal
@pure
def _shares_for(pool: Pool, amount: uint256) -> uint256:
    # Rounded down, in the pool's favour. Shares without assets don't occur: slashing leaves a wei.
    if pool.shares == 0:
        return amount
    return amount * pool.shares // pool.assets


@internal
@pure
def _cut(assets: uint256, bps: uint256) -> uint256:
    # The last wei stays, so that what the shares are worth never becomes zero and newcomers get a fair price.
    if assets == 0:
        return 0
    return min(assets * bps // _BPS, assets - 1)


@internal
@pure
def _require_kind(kind: uint8):
    if kind > 2:
        raw_revert(abi_encode(kind, method_id=method_id("UnknownKind(uint8)")))
