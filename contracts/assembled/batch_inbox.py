"""BatchInbox on L1: takes calldata from SystemConfig's batcher only and commits to it.

Derivation reads transactions, never this contract's events (DESIGN.md section 4); the commitment is for people and
explorers. Whatever the batcher sends is a batch, whole, so its hash is keccak256(calldata) at any length. Everybody
else may only read.
"""

from __future__ import annotations

from contracts.assembled.contract import assembled

_SOURCE = """
    $batcherHash() 0xe0 shl 0 mstore
    32 0 4 0 0 sload gas staticcall iszero @fail jumpi
    32 returndatasize lt @fail jumpi
    0 mload caller eq @batch jumpi

    callvalue @fail jumpi
    4 calldatasize lt @not_batcher jumpi
    0 calldataload 0xe0 shr
    dup1 $batchCount() eq @batch_count jumpi
    dup1 $systemConfig() eq @system_config jumpi
    dup1 $version() eq @version jumpi
not_batcher:
    $NotBatcher() 0xe0 shl 0 mstore 4 0 revert
fail:
    0 0 revert

batch_count:
    1 sload 0 mstore 32 0 return
system_config:
    0 sload 0 mstore 32 0 return
version:                                     ; "1.0.0"
    32 0 mstore 5 32 mstore push5 0x312e302e30 216 shl 64 mstore 96 0 return

batch:
    callvalue @fail jumpi
    calldatasize 0 0 calldatacopy
    calldatasize 0 keccak256 0 mstore
    1 sload dup1 1 add 1 sstore              ; index
    %BatchCommitment(uint256,bytes32) 32 0 log2
    stop
"""

BATCH_INBOX = assembled(
    _SOURCE,
    argument_slots=(0,),
    declarations=(
        "event BatchCommitment(uint256 indexed index, bytes32 commitment)",
        "error NotBatcher()",
        "function batchCount() view returns (uint256)",
        "function systemConfig() view returns (address)",
        "function version() view returns (string)",
    ),
    layout={"systemConfig": ("address", 0), "batchCount": ("uint256", 1)},
)
