"""The databases of the sites that tests start: migrated and filled once in a test run, then copied.

Migrating and filling takes many commits, and those take as long as the disk likes; a copy takes a moment. The processes
of one run share the original through the directory that ``VESTNIK_SITE_TEMPLATES`` names (``tests/conftest.py`` makes
it). Without that variable, as when a benchmark is run by hand, each database is filled anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

BACKEND = Path(__file__).resolve().parents[2]
TEMPLATES = "VESTNIK_SITE_TEMPLATES"
SQLITE = "sqlite:///"
FILL_WITHIN = 120.0  # seconds


def new_url(directory: Path) -> str:
    """What to call a database that is to be made: on the server of ``DATABASE_URL``, or a file in the directory."""
    server = os.environ.get("DATABASE_URL", "")
    if server.startswith("postgres"):
        return _beside(server, f"vestnik_site_{secrets.token_hex(4)}")
    return f"{SQLITE}{directory / 'site.sqlite3'}"


def make(url: str) -> None:
    """Make it, with tables and demo data."""
    directory = os.environ.get(TEMPLATES)
    if not directory:
        _create(url)
        _fill(url)
        return
    template = _template(Path(directory), url)
    if url.startswith(SQLITE):
        source, copy = sqlite3.connect(_file(template)), sqlite3.connect(_file(url))
        with contextlib.closing(source), contextlib.closing(copy):
            source.backup(copy)
    else:
        _on_server(url, f'CREATE DATABASE "{_name(url)}" TEMPLATE "{_name(template)}"')


def drop(url: str) -> None:
    """Forget it, if it is on a server; a file goes with its directory."""
    if not url.startswith(SQLITE):
        _on_server(url, f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')


def drop_templates(directory: Path) -> None:
    """Forget what is on a server; the files go with the directory."""
    for note in directory.glob("*.ready"):
        drop(note.read_text())


def _template(directory: Path, url: str) -> str:
    """The original to copy from; whoever asks first makes it, and the others wait."""
    if url.startswith(SQLITE):
        template = f"{SQLITE}{directory / 'template.sqlite3'}"
    else:
        template = _beside(url, f"vestnik_template_{directory.name[-8:]}".lower())
    kind = template.partition(":")[0]
    with _alone(directory / f"{kind}.lock"):
        ready = directory / f"{kind}.ready"
        if not ready.exists():
            drop(template)  # what somebody left behind who was interrupted
            _create(template)
            _fill(template)
            ready.write_text(template)
    return template


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _create(url: str) -> None:
    if url.startswith(SQLITE):
        _file(url).unlink(missing_ok=True)
    else:
        _on_server(url, f'CREATE DATABASE "{_name(url)}"')


def _fill(url: str) -> None:
    for command in (["migrate", "--verbosity", "0"], ["demo"]):
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=BACKEND,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "vestnik.config.settings",
                "DATABASE_URL": url,
                "DEBUG": "true",
                "PYTHONPATH": f"{BACKEND / 'src'}{os.pathsep}{BACKEND}",
            },
            capture_output=True,
            text=True,
            timeout=FILL_WITHIN,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _file(url: str) -> Path:
    return Path(url.removeprefix(SQLITE))


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _beside(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


def _on_server(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(_beside(url, "postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())
