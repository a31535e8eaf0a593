"""The contract that wallets deploy: it counts, tells the count and emits an event."""

from typing import Any, Final

from contracts.assembler import assemble, creation_code

RUNTIME: Final = assemble(
    """
    0 calldataload 0xe0 shr $increment() eq @increment jumpi
    0 calldataload 0xe0 shr $count() eq @count jumpi
    0 0 revert
    count: 0 sload 0 mstore 32 0 return
    increment: 1 0 sload add dup1 0 sstore 0 mstore
    caller %Counted(address,uint256) 32 0 log2 32 0 return
    """
)
CODE: Final = "0x" + creation_code(RUNTIME).hex()
_NUMBER: Final = [{"name": "", "type": "uint256"}]
ABI: Final[list[dict[str, Any]]] = [
    {"type": "function", "name": "count", "inputs": [], "outputs": _NUMBER, "stateMutability": "view"},
    {"type": "function", "name": "increment", "inputs": [], "outputs": _NUMBER, "stateMutability": "nonpayable"},
    {
        "type": "event",
        "name": "Counted",
        "anonymous": False,
        "inputs": [
            {"name": "who", "type": "address", "indexed": True},
            {"name": "count", "type": "uint256", "indexed": False},
        ],
    },
]
