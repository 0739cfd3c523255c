"""The databases to measure on: SQLite, and a private PostgreSQL server where PostgreSQL is installed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.postgres import PostgresNotFound, PostgresServer

NAMES = ("sqlite", "postgres")


def databases(names: Sequence[str]) -> Iterator[str]:
    """Each database in turn, with ``DATABASE_URL`` set so that sites use it; one that is not installed is left out."""
    for name in names:
        with contextlib.ExitStack() as stack:
            if name == "postgres":
                try:
                    server = stack.enter_context(PostgresServer())
                except PostgresNotFound as error:
                    print(f"left out: {error}", file=sys.stderr)
                    continue
                stack.enter_context(_environment(DATABASE_URL=server.url))
            else:
                stack.enter_context(_environment(DATABASE_URL=""))
            yield name


def commits_per_second(database: str, folder: Path, seconds: float = 1.0) -> float:
    """What the disk allows: one row a transaction, from one client that does nothing else."""
    done = 0
    if database == "sqlite":
        connection = sqlite3.connect(folder / "floor.sqlite3", isolation_level=None)
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (x TEXT)")
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            connection.execute("INSERT INTO t VALUES ('x')")
            done += 1
        connection.close()
        return done / seconds
    import psycopg

    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as postgres:
        postgres.execute("CREATE TABLE floor (x text)")
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            postgres.execute("INSERT INTO floor VALUES ('x')")
            done += 1
        postgres.execute("DROP TABLE floor")
    return done / seconds


@contextlib.contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    for name, value in variables.items():
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = old
