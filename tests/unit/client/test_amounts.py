"""Amounts of OPEN: exact both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.amounts import MAX_WEI, format_open, parse_open
from client.errors import BadInput


@given(st.integers(0, MAX_WEI))
def test_what_is_printed_is_read_back_to_the_wei(wei: int) -> None:
    assert parse_open(format_open(wei)) == wei
    assert parse_open(f"{wei}wei") == wei


@pytest.mark.parametrize(
    ("text", "wei"),
    [
        ("1", 10**18),
        ("0.1", 10**17),
        ("0.000000000000000001", 1),
        (" 2.50 ", 25 * 10**17),
        ("7 wei", 7),
        ("1_000", 10**21),
    ],
)
def test_amounts_that_people_write(text: str, wei: int) -> None:
    assert parse_open(text) == wei


@pytest.mark.parametrize(
    "text",
    ["", "-1", "1e3", ".5", "1.", "0.0000000000000000001", "1,5", "one", "nan", "0x10", "٣", "1 OPEN", str(2**256)],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no amount"):
        parse_open(text)


def test_negative_differences_are_shown() -> None:
    assert format_open(-5 * 10**17) == "-0.5"
