"""Prague's opcodes as tracers show them: geth's name, what each takes from the stack and puts there, its fixed gas.

The gas is what is charged whatever the operands are; it is looked up only where an opcode failed before it was paid.
Source: geth's instruction set for Prague; yellow paper appendix H.
"""

from typing import Final

STOP, SLOAD, SSTORE, RETURN, REVERT, SELFDESTRUCT = 0x00, 0x54, 0x55, 0xF3, 0xFD, 0xFF
CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2, STATICCALL = 0xF0, 0xF1, 0xF2, 0xF4, 0xF5, 0xFA
BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH = 0x31, 0x3B, 0x3C, 0x3F
CALLS: Final = frozenset((CALL, CALLCODE, DELEGATECALL, STATICCALL))
CREATIONS: Final = frozenset((CREATE, CREATE2))
FRAME_OPCODES: Final = CALLS | CREATIONS | {SELFDESTRUCT}
"""Those that begin a frame, or look like one to tracers."""

_ROWS: Final = """
00 STOP 0 0 0           01 ADD 2 1 3            02 MUL 2 1 5            03 SUB 2 1 3            04 DIV 2 1 5
05 SDIV 2 1 5           06 MOD 2 1 5            07 SMOD 2 1 5           08 ADDMOD 3 1 8         09 MULMOD 3 1 8
0a EXP 2 1 0            0b SIGNEXTEND 2 1 5     10 LT 2 1 3             11 GT 2 1 3             12 SLT 2 1 3
13 SGT 2 1 3            14 EQ 2 1 3             15 ISZERO 1 1 3         16 AND 2 1 3            17 OR 2 1 3
18 XOR 2 1 3            19 NOT 1 1 3            1a BYTE 2 1 3           1b SHL 2 1 3            1c SHR 2 1 3
1d SAR 2 1 3            20 KECCAK256 2 1 30     30 ADDRESS 0 1 2        31 BALANCE 1 1 100      32 ORIGIN 0 1 2
33 CALLER 0 1 2         34 CALLVALUE 0 1 2      35 CALLDATALOAD 1 1 3   36 CALLDATASIZE 0 1 2   37 CALLDATACOPY 3 0 3
38 CODESIZE 0 1 2       39 CODECOPY 3 0 3       3a GASPRICE 0 1 2       3b EXTCODESIZE 1 1 100  3c EXTCODECOPY 4 0 100
3d RETURNDATASIZE 0 1 2 3e RETURNDATACOPY 3 0 3 3f EXTCODEHASH 1 1 100  40 BLOCKHASH 1 1 20     41 COINBASE 0 1 2
42 TIMESTAMP 0 1 2      43 NUMBER 0 1 2         44 DIFFICULTY 0 1 2     45 GASLIMIT 0 1 2       46 CHAINID 0 1 2
47 SELFBALANCE 0 1 5    48 BASEFEE 0 1 2        49 BLOBHASH 1 1 3       4a BLOBBASEFEE 0 1 2    50 POP 1 0 2
51 MLOAD 1 1 3          52 MSTORE 2 0 3         53 MSTORE8 2 0 3        54 SLOAD 1 1 0          55 SSTORE 2 0 0
56 JUMP 1 0 8           57 JUMPI 2 0 10         58 PC 0 1 2             59 MSIZE 0 1 2          5a GAS 0 1 2
5b JUMPDEST 0 0 1       5c TLOAD 1 1 100        5d TSTORE 2 0 100       5e MCOPY 3 0 3          5f PUSH0 0 1 2
a0 LOG0 2 0 0           a1 LOG1 3 0 0           a2 LOG2 4 0 0           a3 LOG3 5 0 0           a4 LOG4 6 0 0
f0 CREATE 3 1 32000     f1 CALL 7 1 100         f2 CALLCODE 7 1 100     f3 RETURN 2 0 0         f4 DELEGATECALL 6 1 100
f5 CREATE2 4 1 32000    fa STATICCALL 6 1 100   fd REVERT 2 0 0         fe INVALID 0 0 0        ff SELFDESTRUCT 1 0 5000
"""
_NAMES: Final = [f"opcode {value:#x} not defined" for value in range(256)]
_TAKES: Final = bytearray(256)
_GIVES: Final = bytearray(256)
_GAS: Final = [0] * 256


def _define(value: int, name: str, takes: int, gives: int, gas: int) -> None:
    _NAMES[value], _TAKES[value], _GIVES[value], _GAS[value] = name, takes, gives, gas


def _read_rows() -> None:
    words = _ROWS.split()
    for start in range(0, len(words), 5):
        value, name, takes, gives, gas = words[start : start + 5]
        _define(int(value, 16), name, int(takes), int(gives), int(gas))
    for size in range(1, 33):
        _define(0x5F + size, f"PUSH{size}", 0, 1, 3)
    for depth in range(1, 17):
        _define(0x7F + depth, f"DUP{depth}", depth, depth + 1, 3)
        _define(0x8F + depth, f"SWAP{depth}", depth + 1, depth + 1, 3)


_read_rows()
NAMES: Final = tuple(_NAMES)
"""By opcode; what is no opcode is named as geth names it."""
TAKES: Final = bytes(_TAKES)
"""Stack items that an opcode needs."""
GIVES: Final = bytes(_GIVES)
"""Stack items there instead of those that it took."""
FIXED_GAS: Final = tuple(_GAS)
