"""Accounts as people name them on a command line, and what is said when they mistype."""

from pathlib import Path

import pytest

from client.chain import Chain
from client.errors import BadInput
from client.keys import address_of, devnet_account, load_key

SECRET = "0x" + "7b" * 32


def test_account_is_named_by_address_key_file_or_devnet_number(tmp_path: Path) -> None:
    expected = devnet_account(3).address
    file = tmp_path / "a.key"
    file.write_text("0x" + bytes(devnet_account(3).key).hex() + "\n")
    assert [address_of(who) for who in (expected, expected.lower(), "dev:3", str(file))] == [expected] * 4


@pytest.mark.parametrize("typed", ["0xzz", "0x12", "0x90f79bf6EB2c4f870365E785982E1f101E93b906"])
def test_mistyped_address_is_called_one_and_not_a_missing_file(typed: str) -> None:
    with pytest.raises(BadInput, match=f"'{typed}' is no address"):
        address_of(typed)


@pytest.mark.parametrize("typed", [SECRET, SECRET.removeprefix("0x")])
def test_private_key_on_the_command_line_is_refused_and_not_repeated(typed: str) -> None:
    for read in (load_key, address_of):
        with pytest.raises(BadInput, match="takes a file") as refused:
            read(typed)
        assert "7b7b" not in str(refused.value)


@pytest.mark.parametrize("url", ["localhost:8545", "ws://127.0.0.1:8545", ""])
def test_url_that_is_none_is_told_from_a_node_that_is_down(url: str) -> None:
    with pytest.raises(BadInput, match="expected http://HOST:PORT"):
        Chain(url)
