"""The EIP-1967 proxy in front of every OPEN predeploy.

Transparent: five administrative functions answer the admin (and callers without an address, so that `eth_call`
can read them); everything else, and everybody else, is delegated to the implementation. Its two words lie at the
EIP's slots, far from any variable of an implementation. Genesis writes both; a deployment passes (admin,
implementation) to the constructor.
"""

from __future__ import annotations

from contracts.assembled.contract import assembled

IMPLEMENTATION_SLOT = 0x360894A13BA1A3210667C828492DB98DCA3E2076CC3735A920A3CA505D382BBC
"""keccak256("eip1967.proxy.implementation") − 1."""
ADMIN_SLOT = 0xB53127684A568B3173AE13B9F8A6016E243E63B6E8EE1178D6A717850B5D6103
"""keccak256("eip1967.proxy.admin") − 1."""

_SOURCE = f"""
    {ADMIN_SLOT:#x} sload caller eq caller iszero or @admin_call jumpi
delegate:
    calldatasize 0 0 calldatacopy
    {IMPLEMENTATION_SLOT:#x} sload
    dup1 iszero @not_initialized jumpi
    0 0 calldatasize 0 dup5 gas delegatecall
    returndatasize 0 0 returndatacopy
    @delegated jumpi
    returndatasize 0 revert
delegated:
    returndatasize 0 return

admin_call:
    4 calldatasize lt @delegate jumpi
    0 calldataload 0xe0 shr
    dup1 $upgradeTo(address) eq @upgrade jumpi
    dup1 $upgradeToAndCall(address,bytes) eq @upgrade_and_call jumpi
    dup1 $changeAdmin(address) eq @change_admin jumpi
    dup1 $admin() eq @admin jumpi
    dup1 $implementation() eq @implementation jumpi
    @delegate jump

fail:
    0 0 revert
not_initialized:
    $ProxyNotInitialized() 0xe0 shl 0 mstore 4 0 revert
no_code:
    $ImplementationHasNoCode() 0xe0 shl 0 mstore 4 0 revert

admin:
    callvalue @fail jumpi
    {ADMIN_SLOT:#x} sload 0 mstore 32 0 return
implementation:
    callvalue @fail jumpi
    {IMPLEMENTATION_SLOT:#x} sload 0 mstore 32 0 return

change_admin:
    callvalue @fail jumpi
    @admin_changed @address_argument jump
admin_changed:                               ; new
    {ADMIN_SLOT:#x} sload 0 mstore
    dup1 32 mstore
    {ADMIN_SLOT:#x} sstore
    %AdminChanged(address,address) 64 0 log1
    stop

upgrade:
    callvalue @fail jumpi
    @upgraded @set_implementation jump
upgraded:
    stop

upgrade_and_call:
    @call_new @set_implementation jump
call_new:
    68 calldatasize lt @fail jumpi
    36 calldataload                          ; offset
    dup1 push8 0xffffffffffffffff lt @fail jumpi
    4 add
    dup1 32 add calldatasize lt @fail jumpi
    dup1 calldataload                        ; position length
    dup1 push8 0xffffffffffffffff lt @fail jumpi
    swap1 32 add                             ; length source
    dup2 dup2 add calldatasize lt @fail jumpi
    dup2 swap1 0 calldatacopy                ; length
    0 0 swap2 0                              ; 0 0 length 0
    {IMPLEMENTATION_SLOT:#x} sload gas delegatecall
    returndatasize 0 64 returndatacopy       ; answered as bytes: offset, length, data
    @called jumpi
    returndatasize 64 revert
called:
    32 0 mstore returndatasize 32 mstore
    returndatasize 31 add 31 not and 64 add 0 return

set_implementation:                          ; return address below
    @checked @address_argument jump
checked:                                     ; back new
    dup1 extcodesize iszero @no_code jumpi
    dup1 {IMPLEMENTATION_SLOT:#x} sstore
    %Upgraded(address) 0 0 log2
    jump

address_argument:                            ; back -> back's frame gets the checked first argument
    36 calldatasize lt @fail jumpi
    4 calldataload dup1 160 shr @fail jumpi
    swap1 jump
"""

PROXY = assembled(
    _SOURCE,
    argument_slots=(ADMIN_SLOT, IMPLEMENTATION_SLOT),
    declarations=(
        "event AdminChanged(address previousAdmin, address newAdmin)",
        "event Upgraded(address indexed implementation)",
        "error ImplementationHasNoCode()",
        "error ProxyNotInitialized()",
        "function admin() view returns (address)",
        "function changeAdmin(address _admin)",
        "function implementation() view returns (address)",
        "function upgradeTo(address _implementation)",
        "function upgradeToAndCall(address _implementation, bytes _data) payable returns (bytes)",
    ),
    layout={"implementation": ("address", IMPLEMENTATION_SLOT), "admin": ("address", ADMIN_SLOT)},
)
