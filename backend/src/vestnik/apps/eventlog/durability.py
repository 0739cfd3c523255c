"""Durable means durable: findings about a database that might lose what was acknowledged, for checks and doctor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

SQLITE_OPTIONS = (
    '"OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, '
    '"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}'
)
SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
FIRST_SQLITE_WITH_RETURNING = (3, 35, 0)
# The bug is fixed in 3.51.3, and in the maintenance releases of two older lines.
# Source: https://www.sqlite.org/wal.html#walresetbug
FIRST_SQLITE_WITHOUT_WAL_RESET_BUG = (3, 51, 3)
SQLITE_BACKPORTS = {(3, 44): (3, 44, 6), (3, 50): (3, 50, 7)}


@checks.register(checks.Tags.database)
def check_durability(
    *, app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Run by ``manage.py check --database default`` and before ``migrate``."""
    return durability_findings() if DEFAULT_DB_ALIAS in (databases or ()) else []


def durability_findings(connection: BaseDatabaseWrapper | None = None) -> list[checks.CheckMessage]:
    """What is wrong with the database that holds the log; an empty list when nothing is.

    The settings are not believed: the connection itself is asked. Errors mean that an acknowledged action may be lost
    or refused, so a server should not start; warnings are for the person who runs it. Blocking.

    Args:
        connection: The connection to look at; this thread's when omitted.
    """
    connection = connection or connections[DEFAULT_DB_ALIAS]
    try:
        connection.ensure_connection()
        if connection.vendor == "sqlite":
            return _sqlite_findings(connection)
        if connection.vendor == "postgresql":
            return _postgresql_findings(connection)
    except DatabaseError as error:
        reason = str(error).strip().splitlines()
        return [
            checks.Error(
                f"the database cannot be reached: {reason[0] if reason else type(error).__name__}",
                hint="Start it, or correct DATABASE_URL.",
                id="vestnik.E010",
            )
        ]
    return [
        checks.Error(
            f"the event log cannot be kept in {connection.display_name}",
            hint="Set DATABASE_URL to SQLite or PostgreSQL.",
            id="vestnik.E011",
        )
    ]


def sqlite_has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether this version of the SQLite library may, very rarely, damage a database that several connections write."""
    return version < FIRST_SQLITE_WITHOUT_WAL_RESET_BUG and not (
        version[:2] in SQLITE_BACKPORTS and version >= SQLITE_BACKPORTS[version[:2]]  # type: ignore[index]
    )


def _sqlite_findings(connection: BaseDatabaseWrapper) -> list[checks.CheckMessage]:
    if connection.is_in_memory_db():  # type: ignore[attr-defined]  # SQLite's wrapper has it
        return [
            checks.Warning(
                "the database is in memory: everything is lost with the process, and other processes see nothing",
                hint="Set DATABASE_URL to a file, except in tests.",
                id="vestnik.W010",
            )
        ]
    version: tuple[int, ...] = connection.get_database_version()
    findings: list[checks.CheckMessage] = []
    if version < FIRST_SQLITE_WITH_RETURNING:
        findings.append(
            checks.Error(
                f"SQLite {_dotted(version)} cannot keep the event log",
                hint=f"Install SQLite {_dotted(FIRST_SQLITE_WITH_RETURNING)} or later.",
                id="vestnik.E012",
            )
        )
    journal_mode = str(_value(connection, "PRAGMA journal_mode"))
    if journal_mode != "wal":
        findings.append(
            checks.Error(
                f"SQLite's journal_mode is {journal_mode}, not wal: a writer blocks all readers",
                hint=f"In DATABASES: {SQLITE_OPTIONS}; the file must not be on a network drive.",
                id="vestnik.E013",
            )
        )
    synchronous = int(_value(connection, "PRAGMA synchronous"))
    if synchronous < 2:
        findings.append(
            checks.Error(
                f"SQLite's synchronous is {SYNCHRONOUS[synchronous]}, not FULL: "
                "a power cut may lose what was acknowledged",
                hint=f"In DATABASES: {SQLITE_OPTIONS}.",
                id="vestnik.E014",
            )
        )
    mode = connection.transaction_mode  # type: ignore[attr-defined]  # SQLite's wrapper has it
    if mode not in ("IMMEDIATE", "EXCLUSIVE"):
        findings.append(
            checks.Error(
                f"SQLite's transactions begin {mode or 'DEFERRED'}, not IMMEDIATE: "
                "of two that write at the same time, one fails with 'database is locked'",
                hint=f"In DATABASES: {SQLITE_OPTIONS}.",
                id="vestnik.E015",
            )
        )
    if sqlite_has_wal_reset_bug(version):
        findings.append(
            checks.Warning(
                f"SQLite {_dotted(version)} may, very rarely, damage a database that several connections write",
                hint=(
                    f"Install SQLite {_dotted(FIRST_SQLITE_WITHOUT_WAL_RESET_BUG)} or later, or use PostgreSQL; "
                    "see https://www.sqlite.org/wal.html#walresetbug"
                ),
                id="vestnik.W011",
            )
        )
    return findings


def _postgresql_findings(connection: BaseDatabaseWrapper) -> list[checks.CheckMessage]:
    findings: list[checks.CheckMessage] = []
    for setting, code, consequence in (
        ("fsync", "vestnik.E016", "a power cut may damage the whole database"),
        ("full_page_writes", "vestnik.E017", "a power cut may damage the whole database"),
        ("synchronous_commit", "vestnik.E018", "a crash may lose what was acknowledged"),
    ):
        if _value(connection, f"SHOW {setting}") == "off":
            findings.append(
                checks.Error(
                    f"PostgreSQL's {setting} is off: {consequence}",
                    hint=f"ALTER SYSTEM SET {setting} = on; SELECT pg_reload_conf(); "
                    f"and look for it in ALTER ROLE, ALTER DATABASE and the connection's OPTIONS.",
                    id=code,
                )
            )
    return findings


def _value(connection: BaseDatabaseWrapper, query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
