"""Reading the log from asyncio: queries run in threads, and each answer is one consistent look at the database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from vestnik.apps.eventlog.log import positions_of
from vestnik.apps.eventlog.models import LoggedEvent, Stream
from vestnik.apps.eventlog.threads import outside_the_loop
from vestnik.core.errors import BackendError
from vestnik.core.ports import Logged, ReadAfter, Slice
from vestnik.core.position import Position

REQUESTS_AT_ONCE = 200  # in one query: four parameters each, below SQLite's old limit of 999

Answer = TypeVar("Answer")


class DatabaseEventLog:
    """The :class:`vestnik.core.ports.EventLog` of this site's database.

    Args:
        executor: Runs the queries. Each of its threads has its own database connection, which whoever owns the
            executor must close in the end: :class:`vestnik.apps.eventlog.threads.DatabaseThreads` does.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._watch = ChangeWatch()

    async def positions(self, channels: Collection[str]) -> Mapping[str, Position]:
        return await self._in_thread(lambda: positions_of(channels))

    async def read(self, requests: Sequence[ReadAfter]) -> Sequence[Slice]:
        return await self._in_thread(lambda: read_slices(requests))

    async def changed(self) -> bool:
        """Whether anything may have been committed since the last call, by whatever process.

        A True is said once: whoever then fails to compare positions has to try again by itself.
        """
        return await self._in_thread(self._watch.changed)

    def close(self) -> None:
        """Let go of the connection that watches for changes; idempotent, also from the event loop's thread.

        The executor is its owner's to shut down.
        """
        outside_the_loop(self._watch.close)

    async def _in_thread(self, query: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._executor, _answer, query)


class ChangeWatch:
    """Tells whether anything was committed since one last asked, in microseconds and without looking at any table.

    SQLite counts the commits of *other* connections, so a connection of its own that never writes sees all of them,
    those of this process and of any other. PostgreSQL describes what a transaction sees; as long as the description
    stays the same, so does what one sees. Both may say "changed" for a change of something else.

    Source: https://www.sqlite.org/pragma.html#pragma_data_version
    Source: https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: BaseDatabaseWrapper | None = None
        self._seen: object = None

    def changed(self) -> bool:
        """Whether anything was committed since the last call; True for the first. Callable from any thread."""
        with self._lock:
            if self._connection is None:
                self._connection = connections.create_connection(DEFAULT_DB_ALIAS)
                self._connection.inc_thread_sharing()
            if self._connection.vendor == "sqlite":
                if self._connection.is_in_memory_db():  # type: ignore[attr-defined]  # SQLite's wrapper has it
                    return True  # connections share one cache, and changes in that are not counted
                query = "PRAGMA data_version"
            else:
                query = "SELECT CAST(pg_current_snapshot() AS text)"
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(query)
                    now = cursor.fetchone()
            except DatabaseError:
                self._seen = None
                self._connection.close()
                raise
            changed: bool = now != self._seen
            self._seen = now
            return changed

    def close(self) -> None:
        """Close the connection; idempotent."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection.dec_thread_sharing()
                self._connection = None
                self._seen = None


def read_slices(requests: Sequence[ReadAfter]) -> list[Slice]:
    """One slice per request, in the same order. Blocking.

    Raises:
        BackendError: A stream has a hole: somebody wrote to the tables by hand, or the database is damaged.
    """
    slices: list[Slice] = []
    for start in range(0, len(requests), REQUESTS_AT_ONCE):
        slices += _read_some(requests[start : start + REQUESTS_AT_ONCE])
    return slices


def _read_some(requests: Sequence[ReadAfter]) -> list[Slice]:
    connection = connections[DEFAULT_DB_ALIAS]
    parameters: list[Any] = []
    for number, request in enumerate(requests):
        parameters += [number, request.channel, max(request.offset, 0), max(request.limit, 0)]
    slices = [Slice(Position(), 0, ()) for _ in requests]
    found: list[list[Logged]] = [[] for _ in requests]
    with connection.cursor() as cursor:
        cursor.execute(_reading(connection, len(requests)), parameters)
        for number, epoch, top, floor, offset, data in cursor.fetchall():
            if offset is not None:
                found[number].append(Logged(offset, data.encode()))
            slices[number] = Slice(Position(epoch, top), floor, found[number])
    for request, piece in zip(requests, slices, strict=True):
        _check_for_holes(request, piece)
    return slices


def _reading(connection: BaseDatabaseWrapper, count: int) -> str:
    """The query for ``count`` requests.

    It is one statement, so that the counter and the events are of one moment: between two, ``prune_events`` might
    remove what the first one promised.
    """
    stream = connection.ops.quote_name(Stream._meta.db_table)
    event = connection.ops.quote_name(LoggedEvent._meta.db_table)
    offset = connection.ops.quote_name("offset")
    values = ", ".join(["(%s, %s, %s, %s)"] * count)
    if connection.vendor == "sqlite":
        # As offsets have no gaps, a limit is a range.
        start = "MAX(asked.after, s.floor)"
        events = (
            f"LEFT JOIN {event} e ON e.stream_id = s.id "
            f"AND e.{offset} > {start} AND e.{offset} <= {start} + asked.amount"
        )
    else:
        # A planner that does not know the range takes a third of the stream for it, and may read the whole table.
        # A limit of its own leaves it no other way than through the index, once for each request.
        events = (
            f"LEFT JOIN LATERAL (SELECT {offset}, data FROM {event} "  # noqa: S608
            f"WHERE stream_id = s.id AND {offset} > GREATEST(asked.after, s.floor) "
            f"ORDER BY {offset} LIMIT asked.amount) e ON TRUE"
        )
    return (
        f"WITH asked(number, channel, after, amount) AS (VALUES {values}) "  # noqa: S608
        f"SELECT asked.number, s.epoch, s.top, s.floor, e.{offset}, e.data "
        f"FROM asked JOIN {stream} s ON s.channel = asked.channel {events} ORDER BY asked.number, e.{offset}"
    )


def _check_for_holes(request: ReadAfter, piece: Slice) -> None:
    first = max(request.offset, piece.floor, 0) + 1
    last = min(first + max(request.limit, 0) - 1, piece.position.offset)
    expected = max(last - first + 1, 0)
    found = piece.publications
    # Offsets are unique and came in order, so the right ends and the right number leave no room for a hole.
    if len(found) != expected or (found and (found[0].offset, found[-1].offset) != (first, last)):
        raise BackendError(
            f"stream {request.channel} is damaged: events are missing between {first} and {last}", temporary=False
        )


def _answer(query: Callable[[], Answer]) -> Answer:
    """Run ``query`` in this thread. A connection that went stale while it was idle is replaced, once."""
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        return query()
    except (OperationalError, InterfaceError) as error:
        if connection.is_usable():
            raise BackendError(f"the event log cannot be read: {error}") from error
        connection.close()
    except DatabaseError as error:
        raise BackendError(f"the event log cannot be read: {error}", temporary=False) from error
    try:
        return query()
    except DatabaseError as error:
        connection.close()
        raise BackendError(f"the event log cannot be read: {error}") from error
