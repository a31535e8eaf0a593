# pragma version 0.4.3
"""
@title Timelock
@license Apache-2.0
@notice OpenZeppelin 5's TimelockController: its functions, ids, states and events.
    Every function reverts `NotAvailable()` in this release; the interface is final.
"""

# error NotAvailable()

event CallScheduled:
    id: indexed(bytes32)
    index: indexed(uint256)
    target: address
    amount: uint256
    data: Bytes[1024]
    predecessor: bytes32
    delay: uint256

event CallExecuted:
    id: indexed(bytes32)
    index: indexed(uint256)
    target: address
    amount: uint256
    data: Bytes[1024]

event CallSalt:
    id: indexed(bytes32)
    salt: bytes32

event Cancelled:
    id: indexed(bytes32)

event MinDelayChange:
    oldDuration: uint256
    newDuration: uint256

event RoleGranted:
    role: indexed(bytes32)
    account: indexed(address)
    sender: indexed(address)

event RoleRevoked:
    role: indexed(bytes32)
    account: indexed(address)
    sender: indexed(address)


@external
@view
def DEFAULT_ADMIN_ROLE() -> bytes32:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def PROPOSER_ROLE() -> bytes32:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def EXECUTOR_ROLE() -> bytes32:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def CANCELLER_ROLE() -> bytes32:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def hasRole(role: bytes32, account: address) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def getRoleAdmin(role: bytes32) -> bytes32:
    raw_revert(method_id("NotAvailable()"))


@external
def grantRole(role: bytes32, account: address):
    raw_revert(method_id("NotAvailable()"))


@external
def revokeRole(role: bytes32, account: address):
    raw_revert(method_id("NotAvailable()"))


@external
def renounceRole(role: bytes32, callerConfirmation: address):
    raw_revert(method_id("NotAvailable()"))


@external
@view
def supportsInterface(interfaceId: bytes4) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def isOperation(id: bytes32) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def isOperationPending(id: bytes32) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def isOperationReady(id: bytes32) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def isOperationDone(id: bytes32) -> bool:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def getTimestamp(id: bytes32) -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def getOperationState(id: bytes32) -> uint8:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def getMinDelay() -> uint256:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def hashOperation(
    target: address, amount: uint256, data: Bytes[1024], predecessor: bytes32, salt: bytes32,
) -> bytes32:
    raw_revert(method_id("NotAvailable()"))


@external
@view
def hashOperationBatch(
    targets: DynArray[address, 16], amounts: DynArray[uint256, 16], payloads: DynArray[Bytes[4096], 16], predecessor: bytes32, salt: bytes32,
) -> bytes32:
    raw_revert(method_id("NotAvailable()"))


@external
def schedule(
    target: address, amount: uint256, data: Bytes[1024], predecessor: bytes32, salt: bytes32, delay: uint256,
):
    raw_revert(method_id("NotAvailable()"))


@external
def scheduleBatch(
    targets: DynArray[address, 16], amounts: DynArray[uint256, 16], payloads: DynArray[Bytes[4096], 16], predecessor: bytes32, salt: bytes32, delay: uint256,
):
    raw_revert(method_id("NotAvailable()"))


@external
def cancel(id: bytes32):
    raw_revert(method_id("NotAvailable()"))


@external
@payable
def execute(target: address, amount: uint256, payload: Bytes[1024], predecessor: bytes32, salt: bytes32):
    raw_revert(method_id("NotAvailable()"))


@external
@payable
def executeBatch(
    targets: DynArray[address, 16], amounts: DynArray[uint256, 16], payloads: DynArray[Bytes[4096], 16], predecessor: bytes32, salt: bytes32,
):
    raw_revert(method_id("NotAvailable()"))


@external
def updateDelay(newDelay: uint256):
    raw_revert(method_id("NotAvailable()"))
