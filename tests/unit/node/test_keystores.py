"""Key files: hexadecimal or encrypted, and what is said about those that can't be used."""

import json
import stat
from pathlib import Path

import pytest
from eth_account import Account
from structlog.testing import capture_logs

from node.errors import StartupError
from node.files import load_key
from node.keystores import encrypt, read_password, write_secret

KEY = bytes(range(1, 33))


@pytest.fixture(scope="module")
def keystore() -> str:
    return encrypt(KEY, "open sesame")


def secret(path: Path, text: str) -> Path:
    write_secret(path, text)
    return path


def test_a_keystore_and_its_password_file_give_the_key(keystore: str, tmp_path: Path) -> None:
    password = secret(tmp_path / "password", "open sesame\n")
    assert load_key(secret(tmp_path / "key.json", keystore), password) == KEY


def test_a_keystore_is_one_that_others_read(keystore: str) -> None:
    assert json.loads(keystore)["version"] == 3
    assert bytes(Account.decrypt(json.loads(keystore), "open sesame")) == KEY


def test_a_wrong_password_is_told_with_both_files(keystore: str, tmp_path: Path) -> None:
    path, password = secret(tmp_path / "key.json", keystore), secret(tmp_path / "password", "close sesame")
    with pytest.raises(StartupError, match=r"key\.json can't be opened with the password in .*password"):
        load_key(path, password)


def test_a_keystore_without_a_password_file_names_the_flag(keystore: str, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="--keystore-password"):
        load_key(secret(tmp_path / "key.json", keystore))


@pytest.mark.parametrize(("text", "problem"), [(None, "can't be read"), ("", "is empty"), ("\n", "is empty")])
def test_a_password_file_that_is_missing_or_empty_is_told(text: str | None, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "password"
    if text is not None:
        secret(path, text)
    with pytest.raises(StartupError, match=problem):
        read_password(path)


@pytest.mark.parametrize("text", ["{", "{}", '{"version": 3}', '{"version": 3, "crypto": {"kdf": "none"}}', "{]"])
def test_a_malformed_keystore_is_told(text: str, tmp_path: Path) -> None:
    password = secret(tmp_path / "password", "x")
    with pytest.raises(StartupError, match=r"keystore .*key\.json is malformed"):
        load_key(secret(tmp_path / "key.json", text), password)


def test_a_keystore_of_another_version_is_told(keystore: str, tmp_path: Path) -> None:
    text = json.dumps(json.loads(keystore) | {"version": 4})
    with pytest.raises(StartupError, match="has version 4: expected 3"):
        load_key(secret(tmp_path / "key.json", text), secret(tmp_path / "password", "x"))


@pytest.mark.parametrize("text", ["", "0x12", "zz" * 32, "00" * 33])
def test_what_is_no_key_is_told(text: str, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="expected 64 hexadecimal digits"):
        load_key(secret(tmp_path / "key", text))


def test_secrets_that_others_may_read_are_logged_and_used(tmp_path: Path) -> None:
    path = secret(tmp_path / "key", KEY.hex())
    with capture_logs() as logs:
        assert load_key(path) == KEY
    assert logs == []
    path.chmod(0o640)
    with capture_logs() as logs:
        assert load_key(path) == KEY
    assert [(entry["event"], entry["mode"], entry["log_level"]) for entry in logs] == [
        ("node.secret_is_open", "640", "warning")
    ]


def test_a_secret_is_for_its_owner_and_never_overwritten(tmp_path: Path) -> None:
    path = secret(tmp_path / "new" / "key", "first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(StartupError, match="never overwritten"):
        write_secret(path, "second")
    assert path.read_text() == "first"
