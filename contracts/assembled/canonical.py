"""Code that EIPs and tools name byte for byte: data, not ours to write differently.

* BeaconRoots: EIP-4788, at `0x000F3df6…Beac02`.
* HistoryStorage: EIP-2935, at `0x0000F908…2935`.
* Create2Deployer: the deterministic deployment proxy at `0x4e59b448…956C`; some tools compare its code hash.
"""

from __future__ import annotations

from contracts.assembled.contract import AssembledContract
from contracts.assembler import creation_code

_BEACON_ROOTS = bytes.fromhex(
    "3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff8106908154"
    "14603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500"
)
_HISTORY_STORAGE = bytes.fromhex(
    "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff814303116042"
    "57611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
)
_CREATE2_DEPLOYER = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039"
    "578182fd5b8082525050506014600cf3"
)


def _canonical(runtime: bytes) -> AssembledContract:
    return AssembledContract(runtime=runtime, creation=creation_code(runtime), declarations=())


BEACON_ROOTS = _canonical(_BEACON_ROOTS)
HISTORY_STORAGE = _canonical(_HISTORY_STORAGE)
CREATE2_DEPLOYER = _canonical(_CREATE2_DEPLOYER)
