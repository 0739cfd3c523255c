"""Durable means durable: what is wrong with a database that might lose or refuse what has to be kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from vestnik.core.findings import Finding

SQLITE_REMEDY = (
    'In DATABASES: "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, '
    '"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}'
)
SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")
FULL = 2
FIRST_SQLITE_WITH_RETURNING = (3, 35, 0)
# The bug is fixed in 3.51.3, and in the maintenance releases of two older lines.
# Source: https://www.sqlite.org/wal.html#walresetbug
FIRST_SQLITE_WITHOUT_WAL_RESET_BUG = (3, 51, 3)
SQLITE_BACKPORTS = {(3, 44): (3, 44, 6), (3, 50): (3, 50, 7)}


def durability_findings(connection: BaseDatabaseWrapper | None = None) -> list[Finding]:
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
            return list(_in_sqlite(connection))
        if connection.vendor == "postgresql":
            return list(_in_postgresql(connection))
    except DatabaseError as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        return [
            _error(
                "vestnik.E010", f"The database cannot be reached: {reason[0]}.", "Start it, or correct DATABASE_URL."
            )
        ]
    sentence = f"The event log cannot be kept in {connection.display_name}."
    return [_error("vestnik.E011", sentence, "Set DATABASE_URL to SQLite or PostgreSQL.")]


@checks.register(checks.Tags.database)
def check_durability(
    *, app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """The system check; ``manage.py check --database default`` and ``migrate`` print it."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    kinds = {"error": checks.Error, "warn": checks.Warning}
    return [kinds[found.level](found.sentence, hint=found.hint, id=found.id) for found in durability_findings()]


def sqlite_has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether this version of the SQLite library may, very rarely, damage a database that several connections write."""
    return version < SQLITE_BACKPORTS.get((version[0], version[1]), FIRST_SQLITE_WITHOUT_WAL_RESET_BUG)


def _in_sqlite(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    version: tuple[int, ...] = connection.get_database_version()
    if version < FIRST_SQLITE_WITH_RETURNING:
        yield _error(
            "vestnik.E012",
            f"SQLite {_dotted(version)} cannot keep the event log.",
            f"Install SQLite {_dotted(FIRST_SQLITE_WITH_RETURNING)} or later.",
        )
    if connection.is_in_memory_db():  # type: ignore[attr-defined]  # SQLite's wrapper has it
        yield _warning(
            "vestnik.W010",
            "The database is in memory: everything is lost with the process, and other processes see nothing.",
            "Set DATABASE_URL to a file, except in tests.",
        )
        return
    journal_mode = _ask(connection, "PRAGMA journal_mode")
    if journal_mode != "wal":
        yield _error(
            "vestnik.E013",
            f"SQLite's journal_mode is {journal_mode}, not wal: a writer makes all readers wait.",
            f"{SQLITE_REMEDY}. The file must not be on a network drive.",
        )
    synchronous = _ask(connection, "PRAGMA synchronous")
    if synchronous < FULL:
        yield _error(
            "vestnik.E014",
            f"SQLite's synchronous is {SYNCHRONOUS[synchronous]}, not FULL: a power cut loses what was acknowledged.",
            f"{SQLITE_REMEDY}.",
        )
    mode = connection.transaction_mode or "DEFERRED"  # type: ignore[attr-defined]  # SQLite's wrapper has it
    if mode == "DEFERRED":
        yield _error(
            "vestnik.E015",
            "SQLite's transactions begin DEFERRED, not IMMEDIATE: "
            "of two that write at the same time, one fails with 'database is locked'.",
            f"{SQLITE_REMEDY}.",
        )
    if sqlite_has_wal_reset_bug(version):
        yield _warning(
            "vestnik.W011",
            f"SQLite {_dotted(version)} may, very rarely, damage a database that several connections write: "
            "https://www.sqlite.org/wal.html#walresetbug.",
            f"Install SQLite {_dotted(FIRST_SQLITE_WITHOUT_WAL_RESET_BUG)} or later, or use PostgreSQL.",
        )


def _in_postgresql(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    for setting, code, consequence in (
        ("fsync", "vestnik.E016", "a power cut damages the whole database"),
        ("full_page_writes", "vestnik.E017", "a power cut damages the whole database"),
        ("synchronous_commit", "vestnik.E018", "a crash loses what was acknowledged"),
    ):
        if _ask(connection, f"SHOW {setting}") == "off":
            yield _error(
                code,
                f"PostgreSQL's {setting} is off: {consequence}.",
                f"Remove {setting} from postgresql.conf, ALTER ROLE, ALTER DATABASE and the OPTIONS in DATABASES, "
                "then reload the server.",
            )
    isolation = _ask(connection, "SHOW transaction_isolation")
    if isolation != "read committed":
        yield _error(
            "vestnik.E019",
            f"PostgreSQL's transaction isolation is {isolation}: "
            "of two that write to one channel at the same time, one fails instead of waiting.",
            'Remove "isolation_level" from the OPTIONS in DATABASES, or default_transaction_isolation from the server.',
        )


def _ask(connection: BaseDatabaseWrapper, query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def _error(id: str, sentence: str, hint: str) -> Finding:
    return Finding(id=id, level="error", sentence=sentence, hint=hint)


def _warning(id: str, sentence: str, hint: str) -> Finding:
    return Finding(id=id, level="warn", sentence=sentence, hint=hint)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
