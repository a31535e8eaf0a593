"""Headers of real chains hash to their block hashes."""

import dataclasses

import pytest

from state.blocks import EMPTY_OMMERS_HASH, EMPTY_REQUESTS_HASH, EMPTY_TRIE_ROOT, Header
from state.blocks.header import HeaderDecodeError
from state.primitives import rlp
from state.primitives.rlp import RLPError


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


ETHEREUM_23094898 = Header(
    parent_hash=octets("37b527c98c86436f292d4e19fac3aba6d8c7768684ea972f50adc305fd9a1475"),
    fee_recipient=octets("4838b106fce9647bdf1e7877bf73ce8b0bad5f97"),
    state_root=octets("5159c56472adff9a760275ac63524a71f5645ede822a5547dd9ad333586d5157"),
    transactions_root=octets("fb0b9f5b28bc927db98d82e18070d2b17434c31bd2773c5dd699e96fa76a34cd"),
    receipts_root=octets("2abab67c41b350435eb34f9dc0478dd7d262f35544cecf62a85af2da075bd38d"),
    logs_bloom=octets(
        "bf7bf1afcf57ea95fbb5c6fd8db37db9dbffec27cfc6a39b3417e7786defd7e3d6fd577ecddd5676eee8bf79df8faddcefa7e169def77f7e"
        "7d6dbbfd1dfef9aebd9e707b4c4ed979fda2cdeeb96b3bfed5d5fabb68ff9e7f2dfb075eff643a93feebbc07877f0dff66fedf4ede0fbcfb"
        "f56f98a1626eaed77ed4e6be388f162f9b2deeff1eefa93bdacbf3fbbd7b6757cddb7ae5b3f9b7af9c3bbff7e7f6ddef9f2dff7f17997ea6"
        "867675c29fcbe6bf725efbffe1507589bfd47a3bf7b6f5dfde50776fd94fe772d2c7b6b58baf554de55c176f27efa6fdcff7f17689bafa7f"
        "7c7bf4fd5fb9b05c2f4ed785f17ac9779feeaf1f5bbdadfc42ebad367fdcf7ad"
    ),
    number=0x1606672,
    gas_limit=0x2ACA2C9,
    gas_used=0x1C06043,
    timestamp=0x6895A93F,
    extra_data=octets("546974616e2028746974616e6275696c6465722e78797a29"),
    prev_randao=octets("7e53d2d6772895d024eb00da80213aec81fb4a15bec34a5a39403ad6162274af"),
    base_fee_per_gas=0x126F2347,
    withdrawals_root=octets("531480435633d56a52433b33f41ac9322f51a2df3364c4c112236fc6ac583118"),
    blob_gas_used=0x100000,
    parent_beacon_block_root=octets("d9ef51c8f4155f238ba66df0d35a4d0a6bb043c0dacb5c5dbd5a231bbd4c8a01"),
)
ETHEREUM_HASH = "e6064637def8a5a9a90c8a666005975e4a6c46acf8af57e1f2adb20dfced133a"

OP_MAINNET_151534212 = Header(
    parent_hash=octets("f9aac23d07a7983d7a89eb6d8142bdfafbf310aef860d6bea7d26def28820545"),
    fee_recipient=octets("4200000000000000000000000000000000000011"),
    state_root=octets("ac5b500a4a48312cfc55d1e219eaf7c315e23a41132b90aed2cea01c21963b9d"),
    transactions_root=octets("a56fffcc8384271957700fa4023a4a4b7b412596ed52b6522ecc7e3e0ff1e047"),
    receipts_root=octets("68900de2a05f1b3c98d8494114ab16907c9e5545b95272eb5194f990d0626419"),
    logs_bloom=octets(
        "4872328010200000000118820a104000088120ca700030009a84060048c37b00050810003004000000400090250031026044014004022600"
        "060801604024004100000000004c20ca2028200943a850a20c848212010c00b0285243002400000134000040020508403000004109001d00"
        "01020002080da4041140c11208881c0c002405030800040060210200800804000104948005210000000000562e8000108282400098400000"
        "0080000004b000002000004000d80008009f0140804008c4011018020830000124009e0c004a008098c00510218003084000800022206400"
        "051c0e0900b410002840000a020823202080088040c4088804024000000108a0"
    ),
    number=0x9083A84,
    gas_limit=0x2625A00,
    gas_used=0xC091F0,
    timestamp=0x6A044EC1,
    extra_data=octets("01000000fa000000020000000000000000"),
    prev_randao=octets("b7e417a24558626d905d7ba4244a530feb5dfe3c1133a6f2a40042592edbf6cb"),
    base_fee_per_gas=0x186,
    withdrawals_root=octets("ebb725766294094628aad41b7ed015b5b9e246018e22a07b9a4c5418f8c19fd0"),
    blob_gas_used=0x337BB0,
    parent_beacon_block_root=octets("12a26f129e4b1094abe3c40313df0bcff65f2271b8927797eb72fb67a4bf79b2"),
)
"""A block after Jovian, whose header has the same 21 fields."""
OP_MAINNET_HASH = "e8f38578b756a9fd05ca05dcbe56fd57ce72e9fb06a90e5064562baccf7c7a6e"

REAL = {"Ethereum": (ETHEREUM_23094898, ETHEREUM_HASH), "OP Mainnet": (OP_MAINNET_151534212, OP_MAINNET_HASH)}


@pytest.mark.parametrize(("header", "block_hash"), REAL.values(), ids=REAL)
def test_real_headers_hash_to_their_block_hash(header: Header, block_hash: str) -> None:
    assert header.hash.hex() == block_hash


@pytest.mark.parametrize(("header", "block_hash"), REAL.values(), ids=REAL)
def test_real_headers_survive_their_bytes(header: Header, block_hash: str) -> None:
    assert Header.decode(header.encode()) == header


def test_constants_are_the_hashes_of_nothing() -> None:
    assert EMPTY_TRIE_ROOT.hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert EMPTY_OMMERS_HASH.hex() == "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
    assert EMPTY_REQUESTS_HASH.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(Header)])
def test_every_field_is_hashed(field: str) -> None:
    value = getattr(ETHEREUM_23094898, field)
    other = value + 1 if isinstance(value, int) else value[:-1] + bytes((value[-1] ^ 1,))
    assert dataclasses.replace(ETHEREUM_23094898, **{field: other}).hash != ETHEREUM_23094898.hash


def altered(index: int, item: rlp.Item) -> bytes:
    items = rlp.decode_list(ETHEREUM_23094898.encode())
    items[index] = item  # type: ignore[call-overload]
    return rlp.encode(items)


MALFORMED = {
    "20 fields": rlp.encode(rlp.decode_list(ETHEREUM_23094898.encode())[:20]),
    "22 fields": rlp.encode([*rlp.decode_list(ETHEREUM_23094898.encode()), b""]),
    "a short parent hash": altered(0, b"\x01" * 31),
    "a short bloom": altered(6, bytes(255)),
    "a number of 9 bytes": altered(8, b"\x01" * 9),
    "33 bytes of extra data": altered(12, bytes(33)),
    "a nonce of 7": altered(14, bytes(7)),
    "a base fee with a leading zero": altered(15, b"\x00\x01"),
    "a list for a hash": altered(20, []),
    "a string": b"\x80",
    "nothing": b"",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_refuses_malformed_headers(data: bytes) -> None:
    with pytest.raises((HeaderDecodeError, RLPError)):
        Header.decode(data)
