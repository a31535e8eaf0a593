"""RLP: the yellow paper's examples, and everything that isn't the one canonical encoding."""

import pytest

from state.primitives import rlp
from state.primitives.rlp import RLPError

LOREM = b"Lorem ipsum dolor sit amet, consectetur adipisicing elit"

EXAMPLES = [
    (b"dog", "83646f67"),
    ([b"cat", b"dog"], "c88363617483646f67"),
    (b"", "80"),
    ([], "c0"),
    (b"\x00", "00"),
    (b"\x0f", "0f"),
    (b"\x04\x00", "820400"),
    (b"\x80", "8180"),
    ([[], [[]], [[], [[]]]], "c7c0c1c0c3c0c1c0"),
    (LOREM, "b838" + LOREM.hex()),
    (b"\xff" * 1024, "b90400" + "ff" * 1024),
    ([b"\xaa" * 55], "f838b7" + "aa" * 55),
]

NOT_CANONICAL = {
    "nothing": "",
    "a byte below 0x80 with a prefix": "8100",
    "a byte 0x7f with a prefix": "817f",
    "a long form for a short string": "b801ff",
    "a long form for 55 bytes": "b837" + "aa" * 55,
    "a long form for a short list": "f80180",
    "a length with a leading zero": "b90038" + "aa" * 56,
    "a string cut short": "83646f",
    "a list cut short": "c883636174",
    "a length cut short": "b9ff",
    "a length of 2^64 - 1": "bfffffffffffffffff",
    "a list of 2^64 - 1": "ffffffffffffffffff",
    "an item past its list's end": "c28361",
    "bytes behind the item": "8080",
    "bytes behind a list": "c000",
}


@pytest.mark.parametrize(("item", "encoded"), EXAMPLES)
def test_encodes_and_decodes_the_published_examples(item: rlp.Item, encoded: str) -> None:
    assert rlp.encode(item).hex() == encoded
    assert rlp.decode(bytes.fromhex(encoded)) == item


@pytest.mark.parametrize("encoded", NOT_CANONICAL.values(), ids=NOT_CANONICAL)
def test_refuses_what_is_not_canonical(encoded: str) -> None:
    with pytest.raises(RLPError):
        rlp.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize(("value", "encoded"), [(0, "80"), (1, "01"), (127, "7f"), (128, "8180"), (1024, "820400")])
def test_integers_have_no_leading_zeros(value: int, encoded: str) -> None:
    assert rlp.encode_int(value).hex() == encoded
    assert rlp.to_int(rlp.decode(bytes.fromhex(encoded))) == value


def test_refuses_integers_with_leading_zeros_or_too_many_bytes() -> None:
    with pytest.raises(RLPError, match="leading zeros"):
        rlp.to_int(b"\x00\x01")
    with pytest.raises(RLPError, match="too large: got 9"):
        rlp.to_int(b"\x01" * 9, max_bytes=8)


def test_refuses_the_wrong_kind_or_length_of_item() -> None:
    with pytest.raises(RLPError):
        rlp.to_int([])
    with pytest.raises(RLPError):
        rlp.to_bytes([])
    with pytest.raises(RLPError, match="got 3, expected 20"):
        rlp.to_bytes(b"abc", length=20)
    with pytest.raises(RLPError):
        rlp.to_list(b"")
    with pytest.raises(RLPError, match="got 1, expected 2"):
        rlp.to_list([b""], length=2)
    with pytest.raises(RLPError):
        rlp.decode_list(b"\x80")


def test_depth_is_bounded() -> None:
    def nested(depth: int) -> bytes:
        data = b"\xc0"
        for _ in range(depth):
            data = rlp.wrap_list(data)
        return data

    assert rlp.decode(nested(rlp.MAX_DEPTH)) is not None
    with pytest.raises(RLPError, match="deeper"):
        rlp.decode(nested(rlp.MAX_DEPTH + 1))
    with pytest.raises(RLPError):
        rlp.decode(b"\xf8\xff" * 1_000)
