"""Raw transactions that no block may hold: refused with -32000 in geth's words, and forgotten."""

from collections.abc import Callable
from typing import Any, Final

import pytest
import rlp
from eth_account import Account
from eth_keys import keys

from state.primitives.crypto import keccak256
from tests.e2e.network.devnets import wait_for
from tests.hostile.target import Target, call, code_of

ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
CHAIN: Final = 161_299
RICH, POOR, REPLACER, QUEUER = 5, b"\x91" * 32, 6, 7
TO: Final = b"\x99" * 20
FEES: Final[dict[str, int]] = {"tip": 10**9, "cap": 10**11}

Fields = dict[str, Any]


def key_of(target: Target, who: int | bytes) -> keys.PrivateKey:
    """Of a devnet account by number, or of a given secret."""
    return keys.PrivateKey(who if isinstance(who, bytes) else bytes.fromhex(_devnet_key(target, who)))


def _devnet_key(target: Target, index: int) -> str:
    text: str = target.devnet.description["accounts"][index]["privateKey"]
    return text.removeprefix("0x")


def nonce_of(target: Target, who: int | bytes) -> int:
    """The next one, the pool's transactions counted."""
    address = key_of(target, who).public_key.to_address()
    return int(target.result("eth_getTransactionCount", address, "pending"), 16)


def dynamic(target: Target, who: int | bytes, **changes: Any) -> list[Any]:
    """The unsigned fields of a type-2 transaction."""
    fields: Fields = {
        "chain": CHAIN,
        "nonce": None,
        **FEES,
        "gas": 21_000,
        "to": TO,
        "value": 0,
        "data": b"",
        "list": [],
    }
    fields |= changes
    if fields["nonce"] is None:
        fields["nonce"] = nonce_of(target, who)
    return [fields[name] for name in ("chain", "nonce", "tip", "cap", "gas", "to", "value", "data", "list")]


def seal(kind: int, fields: list[Any], key: keys.PrivateKey) -> bytes:
    """The typed transaction's bytes, signed."""
    prefix = bytes([kind])
    signature = key.sign_msg_hash(keccak256(prefix + rlp.encode(fields)))
    return prefix + rlp.encode([*fields, signature.v, signature.r, signature.s])


def made(target: Target, who: int | bytes = RICH, **changes: Any) -> bytes:
    """A signed type-2 transaction."""
    return seal(2, dynamic(target, who, **changes), key_of(target, who))


def send(target: Target, raw: bytes) -> Any:
    """The whole answer."""
    return target.ask(call("eth_sendRawTransaction", "0x" + raw.hex()))


def refused(target: Target, raw: bytes) -> str:
    """Why the transaction was not taken."""
    answer = send(target, raw)
    assert code_of(answer) == -32000, answer
    return str(answer["error"]["message"])


def _legacy(target: Target, chain: int | None, **changes: Any) -> bytes:
    fields = {
        "nonce": nonce_of(target, RICH),
        "price": 10**11,
        "gas": 21_000,
        "to": TO,
        "value": 0,
        "data": b"",
    } | changes
    values = [fields[name] for name in ("nonce", "price", "gas", "to", "value", "data")]
    replay = [] if chain is None else [chain, 0, 0]
    signature = key_of(target, RICH).sign_msg_hash(keccak256(rlp.encode([*values, *replay])))
    v = signature.v + (27 if chain is None else 35 + 2 * chain)
    return bytes(rlp.encode([*values, v, signature.r, signature.s]))


def _signed_with(target: Target, change: Callable[[int, int, int], tuple[int, int, int]]) -> bytes:
    fields = dynamic(target, RICH)
    signature = key_of(target, RICH).sign_msg_hash(keccak256(b"\x02" + rlp.encode(fields)))
    return b"\x02" + bytes(rlp.encode([*fields, *change(signature.v, signature.r, signature.s)]))


def _set_code(target: Target, authorizations: Any, to: bytes = TO) -> bytes:
    fields = [*dynamic(target, RICH, gas=200_000, to=to), authorizations]
    return seal(4, fields, key_of(target, RICH))


def _blob(target: Target) -> bytes:
    fields = [*dynamic(target, RICH), 10**9, [b"\x01" + bytes(31)]]
    return seal(3, fields, key_of(target, RICH))


def _access(target: Target, entries: Any) -> bytes:
    return made(target, gas=100_000, list=entries)


AUTHORIZATION: Final = [CHAIN, TO, 0, 0, 1, 1]
ENTRY: Final = [TO, [bytes(32)]]

REFUSED: Final[dict[str, tuple[Callable[[Target], bytes], str]]] = {
    "wrong chain": (lambda t: made(t, chain=1), "invalid chain id for signer: have 1 want 161299"),
    "chain zero": (lambda t: made(t, chain=0), "invalid chain id"),
    "legacy of another chain": (lambda t: _legacy(t, 1), "invalid chain id"),
    "high s": (lambda t: _signed_with(t, lambda v, r, s: (1 - v, r, ORDER - s)), "invalid transaction v, r, s values"),
    "zero r": (lambda t: _signed_with(t, lambda v, r, s: (v, 0, s)), "invalid transaction v, r, s values"),
    "zero s": (lambda t: _signed_with(t, lambda v, r, s: (v, r, 0)), "invalid transaction v, r, s values"),
    "r of the order": (lambda t: _signed_with(t, lambda v, r, s: (v, ORDER, s)), "invalid transaction v, r, s values"),
    "parity two": (lambda t: _signed_with(t, lambda v, r, s: (2, r, s)), ""),
    "r that is on no curve": (lambda t: _signed_with(t, lambda v, r, s: (v, 5, s)), ""),
    "r of 33 bytes": (lambda t: _signed_with(t, lambda v, r, s: (v, 2**257, s)), "integer too large"),
    "trailing byte": (lambda t: made(t) + b"\0", ""),
    "trailing transaction": (lambda t: made(t) * 2, ""),
    "cut off": (lambda t: made(t)[:-1], ""),
    "cut to its type": (lambda t: b"\x02", ""),
    "nothing": (lambda t: b"", ""),
    "unknown type 5": (lambda t: b"\x05" + made(t)[1:], "transaction type not supported"),
    "unknown type 7f": (lambda t: b"\x7f" + made(t)[1:], "transaction type not supported"),
    "no deposit": (lambda t: b"\x7e" + made(t)[1:], "wrong number of items"),
    "deposit that mints": (
        lambda t: b"\x7e" + bytes(rlp.encode([bytes(32), TO, TO, 10**24, 0, 10**6, 0, b""])), "type not supported"
    ),
    "blob": (_blob, "transaction type not supported"),
    "below intrinsic gas": (lambda t: made(t, gas=20_999), "intrinsic gas too low"),
    "no gas": (lambda t: made(t, gas=0), "intrinsic gas too low"),
    "below the calldata floor": (lambda t: made(t, gas=40_000, data=b"\xff" * 1_000), "floor data gas"),
    "gas above the block's": (lambda t: made(t, gas=2**63), "exceeds block gas limit"),
    "gas of 2^64": (lambda t: made(t, gas=2**64), "integer too large"),
    "tip above cap": (lambda t: made(t, tip=10**12), "max priority fee per gas higher than max fee per gas"),
    "cap of 2^256": (lambda t: made(t, cap=2**256), "integer too large"),
    "value of 2^256": (lambda t: made(t, value=2**256), "integer too large"),
    "nonce of 2^64 - 1": (lambda t: made(t, nonce=2**64 - 1), "nonce has max value"),
    "nonce of 2^64": (lambda t: made(t, nonce=2**64), "integer too large"),
    "no funds at all": (lambda t: made(t, POOR), "insufficient funds for gas * price + value"),
    "value that nobody has": (lambda t: made(t, value=2**255), "insufficient funds for gas * price + value"),
    "fees that nobody has": (lambda t: made(t, cap=2**240, tip=2**240), "insufficient funds for gas * price + value"),
    "oversized initcode": (lambda t: made(t, to=b"", gas=10**7, data=bytes(49_153)), "max initcode size exceeded"),
    "oversized data": (lambda t: made(t, gas=10**7, data=bytes(200_000)), "oversized data"),
    "address of 19 bytes": (lambda t: made(t, to=TO[1:]), "wrong string length"),
    "address of 21 bytes": (lambda t: made(t, to=TO + b"\0"), "wrong string length"),
    "access list that is text": (lambda t: _access(t, b"list"), "expected an RLP list"),
    "access list of addresses": (lambda t: _access(t, [TO]), "expected an RLP list"),
    "access list with a short key": (lambda t: _access(t, [[TO, [bytes(31)]]]), "wrong string length"),
    "access list with three members": (lambda t: _access(t, [[*ENTRY, b""]]), "wrong number of items"),
    "access list that gas does not pay": (lambda t: _access(t, [ENTRY] * 100), "intrinsic gas too low"),
    "set code without authorizations": (lambda t: _set_code(t, []), "empty auth list"),
    "set code that creates": (lambda t: _set_code(t, [AUTHORIZATION], b""), ""),
    "authorizations that are text": (lambda t: _set_code(t, b"list"), "expected an RLP list"),
    "authorization with five members": (lambda t: _set_code(t, [AUTHORIZATION[:5]]), "wrong number of items"),
    "authorization with a long parity": (lambda t: _set_code(t, [[CHAIN, TO, 0, 256, 1, 1]]), "integer too large"),
    "authorizations that gas does not pay": (lambda t: _set_code(t, [AUTHORIZATION] * 50), "intrinsic gas too low"),
    "leading zero in a number": (
        lambda t: b"\x02" + bytes(rlp.encode([*dynamic(t, RICH, value=b"\0\1"), 0, 1, 1])), "leading zeros"
    ),
    "a list for a number": (
        lambda t: b"\x02" + bytes(rlp.encode([*dynamic(t, RICH, value=[]), 0, 1, 1])), "expected an RLP integer"
    ),
    "eight members": (lambda t: b"\x02" + bytes(rlp.encode(dynamic(t, RICH)[:8])), "wrong number of items"),
    "no list": (lambda t: b"\x02" + bytes(rlp.encode(b"transaction")), "expected an RLP list"),
    "length of a list that is not there": (lambda t: b"\x02\xfb\xff\xff\xff\xff", "runs past the input"),
    "length of 2^64": (lambda t: b"\x02\xff" + b"\xff" * 8, "runs past the input"),
    "lists in lists": (lambda t: b"\x02" + b"\xc1" * 100_000 + b"\xc0", "runs past the input"),
    "legacy list of nothing": (lambda t: b"\xc0", "wrong number of items"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_impossible_transaction_is_refused_in_geths_words(target: Target, name: str) -> None:
    make, words = REFUSED[name]
    before = nonce_of(target, RICH)
    assert words in refused(target, make(target))
    assert nonce_of(target, RICH) == before, "nothing of it is in the pool"


def test_nonces_of_the_past_are_too_low_and_far_ones_stay_queued(target: Target) -> None:
    included(target, send(target, made(target, QUEUER))["result"])
    first = nonce_of(target, QUEUER)
    waiting = send(target, made(target, QUEUER, nonce=first + 5))["result"]
    assert "already known" in refused(target, _again(target, waiting))
    assert "nonce too low" in refused(target, made(target, QUEUER, nonce=0, value=1))
    answers = [send(target, made(target, QUEUER, nonce=first + 6 + n)) for n in range(80)]
    codes = [code_of(answer) for answer in answers]
    assert codes.count(0) <= 64, "as many wait as an account may have waiting"
    assert set(codes) <= {0, -32000}
    assert nonce_of(target, QUEUER) == first


def included(target: Target, transaction: str) -> dict[str, Any]:
    """The transaction's receipt, once there is one."""
    receipt: dict[str, Any] = wait_for(lambda: target.result("eth_getTransactionReceipt", transaction), "a receipt")
    return receipt


def _again(target: Target, transaction: str) -> bytes:
    return bytes.fromhex(target.result("eth_getRawTransactionByHash", transaction)[2:])


@pytest.mark.parametrize(
    "changes", [{"cap": 10**12}, {"tip": 9 * 10**9}, {"value": 1}, {"cap": 105 * 10**9, "tip": 105 * 10**7}]
)
def test_a_replacement_pays_a_tenth_more_of_both_fees(target: Target, changes: dict[str, int]) -> None:
    nonce = nonce_of(target, REPLACER) + 3  # waits in the queue, so that no block takes it in between
    send(target, made(target, REPLACER, nonce=nonce))
    assert "replacement transaction underpriced" in refused(target, made(target, REPLACER, nonce=nonce, **changes))


def test_unprotected_and_protected_legacy_transactions_are_told_apart(target: Target) -> None:
    assert code_of(send(target, _legacy(target, CHAIN))) == 0


def test_half_a_million_random_bytes_are_no_transaction(target: Target) -> None:
    noise = b"".join(keccak256(n.to_bytes(4, "big")) for n in range(2**14))
    assert "oversized data" in refused(target, b"\xf9" + noise)


def test_a_good_transaction_still_goes_through(target: Target) -> None:
    account = Account.from_key(_devnet_key(target, RICH))
    answer = send(target, made(target))
    assert "result" in answer, answer
    receipt = included(target, answer["result"])
    assert receipt["status"] == "0x1"
    assert receipt["from"] == account.address.lower()
