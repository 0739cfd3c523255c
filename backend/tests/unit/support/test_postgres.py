"""The private PostgreSQL server: it is durable, private, gone afterwards, and plain about its absence."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.support import postgres
from tests.support.postgres import PostgresNotFound, PostgresServer, binaries_directory, run_with_postgres

BACKEND = Path(__file__).resolve().parents[3]

try:
    binaries_directory()
    HAS_POSTGRES = True
except PostgresNotFound:
    HAS_POSTGRES = False

needs_postgres = pytest.mark.skipif(not HAS_POSTGRES, reason="no PostgreSQL on this machine")


def fake_binaries(directory: Path, version: str) -> None:
    directory.mkdir()
    for name in ("initdb", "postgres", "pg_isready", "createdb"):
        program = directory / name
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)


def test_without_postgresql_one_reads_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(postgres, "_candidates", lambda: [Path("/nonexistent")])
    assert run_with_postgres(["true"]) == 3
    assert capsys.readouterr().err == ("No PostgreSQL 15 or later was found. Install it: apt-get install postgresql\n")


def test_versions_that_are_too_old_are_passed_over_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_binaries(tmp_path / "old", "13.4 (Debian 13.4-1)")
    fake_binaries(tmp_path / "new", "17.2")
    monkeypatch.setattr(postgres, "_candidates", lambda: [tmp_path / "old"])
    with pytest.raises(PostgresNotFound, match=f"only version 13 in {tmp_path}/old"):
        binaries_directory()
    monkeypatch.setattr(postgres, "_candidates", lambda: [tmp_path / "old", tmp_path / "new"])
    assert binaries_directory() == tmp_path / "new"


def test_without_a_command_one_reads_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert postgres.main(["--"]) == 2
    assert "usage" in capsys.readouterr().err


@needs_postgres
def test_the_command_gets_a_durable_database_and_its_exit_code_comes_back() -> None:
    program = (
        "import os, sys, psycopg\n"
        "with psycopg.connect(os.environ['DATABASE_URL']) as connection:\n"
        "    for setting in ('fsync', 'full_page_writes', 'synchronous_commit', 'server_encoding'):\n"
        "        print(connection.execute(f'SHOW {setting}').fetchone()[0])\n"
        "    print(connection.execute('SHOW data_directory').fetchone()[0])\n"
        "sys.exit(7)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.postgres", "--", sys.executable, "-c", program],
        cwd=BACKEND,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    *settings, directory = done.stdout.splitlines()
    assert settings == ["on", "on", "on", "UTF8"]
    assert not Path(directory).exists()


@needs_postgres
def test_a_server_lets_nobody_in_without_its_password() -> None:
    with PostgresServer() as server:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url.replace(server.password, "wrong"))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)


@needs_postgres
def test_the_server_ends_though_its_owner_is_killed() -> None:
    program = (
        "import sys, time\n"
        "from tests.support.postgres import PostgresServer\n"
        "with PostgresServer() as server:\n"
        "    print(server._process.pid, server._directory, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=BACKEND, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid, directory = owner.stdout.readline().split()
        descriptor = os.pidfd_open(int(pid))
        try:
            owner.send_signal(signal.SIGKILL)
            owner.wait()
            ended, _, _ = select.select([descriptor], [], [], 20)
            assert ended, "the server outlived its owner"
        finally:
            os.close(descriptor)
            subprocess.run(["rm", "-rf", directory], check=True)
