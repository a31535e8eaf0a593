"""L2ToL1MessagePasser, `0x4200…0016`: what leaves L2 (PROTOCOL.md section 11).

Assembled because withdrawal proofs look for `sentMessages[hash]` at keccak256(hash ++ 0), Solidity's order, where
Vyper would use keccak256(0 ++ hash). Slot 0 `sentMessages`, slot 1 the message counter.

A message's data is bounded by what OptimismPortal can prove on L1; a longer one would lock its value for ever.
"""

from __future__ import annotations

from contracts.assembled.contract import assembled

MAX_MESSAGE_DATA = 32_768
"""Bytes; OptimismPortal.vy and the messengers have the same bound."""

_SOURCE = f"""
    calldatasize iszero @receive jumpi
    4 calldatasize lt @fail jumpi
    0 calldataload 0xe0 shr
    dup1 $initiateWithdrawal(address,uint256,bytes) eq @initiate jumpi
    callvalue @fail jumpi
    dup1 $sentMessages(bytes32) eq @sent jumpi
    dup1 $messageNonce() eq @nonce jumpi
    dup1 $burn() eq @burn jumpi
    dup1 $MESSAGE_VERSION() eq @message_version jumpi
    dup1 $version() eq @version jumpi
fail:
    0 0 revert

sent:
    36 calldatasize lt @fail jumpi
    4 calldataload 0 mstore
    64 0 keccak256 sload 0 mstore 32 0 return

nonce:
    1 sload 1 240 shl or 0 mstore 32 0 return

message_version:
    1 0 mstore 32 0 return

version:                                     ; "1.2.0"
    32 0 mstore 5 32 mstore push5 0x312e322e30 216 shl 64 mstore 96 0 return

burn:                                        ; a child that destroys itself in its own creation burns its balance
    push2 0x30ff 0 mstore                    ; ADDRESS SELFDESTRUCT
    selfbalance 2 30 dup3 create iszero @fail jumpi
    %WithdrawerBalanceBurnt(uint256) 0 0 log2
    stop

too_large:
    $MessageDataTooLarge() 0xe0 shl 0 mstore 4 0 revert

initiate:                                    ; checks the ABI encoding as Solidity's decoder would
    100 calldatasize lt @fail jumpi
    4 calldataload dup1 160 shr @fail jumpi  ; target
    36 calldataload                          ; target gas
    68 calldataload                          ; target gas offset
    dup1 push8 0xffffffffffffffff lt @fail jumpi
    4 add
    dup1 32 add calldatasize lt @fail jumpi
    dup1 calldataload                        ; target gas position length
    dup1 {MAX_MESSAGE_DATA} lt @too_large jumpi
    swap1 32 add                             ; target gas length source
    dup2 dup2 add calldatasize lt @fail jumpi
    @pass jump

receive:
    caller 100000 0 0

pass:                                        ; target gas length source
    dup2 dup2 0xe0 calldatacopy pop
    dup1 0xc0 mstore                         ; abi.encode(nonce, sender, target, value, gas, data) from 0
    0xc0 0xa0 mstore
    dup2 0x80 mstore
    callvalue 0x60 mstore
    dup3 0x40 mstore
    caller 0x20 mstore
    1 sload dup1 1 240 shl or                ; target gas length counter nonce
    dup1 0 mstore
    swap1 1 add 1 sstore                     ; target gas length nonce
    swap1 31 add 31 not and                  ; target gas nonce padded
    dup1 0xe0 add 0 keccak256                ; target gas nonce padded hash
    dup1 0 mstore 0 0x20 mstore
    1 64 0 keccak256 sstore
    0xa0 mstore                              ; (value, gas, data, hash) from 0x40; length and data stay in place
    callvalue 0x40 mstore
    dup3 0x60 mstore
    0x80 0x80 mstore
    0xa0 add dup4 caller dup4                ; target gas nonce size target sender nonce
    %MessagePassed(uint256,address,address,uint256,uint256,bytes,bytes32)
    dup5 0x40 log4
    stop
"""

MESSAGE_PASSER = assembled(
    _SOURCE,
    declarations=(
        "event MessagePassed(uint256 indexed nonce, address indexed sender, address indexed target, "
        "uint256 value, uint256 gasLimit, bytes data, bytes32 withdrawalHash)",
        "event WithdrawerBalanceBurnt(uint256 indexed amount)",
        "error MessageDataTooLarge()",
        "function MESSAGE_VERSION() view returns (uint16)",
        "function burn()",
        "function initiateWithdrawal(address _target, uint256 _gasLimit, bytes _data) payable",
        "function messageNonce() view returns (uint256)",
        "function sentMessages(bytes32 _hash) view returns (bool)",
        "function version() view returns (string)",
        "receive() payable",
    ),
    layout={"sentMessages": ("mapping(bytes32 => bool)", 0), "msgNonce": ("uint240", 1)},
)
