# pragma version 0.4.3
"""
@title Wrapped OPEN
@notice The native coin as an ERC-20, one to one, with the ABI that tools know from WETH9.
"""

# error InsufficientBalance(uint256 balance, uint256 needed)
# error InsufficientAllowance(uint256 allowance, uint256 needed)
# receive() payable

event Approval:
    src: indexed(address)
    guy: indexed(address)
    wad: uint256

event Transfer:
    src: indexed(address)
    dst: indexed(address)
    wad: uint256

event Deposit:
    dst: indexed(address)
    wad: uint256

event Withdrawal:
    src: indexed(address)
    wad: uint256

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@external
@payable
def __default__():
    if len(msg.data) != 0:
        raw_revert(b"")
    self._deposit()


@external
@payable
def deposit():
    self._deposit()


@external
def withdraw(wad: uint256):
    self._debit(msg.sender, wad)
    log Withdrawal(src=msg.sender, wad=wad)
    raw_call(msg.sender, b"", value=wad)


@external
def approve(guy: address, wad: uint256) -> bool:
    self.allowance[msg.sender][guy] = wad
    log Approval(src=msg.sender, guy=guy, wad=wad)
    return True


@external
def transfer(dst: address, wad: uint256) -> bool:
    self._move(msg.sender, dst, wad)
    return True


@external
def transferFrom(src: address, dst: address, wad: uint256) -> bool:
    if src != msg.sender:
        allowed: uint256 = self.allowance[src][msg.sender]
        if allowed != max_value(uint256):
            if allowed < wad:
                raw_revert(
                    abi_encode(allowed, wad, method_id=method_id("InsufficientAllowance(uint256,uint256)"))
                )
            self.allowance[src][msg.sender] = allowed - wad
    self._move(src, dst, wad)
    return True


@external
@view
def totalSupply() -> uint256:
    return self.balance


@external
@pure
def name() -> String[16]:
    return "Wrapped OPEN"


@external
@pure
def symbol() -> String[8]:
    return "WOPEN"


@external
@pure
def decimals() -> uint8:
    return 18


@internal
@payable
def _deposit():
    self.balanceOf[msg.sender] += msg.value
    log Deposit(dst=msg.sender, wad=msg.value)


@internal
def _move(src: address, dst: address, wad: uint256):
    self._debit(src, wad)
    self.balanceOf[dst] += wad
    log Transfer(src=src, dst=dst, wad=wad)


@internal
def _debit(src: address, wad: uint256):
    balance: uint256 = self.balanceOf[src]
    if balance < wad:
        raw_revert(abi_encode(balance, wad, method_id=method_id("InsufficientBalance(uint256,uint256)")))
    self.balanceOf[src] = balance - wad
