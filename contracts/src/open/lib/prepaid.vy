# pragma version 0.4.3
"""
@title Prepaid allocations
@license Apache-2.0
@notice A payer sets money aside for one worker, whom it then pays by signed vouchers. It comes back after a notice in
    which the worker can still settle what it holds.
"""

from open.lib import credits
from open.lib import fees
from open.lib import vouchers as signing

uses: credits

event Deposited:
    payer: indexed(address)
    worker: indexed(address)
    amount: uint256

event WithdrawalRequested:
    payer: indexed(address)
    worker: indexed(address)
    amount: uint256
    availableAt: uint64

event Withdrawn:
    payer: indexed(address)
    worker: indexed(address)
    amount: uint256

struct Notice:
    amount: uint256
    available_at: uint64

_allocation: HashMap[address, HashMap[address, uint256]]  # payer -> worker -> wei
_notice: HashMap[address, HashMap[address, Notice]]
_settled: HashMap[address, HashMap[address, HashMap[uint64, uint256]]]  # payer -> worker -> session -> cumulative


@external
@payable
@nonreentrant
def depositFor(worker: address):
    """
    @notice Add the sent wei to the caller's allocation for `worker`.
    """
    if msg.value == 0:
        raw_revert(method_id("NothingSent()"))
    self._allocation[msg.sender][worker] += msg.value
    log Deposited(payer=msg.sender, worker=worker, amount=msg.value)


@external
@nonreentrant
def requestWithdrawal(worker: address, amount: uint256):
    """
    @notice Give notice of withdrawing `amount` wei from the allocation for `worker`; replaces an earlier notice.
    """
    allocated: uint256 = self._allocation[msg.sender][worker]
    if amount == 0 or amount > allocated:
        raw_revert(
            abi_encode(
                msg.sender, worker, allocated, amount,
                method_id=method_id("AllocationTooSmall(address,address,uint256,uint256)"),
            )
        )
    window: uint256 = fees._parameter(keccak256("window.withdrawalNotice"))
    available_at: uint64 = convert(block.timestamp + window, uint64)
    self._notice[msg.sender][worker] = Notice(amount=amount, available_at=available_at)
    log WithdrawalRequested(payer=msg.sender, worker=worker, amount=amount, availableAt=available_at)


@external
@nonreentrant
def withdraw(worker: address):
    """
    @notice Credit the caller with the amount under notice, or with what vouchers left of it, once the notice is over.
    """
    notice: Notice = self._notice[msg.sender][worker]
    if notice.amount == 0:
        raw_revert(method_id("NoNotice()"))
    if block.timestamp < convert(notice.available_at, uint256):
        raw_revert(abi_encode(notice.available_at, method_id=method_id("TooEarly(uint64)")))
    allocated: uint256 = self._allocation[msg.sender][worker]
    amount: uint256 = min(notice.amount, allocated)
    self._allocation[msg.sender][worker] = allocated - amount
    self._notice[msg.sender][worker] = empty(Notice)
    credits._credit(msg.sender, amount)
    log Withdrawn(payer=msg.sender, worker=worker, amount=amount)


@external
@view
def allocation(payer: address, worker: address) -> uint256:
    """
    @notice Wei that vouchers of `payer` to `worker` can still take.
    """
    return self._allocation[payer][worker]


@external
@view
def withdrawalNotice(payer: address, worker: address) -> (uint256, uint64):
    """
    @notice Wei under notice and the UNIX time from which they can be withdrawn; zeros without a notice. A worker
        counts on the allocation less what is under notice: once the time has come, it may go at any moment.
    """
    notice: Notice = self._notice[payer][worker]
    return notice.amount, notice.available_at


@external
@view
def settled(payer: address, worker: address, session: uint64) -> uint256:
    """
    @notice The largest cumulative amount of that session which has been settled, in wei.
    """
    return self._settled[payer][worker][session]


@internal
def _redeem(domain: bytes32, voucher: signing.Voucher, signature: Bytes[65], fee: uint256):
    # Takes exactly `fee` from the allocation; the voucher must raise what is settled by just that.
    if voucher.worker != msg.sender:
        raw_revert(abi_encode(voucher.worker, msg.sender, method_id=method_id("WrongWorker(address,address)")))
    if not signing._is_signed(domain, voucher, signature):
        raw_revert(abi_encode(voucher.payer, method_id=method_id("BadSignature(address)")))
    before: uint256 = self._settled[voucher.payer][msg.sender][voucher.session]
    if voucher.cumulative <= before:
        raw_revert(
            abi_encode(
                voucher.payer, voucher.cumulative, before,
                method_id=method_id("CumulativeNotLarger(address,uint256,uint256)"),
            )
        )
    added: uint256 = voucher.cumulative - before
    if added != fee:
        raw_revert(
            abi_encode(voucher.payer, fee, added, method_id=method_id("FeeMismatch(address,uint256,uint256)"))
        )
    allocated: uint256 = self._allocation[voucher.payer][msg.sender]
    if added > allocated:
        raw_revert(
            abi_encode(
                voucher.payer, msg.sender, allocated, added,
                method_id=method_id("AllocationTooSmall(address,address,uint256,uint256)"),
            )
        )
    self._settled[voucher.payer][msg.sender][voucher.session] = voucher.cumulative
    self._allocation[voucher.payer][msg.sender] = allocated - added
