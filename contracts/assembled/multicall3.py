"""Multicall3: many calls in one, with the ABI that tools find at `0xcA11…CA11`. L1 and L2 have it.

Assembled because calls and answers have no bound but gas, where Vyper would reserve memory for the longest of each.
The six aggregate functions differ in where a call keeps its data, whether it may fail, and what stands before the
results; they set these and share one loop.

Memory: 0x00 first call's head, 0x20 count, 0x40 index, 0x60 offset of a call's data pointer, 0x80 who may fail
(0 nobody, 1 everybody, 2 by the call's flag), 0xa0 1 if calls carry value, 0xc0 1 if answers are plain bytes,
0xe0 where free memory starts, 0x100 value spent, 0x120 where the answer starts, 0x200 number, hash, offset, count,
then heads and tails of the results.
"""

from __future__ import annotations

from contracts.assembled.contract import assembled

_VIEWS = {
    "getBasefee()": "basefee",
    "getBlockNumber()": "number",
    "getChainId()": "chainid",
    "getCurrentBlockCoinbase()": "coinbase",
    "getCurrentBlockDifficulty()": "prevrandao",
    "getCurrentBlockGasLimit()": "gaslimit",
    "getCurrentBlockTimestamp()": "timestamp",
    "getLastBlockHash()": "1 number sub blockhash",
    "getEthBalance(address)": "4 calldataload balance",
    "getBlockHash(uint256)": "4 calldataload blockhash",
}
_DISPATCH = "\n".join(f"    dup1 ${signature} eq @view{i} jumpi" for i, signature in enumerate(_VIEWS))
_ANSWERS = "\n".join(f"view{i}:\n    {code} @word jump" for i, code in enumerate(_VIEWS.values()))

_SOURCE = f"""
    4 calldatasize lt @fail jumpi
    0 calldataload 0xe0 shr
    0x240 0x120 mstore                       ; results alone: offset, count, …
    0x20 0x240 mstore
    dup1 $aggregate3((address,bool,bytes)[]) eq @aggregate3 jumpi
    dup1 $aggregate3Value((address,bool,uint256,bytes)[]) eq @aggregate3_value jumpi
    dup1 $tryAggregate(bool,(address,bytes)[]) eq @try_aggregate jumpi
    dup1 $aggregate((address,bytes)[]) eq @aggregate jumpi
    dup1 $tryBlockAndAggregate(bool,(address,bytes)[]) eq @try_block jumpi
    dup1 $blockAndAggregate((address,bytes)[]) eq @block_and jumpi
{_DISPATCH}
fail:
    0 0 revert

{_ANSWERS}
word:
    0 mstore 32 0 return

aggregate3:
    0x40 0x60 mstore 2 0x80 mstore
    4 @decode jump
aggregate3_value:
    0x60 0x60 mstore 2 0x80 mstore 1 0xa0 mstore
    4 @decode jump
try_aggregate:
    0x20 0x60 mstore 4 calldataload iszero 0x80 mstore
    36 @decode jump
aggregate:                                   ; (number, bytes[])
    0x20 0x60 mstore 1 0xc0 mstore
    number 0x220 mstore 0x40 0x240 mstore 0x220 0x120 mstore
    4 @decode jump
try_block:                                   ; (number, hash, results)
    4 calldataload iszero 0x80 mstore
    36 @with_block jump
block_and:
    4
with_block:
    0x20 0x60 mstore
    number 0x200 mstore number blockhash 0x220 mstore 0x60 0x240 mstore 0x200 0x120 mstore

decode:                                      ; where the array's offset is
    calldataload dup1 push8 0xffffffffffffffff lt @fail jumpi
    4 add dup1 32 add calldatasize lt @fail jumpi
    dup1 calldataload                        ; position count
    dup1 calldatasize lt @fail jumpi         ; a count beyond the calldata's bytes is nonsense
    dup1 0x20 mstore dup1 0x260 mstore
    5 shl 0x280 add 0xe0 mstore
    32 add 0 mstore

next:
    0x20 mload 0x40 mload eq @done jumpi
    0 mload 0x40 mload 5 shl dup2 add calldataload   ; base offset
    dup1 calldatasize lt @fail jumpi
    add                                      ; call
    dup1 0x60 mload add calldataload
    dup1 calldatasize lt @fail jumpi
    dup2 add                                 ; call data
    dup1 calldataload                        ; call data length
    dup1 calldatasize lt @fail jumpi
    dup1 dup3 32 add add calldatasize lt @fail jumpi
    dup1 dup3 32 add 0xe0 mload calldatacopy
    swap1 pop                                ; call length
    dup2 calldataload dup1 160 shr @fail jumpi       ; call length target
    0xa0 mload dup4 0x40 add calldataload mul        ; call length target value
    dup1 0x100 mload add dup1 0x100 mstore           ; call length target value spent
    dup2 swap1 lt @fail jumpi                        ; spent wrapped around
    0 0 dup5 0xe0 mload dup5 dup7 gas call           ; call length target value success
    swap3 pop pop pop                        ; call success
    dup1 @succeeded jumpi
    0x80 mload 2 eq iszero @by_mode jumpi
    dup2 32 add calldataload @succeeded jumpi
    @call_failed jump
by_mode:
    0x80 mload @succeeded jumpi
call_failed:
    $CallFailed(uint256) 0xe0 shl 0 mstore 0x40 mload 4 mstore 36 0 revert

succeeded:                                   ; call success
    0xe0 mload                               ; call success free
    0x280 dup2 sub 0x40 mload 5 shl 0x280 add mstore
    0xc0 mload @plain jumpi
    dup2 dup2 mstore
    0x40 dup2 32 add mstore
    64 add
plain:
    returndatasize dup2 mstore
    32 add                                   ; call success tail
    0 returndatasize dup3 add mstore         ; zeros after the answer: the call's data lay here
    returndatasize 0 dup3 returndatacopy
    returndatasize 31 add 31 not and add 0xe0 mstore
    pop pop
    0x40 mload 1 add 0x40 mstore
    @next jump

done:
    0xa0 mload iszero @answer jumpi
    callvalue 0x100 mload eq @answer jumpi
    $ValueMismatch(uint256,uint256) 0xe0 shl 0 mstore
    callvalue 4 mstore 0x100 mload 36 mstore 68 0 revert
answer:
    0x120 mload dup1 0xe0 mload sub swap1 return
"""

MULTICALL3 = assembled(
    _SOURCE,
    declarations=(
        "error CallFailed(uint256 index)",
        "error ValueMismatch(uint256 got, uint256 expected)",
        "function aggregate((address target, bytes callData)[] calls) payable "
        "returns (uint256 blockNumber, bytes[] returnData)",
        "function aggregate3((address target, bool allowFailure, bytes callData)[] calls) payable "
        "returns ((bool success, bytes returnData)[] returnData)",
        "function aggregate3Value((address target, bool allowFailure, uint256 value, bytes callData)[] calls) payable "
        "returns ((bool success, bytes returnData)[] returnData)",
        "function blockAndAggregate((address target, bytes callData)[] calls) payable "
        "returns (uint256 blockNumber, bytes32 blockHash, (bool success, bytes returnData)[] returnData)",
        "function getBasefee() view returns (uint256 basefee)",
        "function getBlockHash(uint256 blockNumber) view returns (bytes32 blockHash)",
        "function getBlockNumber() view returns (uint256 blockNumber)",
        "function getChainId() view returns (uint256 chainid)",
        "function getCurrentBlockCoinbase() view returns (address coinbase)",
        "function getCurrentBlockDifficulty() view returns (uint256 difficulty)",
        "function getCurrentBlockGasLimit() view returns (uint256 gaslimit)",
        "function getCurrentBlockTimestamp() view returns (uint256 timestamp)",
        "function getEthBalance(address addr) view returns (uint256 balance)",
        "function getLastBlockHash() view returns (bytes32 blockHash)",
        "function tryAggregate(bool requireSuccess, (address target, bytes callData)[] calls) payable "
        "returns ((bool success, bytes returnData)[] returnData)",
        "function tryBlockAndAggregate(bool requireSuccess, (address target, bytes callData)[] calls) payable "
        "returns (uint256 blockNumber, bytes32 blockHash, (bool success, bytes returnData)[] returnData)",
    ),
)
