"""Each site that a test starts has a database of its own, though all are copies of one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import site_database


@pytest.fixture
def directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Of two sites."""
    monkeypatch.setenv("DATABASE_URL", "")
    directories = [tmp_path / "one", tmp_path / "other"]
    for directory in directories:
        directory.mkdir()
        site_database.make(site_database.new_url(directory))
    return directories


def ask(directory: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(directory / "site.sqlite3")) as connection, connection:
        return connection.execute(question).fetchall()


def test_every_copy_is_whole_and_filled(directories: list[Path]) -> None:
    for directory in directories:
        assert ask(directory, "PRAGMA integrity_check") == [("ok",)]
        assert ask(directory, "PRAGMA journal_mode") == [("wal",)]
        assert ("teacher",) in ask(directory, "SELECT username FROM auth_user")
        assert ask(directory, "SELECT count(*) FROM vestnik_chat_message")[0] >= (500,)


def test_what_is_written_to_one_is_not_in_another_nor_in_the_next(directories: list[Path], tmp_path: Path) -> None:
    one, other = directories
    ask(one, "UPDATE auth_user SET username = 'somebody' WHERE username = 'teacher'")
    (tmp_path / "next").mkdir()
    site_database.make(site_database.new_url(tmp_path / "next"))
    for directory in (other, tmp_path / "next"):
        assert ("teacher",) in ask(directory, "SELECT username FROM auth_user")
