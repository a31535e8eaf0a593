# pragma version 0.4.3
"""
@title gOPEN: voting power
@license Apache-2.0
@notice Native OPEN deposited one to one; ERC-20, ERC-2612, ERC-5805 and ERC-6372.
    Every function reverts `NotAvailable()` in this release; the interface is final.
"""

# error NotAvailable()

event Transfer:
    sender: indexed(address)
    to: indexed(address)
    amount: uint256

event Approval:
    owner: indexed(address)
    spender: indexed(address)
    amount: uint256

event DelegateChanged:
    delegator: indexed(address)
    fromDelegate: indexed(address)
    toDelegate: indexed(address)

event DelegateVotesChanged:
    delegate: indexed(address)
    previousVotes: uint256
    newVotes: uint256


@external
@payable
def deposit():
    raw_revert(method_id("NotAvailable()"))


@external
def withdraw(amount: uint256):
    raw_revert(method_id("NotAvailable()"))


@external
@view
def name() -> String[64]:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def symbol() -> String[64]:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def decimals() -> uint8:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def totalSupply() -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def balanceOf(account: address) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def allowance(owner: address, spender: address) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
def transfer(to: address, amount: uint256) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
def approve(spender: address, amount: uint256) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
def transferFrom(sender: address, to: address, amount: uint256) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
def permit(
    owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32,
):
    raw_revert(method_id("NotAvailable()"))


@external
@view
def nonces(owner: address) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def eip712Domain() -> (bytes1, String[64], String[64], uint256, address, bytes32, DynArray[uint256, 16]):
    raw_revert(method_id("NotAvailable()"))


@external
@view
def clock() -> uint48:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def CLOCK_MODE() -> String[64]:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def getVotes(account: address) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def getPastVotes(account: address, timepoint: uint256) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def getPastTotalSupply(timepoint: uint256) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def delegates(account: address) -> address:
    raw_revert(method_id("NotAvailable()"))


@external
def delegate(delegatee: address):
    raw_revert(method_id("NotAvailable()"))


@external
def delegateBySig(delegatee: address, nonce: uint256, expiry: uint256, v: uint8, r: bytes32, s: bytes32):
    raw_revert(method_id("NotAvailable()"))
