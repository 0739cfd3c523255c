"""The database, the processes and the limits of the machine; the command as a person or a program sees it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from vestnik.core.findings import Finding
from vestnik.doctor.examination import examine
from vestnik.doctor.findings import ok
from vestnik.doctor.probes.broker import server_processes

MANAGE = Path(__file__).parents[3] / "manage.py"


def doctor(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own."""
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, str(MANAGE), "doctor", *arguments]
    return subprocess.run(command, cwd=cwd, env=env | environ, capture_output=True, text=True, check=False, timeout=60)


def by_id(result: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """The first finding of each id."""
    return {finding["id"]: finding for finding in reversed(json.loads(result.stdout)["findings"])}


@pytest.fixture
def closed(free_port: int) -> list[str]:
    """Arguments for a look at ports where nothing listens."""
    return ["--url", f"ws://127.0.0.1:{free_port}/ws", "--backend-port", str(free_port + 1)]


# The command -----------------------------------------------------------------------------------------------------


def test_a_database_that_is_down_is_told_and_its_password_is_not(tmp_path, closed, free_port):
    url = f"postgres://school:sesame@127.0.0.1:{free_port}/school"
    result = doctor("--json", *closed, cwd=tmp_path, DATABASE_URL=url)
    assert result.returncode == 1
    found = by_id(result)
    assert found["database-unreachable"]["level"] == "error"
    assert f"pg_isready -h 127.0.0.1 -p {free_port}" in found["database-unreachable"]["hint"]
    assert "backend-down" in found
    assert "sesame" not in result.stdout + result.stderr


def test_missing_tables_are_told_with_the_command_that_makes_them(tmp_path, closed):
    url = f"sqlite:///{tmp_path}/new.sqlite3"
    found = by_id(doctor("--json", *closed, cwd=tmp_path, DATABASE_URL=url))
    assert found["migrations-missing"]["hint"] == "run: cd backend && python manage.py migrate"
    assert found["database"]["level"] == "ok"


def test_a_file_that_cannot_be_opened_is_told(tmp_path, closed):
    url = f"sqlite:///{tmp_path}/no/such/directory/db.sqlite3"
    found = by_id(doctor("--json", *closed, cwd=tmp_path, DATABASE_URL=url))
    assert "can be written to" in found["database-unreachable"]["hint"]


def test_rows_for_a_person_name_the_remedy_and_the_page(tmp_path, closed):
    result = doctor(*closed, "--token", "a-secret-token-of-somebody", cwd=tmp_path, DATABASE_URL="sqlite:////proc/x/y")
    assert result.returncode == 1
    rows = result.stdout.splitlines()
    assert all(row.startswith(("[ok]", "[warn]", "[error]", " ")) for row in rows[:-2] if row)
    down = next(number for number, row in enumerate(rows) if row.startswith("[error] nothing listens"))
    assert rows[down + 1].strip().startswith("→ run: cd backend && python manage.py runserver")
    assert rows[down + 2].strip() == "docs/en/how-to/connection-lost.md#backend-down"
    assert "a-secret-token-of-somebody" not in result.stdout + result.stderr


def test_token_and_user_exclude_each_other(tmp_path):
    result = doctor("--token", "x", "--user", "y", cwd=tmp_path)
    assert result.returncode == 2
    assert "not allowed with" in result.stderr


# The database, from inside -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_database_with_all_its_tables_is_well(found, look):
    assert [finding.level for finding in found("database", look())] == ["ok"]
    assert [finding.level for finding in found("migrations", look())] == ["ok"]


@pytest.mark.django_db(transaction=True)
def test_durability_is_reported_by_the_ids_of_the_system_checks(found, look, monkeypatch):
    from vestnik.doctor.probes import durability

    wrong = Finding(id="vestnik.E014", level="error", sentence="synchronous is OFF", hint="PRAGMA synchronous=FULL")
    monkeypatch.setattr(durability, "durability_findings", lambda: [wrong])
    assert found("durability", look()) == [wrong]
    monkeypatch.setattr(durability, "durability_findings", lambda: [])
    assert [finding.level for finding in found("durability", look())] == ["ok"]


# Processes and limits ----------------------------------------------------------------------------------------------


def make_process(proc: Path, number: int, command: str, cwd: Path, *sockets: str) -> None:
    directory = proc / str(number)
    (directory / "fd").mkdir(parents=True)
    (directory / "cmdline").write_text(command.replace(" ", "\0"))
    (directory / "cwd").symlink_to(cwd)
    for descriptor, inode in enumerate(sockets):
        (directory / "fd" / str(descriptor)).symlink_to(f"socket:[{inode}]")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A ``/proc`` in which sockets 71 and 72 listen, and 73 is a connection."""
    proc = tmp_path / "proc"
    (proc / "net").mkdir(parents=True)
    rows = [
        f" {state}: 0100007F:1F40 00000000:0000 {state} 0 0 0 0 0 {inode}"
        for state, inode in (("0A", 71), ("0A", 72), ("01", 73))
    ]
    (proc / "net" / "tcp").write_text("\n".join(["  sl  local_address ...", *rows]))
    return proc


def test_only_listening_servers_of_this_project_are_counted(proc, tmp_path):
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    make_process(proc, 10, "python manage.py runserver 8000", here, "71")
    make_process(proc, 11, "python manage.py runserver 8000", here, "73")  # the reloader: it listens to nothing
    make_process(proc, 12, "python manage.py runserver 8001", elsewhere, "72")
    make_process(proc, 13, "python manage.py shell", here, "72")
    make_process(proc, 14, "/venv/bin/uvicorn vestnik.config.asgi:application", here, "72")
    assert server_processes(proc, here) == [10, 14]


@pytest.mark.parametrize(("processes", "level"), [([10], "ok"), ([10, 14], "warn")])
def test_several_processes_without_a_broker_are_told(found, look, monkeypatch, settings, processes, level):
    from vestnik.doctor.probes import broker

    settings.VESTNIK = {}
    monkeypatch.setattr(broker, "server_processes", lambda proc, project: processes)
    (finding,) = found("broker", look())
    assert finding.level == level
    settings.VESTNIK = {"BROKER": "postgres"}
    assert [finding.level for finding in found("broker", look())] == ["ok"]


def test_a_low_limit_of_open_files_is_told(found, look, backend, settings):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    settings.DEBUG = False
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
        (finding,) = found("open_files", look(backend=backend.port))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (finding.level, finding.id) == ("warn", "open-file-limit")
    assert f"process {os.getpid()}" in finding.sentence
    settings.DEBUG = True
    (finding,) = found("open_files", look(backend=backend.port))
    assert finding.level == "ok"


# The examination ---------------------------------------------------------------------------------------------------


def test_a_probe_that_fails_does_not_hide_the_others(look):
    def fails(situation: Any) -> Any:
        yield ok("first", "this far it came")
        raise RuntimeError("a bug")

    rows = list(examine(look(), {"fails": fails, "well": lambda situation: iter([ok("well", "all is well")])}))
    assert [(row.probe, row.finding.level) for row in rows] == [("fails", "ok"), ("fails", "error"), ("well", "ok")]
    assert rows[1].finding.sentence == "the probe 'fails' failed: RuntimeError: a bug"


def test_a_probe_that_hangs_is_left_behind(look):
    let_go = threading.Event()

    def hangs(situation: Any) -> Any:
        let_go.wait(10)
        yield ok("late", "nobody listens any more")

    rows = list(examine(look(), {"hangs": hangs}, deadline=0.05))
    let_go.set()
    assert [(row.finding.level, row.finding.id) for row in rows] == [("error", "unknown")]
    assert "did not finish within 0.05 s" in rows[0].finding.sentence
