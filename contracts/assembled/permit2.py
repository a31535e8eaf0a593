"""Permit2 at its usual address: the selectors that tools call, in front of `Permit2Logic`.

Permit2 overloads four names for batches and Vyper has no overloading. The front exchanges the four selectors for
those of the logic's `…Batch` functions, leaves everything else as it is, and delegates; storage and the EIP-712 domain
are this address's own. It has no admin and can't be upgraded.
"""

from __future__ import annotations

from contracts.addresses import PERMIT2_LOGIC, to_hex
from contracts.assembled.contract import assembled

_DETAILS = "(address,uint160,uint48,uint48)"
_ALLOWED = "(address,uint256)"
_TRANSFER = "(address,uint256)"

OVERLOADS = {
    f"permit(address,({_DETAILS}[],address,uint256),bytes)": "permitBatch",
    "transferFrom((address,address,uint160,address)[])": "transferFromBatch",
    f"permitTransferFrom(({_ALLOWED}[],uint256,uint256),{_TRANSFER}[],address,bytes)": "permitTransferFromBatch",
    f"permitWitnessTransferFrom(({_ALLOWED}[],uint256,uint256),{_TRANSFER}[],address,bytes32,string,bytes)": (
        "permitWitnessTransferFromBatch"
    ),
}
"""Overloaded signature → name of the logic's function with the same arguments."""


def _logic_signature(signature: str, name: str) -> str:
    return name + signature[signature.index("(") :]


_TESTS = "\n".join(f"    dup1 ${signature} eq @batch{i} jumpi" for i, signature in enumerate(OVERLOADS))
_EXCHANGES = "\n".join(
    f"batch{i}:\n    pop ${_logic_signature(signature, name)} @delegate jump"
    for i, (signature, name) in enumerate(OVERLOADS.items())
)

_SOURCE = f"""
    4 calldatasize lt @fail jumpi
    0 calldataload 0xe0 shr
{_TESTS}
delegate:                                    ; selector
    calldatasize 0 0 calldatacopy
    0xe0 shl 0 mload push4 0xffffffff 0xe0 shl not and or 0 mstore
    0 0 calldatasize 0 push20 {to_hex(PERMIT2_LOGIC)} gas delegatecall
    returndatasize 0 0 returndatacopy
    @delegated jumpi
    returndatasize 0 revert
delegated:
    returndatasize 0 return

fail:
    0 0 revert

{_EXCHANGES}
"""

_DETAILS_NAMED = "(address token, uint160 amount, uint48 expiration, uint48 nonce)"
_TRANSFER_NAMED = "(address to, uint256 requestedAmount)"
_PERMITTED_NAMED = "(address token, uint256 amount)"

PERMIT2 = assembled(
    _SOURCE,
    declarations=(
        "event Approval(address indexed owner, address indexed token, address indexed spender, "
        "uint160 amount, uint48 expiration)",
        "event Lockdown(address indexed owner, address token, address spender)",
        "event NonceInvalidation(address indexed owner, address indexed token, address indexed spender, "
        "uint48 newNonce, uint48 oldNonce)",
        "event Permit(address indexed owner, address indexed token, address indexed spender, "
        "uint160 amount, uint48 expiration, uint48 nonce)",
        "event UnorderedNonceInvalidation(address indexed owner, uint256 word, uint256 mask)",
        "error AllowanceExpired(uint256 deadline)",
        "error ExcessiveInvalidation()",
        "error InsufficientAllowance(uint256 amount)",
        "error InvalidAmount(uint256 maxAmount)",
        "error InvalidContractSignature()",
        "error InvalidNonce()",
        "error InvalidSignature()",
        "error InvalidSignatureLength()",
        "error InvalidSigner()",
        "error LengthMismatch()",
        "error SignatureExpired(uint256 signatureDeadline)",
        "error TransferFailed()",
        "function DOMAIN_SEPARATOR() view returns (bytes32)",
        "function allowance(address user, address token, address spender) view "
        "returns (uint160 amount, uint48 expiration, uint48 nonce)",
        "function approve(address token, address spender, uint160 amount, uint48 expiration)",
        "function invalidateNonces(address token, address spender, uint48 newNonce)",
        "function invalidateUnorderedNonces(uint256 wordPos, uint256 mask)",
        "function lockdown((address token, address spender)[] approvals)",
        "function nonceBitmap(address owner, uint256 word) view returns (uint256)",
        f"function permit(address owner, ({_DETAILS_NAMED} details, address spender, uint256 sigDeadline) "
        "permitSingle, bytes signature)",
        f"function permit(address owner, ({_DETAILS_NAMED}[] details, address spender, uint256 sigDeadline) "
        "permitBatch, bytes signature)",
        f"function permitTransferFrom(({_PERMITTED_NAMED} permitted, uint256 nonce, uint256 deadline) permit, "
        f"{_TRANSFER_NAMED} transferDetails, address owner, bytes signature)",
        f"function permitTransferFrom(({_PERMITTED_NAMED}[] permitted, uint256 nonce, uint256 deadline) permit, "
        f"{_TRANSFER_NAMED}[] transferDetails, address owner, bytes signature)",
        f"function permitWitnessTransferFrom(({_PERMITTED_NAMED} permitted, uint256 nonce, uint256 deadline) permit, "
        f"{_TRANSFER_NAMED} transferDetails, address owner, bytes32 witness, "
        "string witnessTypeString, bytes signature)",
        f"function permitWitnessTransferFrom(({_PERMITTED_NAMED}[] permitted, uint256 nonce, uint256 deadline) permit, "
        f"{_TRANSFER_NAMED}[] transferDetails, address owner, bytes32 witness, "
        "string witnessTypeString, bytes signature)",
        "function transferFrom(address from, address to, uint160 amount, address token)",
        "function transferFrom((address from, address to, uint160 amount, address token)[] transferDetails)",
    ),
)
