"""A database that might lose what was acknowledged is found out by asking it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from tests.support.postgres import PostgresServer
from vestnik.apps.eventlog import durability
from vestnik.apps.eventlog.durability import durability_findings, sqlite_has_wal_reset_bug
from vestnik.core.findings import Finding

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own settings")
pytestmark = pytest.mark.django_db(transaction=True)

DURABLE = {
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}


@contextmanager
def connected(**database: Any) -> Iterator[BaseDatabaseWrapper]:
    handler = ConnectionHandler({"default": database})
    try:
        yield handler["default"]
    finally:
        handler["default"].close()


def ids_of(connection: BaseDatabaseWrapper) -> list[str]:
    """What is wrong with the database, apart from the age of this machine's SQLite."""
    return [finding.id for finding in durability_findings(connection) if finding.id != "vestnik.W011"]


Open = Callable[..., list[str]]


@pytest.fixture
def ids_with(tmp_path: Path) -> Open:
    """The ids found in an SQLite file with these options."""

    def look(**options: Any) -> list[str]:
        with connected(ENGINE="django.db.backends.sqlite3", NAME=tmp_path / "x.sqlite3", OPTIONS=options) as database:
            return ids_of(database)

    return look


def test_the_projects_own_settings_are_durable() -> None:
    assert ids_of(connections["default"]) == []


def test_sqlite_as_the_docs_say_is_durable(ids_with: Open) -> None:
    assert ids_with(**DURABLE) == []
    assert ids_with(**{**DURABLE, "transaction_mode": "EXCLUSIVE"}) == []
    assert ids_with(**{**DURABLE, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=EXTRA;"}) == []


def test_sqlite_as_django_sets_it_up_is_not(ids_with: Open) -> None:
    assert ids_with() == ["vestnik.E013", "vestnik.E015"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"init_command": "PRAGMA synchronous=FULL;"}, ["vestnik.E013"]),
        ({"init_command": "PRAGMA journal_mode=DELETE;"}, ["vestnik.E013"]),
        ({"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"}, ["vestnik.E014"]),
        ({"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"}, ["vestnik.E014"]),
        ({"transaction_mode": "DEFERRED"}, ["vestnik.E015"]),
        ({"transaction_mode": None}, ["vestnik.E015"]),
    ],
)
def test_each_setting_of_sqlite_that_loses_data_is_found(
    ids_with: Open, options: dict[str, Any], expected: list[str]
) -> None:
    assert ids_with(**{**DURABLE, **options}) == expected


def test_a_database_in_memory_is_a_warning() -> None:
    with connected(ENGINE="django.db.backends.sqlite3", NAME=":memory:") as database:
        [finding, *_] = [finding for finding in durability_findings(database) if finding.id != "vestnik.W011"]
        assert (finding.id, finding.level) == ("vestnik.W010", "warn")


@pytest.mark.parametrize(
    ("version", "has_bug"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_versions_of_sqlite_that_may_damage_a_database_are_known(version: tuple[int, ...], has_bug: bool) -> None:
    assert sqlite_has_wal_reset_bug(version) is has_bug


@on_sqlite
@pytest.mark.parametrize(
    ("version", "expected"),
    [((3, 34, 1), ["vestnik.E012", "vestnik.W011"]), ((3, 40, 1), ["vestnik.W011"]), ((3, 51, 3), [])],
)
def test_the_version_of_the_library_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], expected: list[str]
) -> None:
    monkeypatch.setattr(connections["default"], "get_database_version", lambda: version)
    findings = durability_findings()
    assert [finding.id for finding in findings] == expected
    if findings:
        assert ".".join(map(str, version)) in findings[-1].sentence


def test_a_server_that_cannot_be_reached_is_one_finding() -> None:
    with connected(
        ENGINE="django.db.backends.postgresql", NAME="x", USER="x", PASSWORD="secret", HOST="127.0.0.1", PORT="1"
    ) as database:
        [finding] = durability_findings(database)
    assert finding.id == "vestnik.E010"
    assert "secret" not in finding.sentence + finding.hint
    assert "\n" not in finding.sentence


def test_other_databases_cannot_hold_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "vendor", "mysql")
    monkeypatch.setattr(connections["default"], "display_name", "MySQL")
    [finding] = durability_findings()
    assert finding.id == "vestnik.E011"
    assert "MySQL" in finding.sentence


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own settings")
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SET synchronous_commit = off", ["vestnik.E018"]),
        ("SET synchronous_commit = local", []),
        ("SET default_transaction_isolation = 'repeatable read'", ["vestnik.E019"]),
    ],
)
def test_settings_of_one_connection_to_postgresql_are_found(statement: str, expected: list[str]) -> None:
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute(statement)
        assert ids_of(connections["default"]) == expected
    finally:
        connections["default"].close()


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="starts a PostgreSQL server")
def test_a_postgresql_server_that_is_fast_and_loose_is_found_out() -> None:
    with (
        PostgresServer({"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}) as server,
        connected(
            ENGINE="django.db.backends.postgresql",
            NAME=server.database,
            USER=server.user,
            PASSWORD=server.password,
            HOST="127.0.0.1",
            PORT=str(server.port),
        ) as database,
    ):
        assert ids_of(database) == ["vestnik.E016", "vestnik.E017", "vestnik.E018"]


def test_the_check_runs_when_the_database_is_to_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(**options: Any) -> None:
        call_command("check", tags=["database"], stdout=StringIO(), stderr=StringIO(), **options)

    check(databases=["default"])
    lost = Finding(id="vestnik.E999", level="error", sentence="It loses things.", hint="Mend it.")
    monkeypatch.setattr(durability, "durability_findings", lambda: [lost])
    with pytest.raises(SystemCheckError, match=r"vestnik\.E999\) It loses things\.\s+HINT: Mend it\."):
        check(databases=["default"])
    check()
