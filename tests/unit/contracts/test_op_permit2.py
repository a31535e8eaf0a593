"""Permit2: allowances and signed transfers, single and batched, signed by eth_account like any wallet."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_abi.exceptions import EncodingError
from eth_account import Account
from eth_hash.auto import keccak

from contracts.addresses import PERMIT2, PERMIT2_LOGIC, WRAPPED_OPEN
from contracts.artifacts import artifact
from contracts.assembled.permit2 import OVERLOADS
from contracts.signatures import canonical_signature, selector
from tests.unit.contracts.harness import Contract, Evm, Reverted, canonical_type

OWNER = Account.from_key(b"\x11" * 32)
OWNER_ADDRESS = bytes.fromhex(OWNER.address[2:])
SPENDER, RECEIVER = b"\x5e" * 20, b"\x4e" * 20
TOKEN = WRAPPED_OPEN
FOREVER = 2**48 - 1

DETAILS = [
    {"name": "token", "type": "address"}, {"name": "amount", "type": "uint160"},
    {"name": "expiration", "type": "uint48"}, {"name": "nonce", "type": "uint48"},
]  # fmt: skip
PERMISSIONS = [{"name": "token", "type": "address"}, {"name": "amount", "type": "uint256"}]
TAIL = [
    {"name": "spender", "type": "address"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]


class Permit2(Contract):
    """Overloaded functions are told apart by their whole signature."""

    def data(self, name: str, *arguments: Any) -> bytes:
        for entry in self.artifact.abi:
            if entry["type"] == "function" and name in (entry["name"], canonical_signature(entry)):
                types = [canonical_type(parameter) for parameter in entry["inputs"]]
                try:
                    return selector(entry) + encode(types, arguments)
                except EncodingError:  # another overload fits
                    continue
        raise AssertionError(f"no {name} fits")


@pytest.fixture
def permit2(evm: Evm) -> Permit2:
    evm.place(PERMIT2, artifact("Permit2").runtime)
    evm.place(PERMIT2_LOGIC, artifact("Permit2Logic").runtime)
    evm.place(TOKEN, artifact("WrappedOpen").runtime)
    evm.fund(OWNER_ADDRESS, 10**18)
    token = Contract(evm, artifact("WrappedOpen"), TOKEN)
    token.send("deposit", value=1_000, sender=OWNER_ADDRESS)
    token.send("approve", PERMIT2, 2**256 - 1, sender=OWNER_ADDRESS)
    return Permit2(evm, artifact("Permit2"), PERMIT2)


def received(permit2: Permit2) -> int:
    return Contract(permit2.evm, artifact("WrappedOpen"), TOKEN).call("balanceOf", RECEIVER)


def sign(kind: str, fields: list[dict[str, str]], types: dict[str, Any], message: dict[str, Any]) -> bytes:
    domain = {"name": "Permit2", "chainId": 900, "verifyingContract": "0x" + PERMIT2.hex()}
    full = {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"}, {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            kind: fields, **types,
        },
        "primaryType": kind, "domain": domain, "message": message,
    }  # fmt: skip
    return bytes(OWNER.sign_typed_data(full_message=full).signature)


def details(nonce: int = 0, amount: int = 100, expiration: int = FOREVER) -> dict[str, Any]:
    return {"token": "0x" + TOKEN.hex(), "amount": amount, "expiration": expiration, "nonce": nonce}


def permit_single(nonce: int = 0, deadline: int = FOREVER, amount: int = 100) -> tuple[tuple[Any, ...], bytes]:
    fields = [
        {"name": "details", "type": "PermitDetails"}, {"name": "spender", "type": "address"},
        {"name": "sigDeadline", "type": "uint256"},
    ]  # fmt: skip
    message = {"details": details(nonce, amount), "spender": "0x" + SPENDER.hex(), "sigDeadline": deadline}
    signature = sign("PermitSingle", fields, {"PermitDetails": DETAILS}, message)
    return ((TOKEN, amount, FOREVER, nonce), SPENDER, deadline), signature


def test_approval_lets_the_spender_take_up_to_the_amount(permit2: Permit2) -> None:
    outcome = permit2.send("approve", TOKEN, SPENDER, 100, FOREVER, sender=OWNER_ADDRESS)
    [event] = permit2.events(outcome, "Approval")
    assert (event["amount"], event["expiration"]) == (100, FOREVER)
    permit2.send("transferFrom", OWNER_ADDRESS, RECEIVER, 60, TOKEN, sender=SPENDER)
    assert permit2.call("allowance", OWNER_ADDRESS, TOKEN, SPENDER) == (40, FOREVER, 0)
    permit2.reverts("InsufficientAllowance", "transferFrom", OWNER_ADDRESS, RECEIVER, 41, TOKEN, sender=SPENDER)
    permit2.send(
        "transferFrom", [(OWNER_ADDRESS, RECEIVER, 15, TOKEN), (OWNER_ADDRESS, RECEIVER, 25, TOKEN)], sender=SPENDER
    )
    assert received(permit2) == 100


def test_unlimited_allowance_stays_and_an_expired_one_ends(permit2: Permit2) -> None:
    unlimited = 2**160 - 1
    permit2.send("approve", TOKEN, SPENDER, unlimited, 0, sender=OWNER_ADDRESS)
    permit2.send("transferFrom", OWNER_ADDRESS, RECEIVER, 5, TOKEN, sender=SPENDER)
    now = permit2.evm.timestamp
    assert permit2.call("allowance", OWNER_ADDRESS, TOKEN, SPENDER) == (unlimited, now, 0)
    permit2.evm.at(timestamp=now + 1)
    permit2.reverts("AllowanceExpired", "transferFrom", OWNER_ADDRESS, RECEIVER, 5, TOKEN, sender=SPENDER)


def test_signed_permit_sets_an_allowance_once(permit2: Permit2) -> None:
    permit, signature = permit_single()
    permit2.send("permit", OWNER_ADDRESS, permit, signature)
    assert permit2.call("allowance", OWNER_ADDRESS, TOKEN, SPENDER) == (100, FOREVER, 1)
    permit2.reverts("InvalidNonce", "permit", OWNER_ADDRESS, permit, signature)
    compact = compact_signature(permit_single(nonce=1, amount=7)[1])
    permit2.send("permit", OWNER_ADDRESS, permit_single(nonce=1, amount=7)[0], compact)
    assert permit2.call("allowance", OWNER_ADDRESS, TOKEN, SPENDER) == (7, FOREVER, 2)


def compact_signature(signature: bytes) -> bytes:
    """EIP-2098."""
    s = int.from_bytes(signature[32:64], "big") | (signature[64] - 27) << 255
    return signature[:32] + s.to_bytes(32, "big")


def test_permit_refuses_late_foreign_and_malformed_signatures(permit2: Permit2) -> None:
    permit, signature = permit_single()
    late, late_signature = permit_single(deadline=permit2.evm.timestamp - 1)
    permit2.reverts("SignatureExpired", "permit", OWNER_ADDRESS, late, late_signature)
    permit2.reverts("InvalidSigner", "permit", RECEIVER, permit, signature)
    permit2.reverts("InvalidSignatureLength", "permit", OWNER_ADDRESS, permit, signature[:63])
    permit2.reverts("InvalidSignature", "permit", OWNER_ADDRESS, permit, bytes(65))


def test_batch_permit_covers_each_of_its_details(permit2: Permit2) -> None:
    other = b"\x77" * 20
    fields = [
        {"name": "details", "type": "PermitDetails[]"}, {"name": "spender", "type": "address"},
        {"name": "sigDeadline", "type": "uint256"},
    ]  # fmt: skip
    second = {**details(amount=9), "token": "0x" + other.hex()}
    message = {"details": [details(), second], "spender": "0x" + SPENDER.hex(), "sigDeadline": FOREVER}
    signature = sign("PermitBatch", fields, {"PermitDetails": DETAILS}, message)
    batch = ([(TOKEN, 100, FOREVER, 0), (other, 9, FOREVER, 0)], SPENDER, FOREVER)
    permit2.send("permit", OWNER_ADDRESS, batch, signature)
    assert permit2.call("allowance", OWNER_ADDRESS, TOKEN, SPENDER)[0] == 100
    assert permit2.call("allowance", OWNER_ADDRESS, other, SPENDER)[0] == 9


def test_signed_transfer_spends_its_nonce_bit(permit2: Permit2) -> None:
    fields = [{"name": "permitted", "type": "TokenPermissions"}, *TAIL]
    message = {
        "permitted": {"token": "0x" + TOKEN.hex(), "amount": 50}, "spender": "0x" + SPENDER.hex(), "nonce": 259,
        "deadline": FOREVER,
    }  # fmt: skip
    signature = sign("PermitTransferFrom", fields, {"TokenPermissions": PERMISSIONS}, message)
    permit = ((TOKEN, 50), 259, FOREVER)
    arguments = ("permitTransferFrom", permit, (RECEIVER, 30), OWNER_ADDRESS, signature)
    permit2.reverts(
        "InvalidAmount", "permitTransferFrom", permit, (RECEIVER, 51), OWNER_ADDRESS, signature, sender=SPENDER
    )
    permit2.reverts("InvalidSigner", *arguments, sender=RECEIVER)
    permit2.send(*arguments, sender=SPENDER)
    assert received(permit2) == 30
    assert permit2.call("nonceBitmap", OWNER_ADDRESS, 1) == 1 << 3
    permit2.reverts("InvalidNonce", *arguments, sender=SPENDER)


def test_signed_batch_transfer_pays_each_and_skips_zero(permit2: Permit2) -> None:
    fields = [{"name": "permitted", "type": "TokenPermissions[]"}, *TAIL]
    permitted = [{"token": "0x" + TOKEN.hex(), "amount": amount} for amount in (5, 6)]
    message = {"permitted": permitted, "spender": "0x" + SPENDER.hex(), "nonce": 0, "deadline": FOREVER}
    signature = sign("PermitBatchTransferFrom", fields, {"TokenPermissions": PERMISSIONS}, message)
    permit = ([(TOKEN, 5), (TOKEN, 6)], 0, FOREVER)
    permit2.reverts(
        "LengthMismatch", "permitTransferFrom", permit, [(RECEIVER, 5)], OWNER_ADDRESS, signature, sender=SPENDER
    )
    permit2.send("permitTransferFrom", permit, [(RECEIVER, 5), (RECEIVER, 0)], OWNER_ADDRESS, signature, sender=SPENDER)
    assert received(permit2) == 5


@pytest.mark.parametrize("batch", [False, True])
def test_witness_binds_the_callers_struct(permit2: Permit2, batch: bool) -> None:
    order = [{"name": "salt", "type": "uint256"}]
    fields = [
        {"name": "permitted", "type": "TokenPermissions[]" if batch else "TokenPermissions"}, *TAIL,
        {"name": "witness", "type": "Order"},
    ]  # fmt: skip
    one = {"token": "0x" + TOKEN.hex(), "amount": 5}
    message = {
        "permitted": [one] if batch else one, "spender": "0x" + SPENDER.hex(), "nonce": 0, "deadline": FOREVER,
        "witness": {"salt": 9},
    }  # fmt: skip
    kind = "PermitBatchWitnessTransferFrom" if batch else "PermitWitnessTransferFrom"
    signature = sign(kind, fields, {"TokenPermissions": PERMISSIONS, "Order": order}, message)
    witness = keccak(keccak(b"Order(uint256 salt)") + (9).to_bytes(32, "big"))
    suffix = "Order witness)Order(uint256 salt)TokenPermissions(address token,uint256 amount)"
    permit = (([(TOKEN, 5)] if batch else (TOKEN, 5)), 0, FOREVER)
    to = [(RECEIVER, 4)] if batch else (RECEIVER, 4)
    function = "permitWitnessTransferFrom"
    permit2.reverts("InvalidSigner", function, permit, to, OWNER_ADDRESS, bytes(32), suffix, signature, sender=SPENDER)
    permit2.send(function, permit, to, OWNER_ADDRESS, witness, suffix, signature, sender=SPENDER)
    assert received(permit2) == 4


def test_owner_takes_allowances_and_nonces_back(permit2: Permit2) -> None:
    permit2.send("approve", TOKEN, SPENDER, 100, FOREVER, sender=OWNER_ADDRESS)
    permit2.send("lockdown", [(TOKEN, SPENDER)], sender=OWNER_ADDRESS)
    assert permit2.call("allowance", OWNER_ADDRESS, TOKEN, SPENDER)[0] == 0
    permit2.send("invalidateNonces", TOKEN, SPENDER, 5, sender=OWNER_ADDRESS)
    permit2.reverts("InvalidNonce", "invalidateNonces", TOKEN, SPENDER, 5, sender=OWNER_ADDRESS)
    permit2.reverts("ExcessiveInvalidation", "invalidateNonces", TOKEN, SPENDER, 65_541, sender=OWNER_ADDRESS)
    permit2.send("invalidateUnorderedNonces", 0, 0b101, sender=OWNER_ADDRESS)
    assert permit2.call("nonceBitmap", OWNER_ADDRESS, 0) == 0b101


# Answers ERC-1271's magic value to anything.
AGREEABLE = bytes.fromhex("631626ba7e60e01b5f5260205ff3")


@pytest.mark.parametrize(("code", "agrees"), [(AGREEABLE, True), (bytes.fromhex("60205ff3"), False)])
def test_contract_owners_answer_for_their_signatures(permit2: Permit2, code: bytes, agrees: bool) -> None:
    wallet = permit2.evm.place(b"\x3a" * 20, code)
    permit, _ = permit_single()
    if agrees:
        permit2.send("permit", wallet, permit, b"anything")
        assert permit2.call("allowance", wallet, TOKEN, SPENDER)[0] == 100
    else:
        permit2.reverts("InvalidContractSignature", "permit", wallet, permit, b"anything")


def test_transfer_of_a_token_that_is_none_fails(permit2: Permit2) -> None:
    permit2.send("approve", b"\x88" * 20, SPENDER, 100, FOREVER, sender=OWNER_ADDRESS)
    arguments = (OWNER_ADDRESS, RECEIVER, 1, b"\x88" * 20)
    permit2.reverts("TransferFailed", "transferFrom", *arguments, sender=SPENDER)


def test_front_knows_every_function_of_the_logic(permit2: Permit2) -> None:
    front = {selector(e) for e in artifact("Permit2").abi if e["type"] == "function"}
    batches = {selector(signature) for signature in OVERLOADS}
    logic = {selector(e): e["name"] for e in artifact("Permit2Logic").abi if e["type"] == "function"}
    assert {name for s, name in logic.items() if s not in front} == set(OVERLOADS.values())
    assert front - set(logic) == batches
    for kind in ("event", "error"):
        ours = {canonical_signature(e) for e in artifact("Permit2").abi if e["type"] == kind}
        assert ours == {canonical_signature(e) for e in artifact("Permit2Logic").abi if e["type"] == kind}
    with pytest.raises(Reverted):
        permit2.evm.send(PERMIT2, b"\x01\x02\x03")
