"""The admin secret's file."""

import os
import stat
from pathlib import Path

import pytest
import structlog

from node.administration.secret import admin_secret, read_secret
from node.errors import StartupError


def test_secret_is_made_for_its_owner_only_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "admin.jwt"
    before = os.umask(0)
    try:
        secret = admin_secret(path)
    finally:
        os.umask(before)
    assert len(secret) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert admin_secret(path) == secret == read_secret(path)


def test_secret_of_an_operators_own_is_taken_with_or_without_0x(tmp_path: Path) -> None:
    path = tmp_path / "jwt.hex"
    for text in ("ab" * 32, "0x" + "ab" * 32 + "\n"):
        path.write_text(text)
        path.chmod(0o600)
        assert admin_secret(path) == b"\xab" * 32


@pytest.mark.parametrize("text", ["", "ab", "ab" * 31, "zz" * 32, "ab" * 33])
def test_malformed_secret_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "jwt.hex"
    path.write_text(text)
    with pytest.raises(StartupError, match="expected 64 hexadecimal digits"):
        admin_secret(path)


def test_secret_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="can't be written"):
        admin_secret(tmp_path / "nowhere" / "jwt.hex")


def test_secret_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "jwt.hex"
    path.write_text("ab" * 32)
    path.chmod(0o644)
    with structlog.testing.capture_logs() as events:
        admin_secret(path)
    assert [event["event"] for event in events] == ["node.admin_secret_readable"]
