"""Reading: few statements, one consistent look, and failures that say what they are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.db import InterfaceError, OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext

from tests.support.notes import read_note, write_note, write_notes
from vestnik.apps.eventlog.log import append, position_of, positions_of, transaction
from vestnik.apps.eventlog.models import LoggedEvent, Stream
from vestnik.apps.eventlog.pruning import prune
from vestnik.apps.eventlog.reader import ChangeWatch, DatabaseEventLog, read_slices
from vestnik.apps.eventlog.threads import DatabaseThreads, outside_the_loop
from vestnik.core.errors import BackendError
from vestnik.core.namespaces import Namespace
from vestnik.core.ports import Ephemeral, Hint, ReadAfter

pytestmark = pytest.mark.django_db(transaction=True)

CHAT = Namespace(name="chat", logged=True, retention=3600.0)


def statements_in(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries if query["sql"].split()[0] not in ("BEGIN", "COMMIT")]


def test_appending_to_many_channels_takes_two_statements() -> None:
    with CaptureQueriesContext(connection) as queries:
        write_note(*[f"chat:{number}" for number in range(100)])
    assert len(statements_in(queries)) == 2


def test_positions_and_slices_of_many_channels_take_one_statement_each() -> None:
    channels = [f"chat:{number}" for number in range(100)]
    write_note(*channels)
    with CaptureQueriesContext(connection) as queries:
        positions_of(channels)
    assert len(statements_in(queries)) == 1
    with CaptureQueriesContext(connection) as queries:
        slices = read_slices([ReadAfter(channel, 0, 10) for channel in channels])
    assert len(statements_in(queries)) == 1
    assert all(len(piece.publications) == 1 for piece in slices)


@pytest.mark.parametrize("requests", [1, 150])
def test_a_page_of_a_long_stream_looks_at_no_other_events(requests: int) -> None:
    channels = [f"chat:{number}" for number in range(150)]
    for _ in range(4):
        with transaction():
            for channel in channels:
                for _ in range(50):
                    append(channel, msgspec.Raw(b"{}"))
    with CaptureQueriesContext(connection) as queries:
        read_slices([ReadAfter(channel, 190, 5) for channel in channels[:requests]])
    [statement] = statements_in(queries)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            plan = "\n".join(str(row) for row in cursor.fetchall())
            assert "(stream_id=? AND offset>? AND offset<?)" in plan
            assert "SCAN e" not in plan
        else:
            cursor.execute("ANALYZE vestnik_eventlog_stream, vestnik_eventlog_loggedevent")
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Index Scan using vestnik_eventlog_event_offset_unique" in plan
            assert "Seq Scan on vestnik_eventlog_loggedevent" not in plan


def test_a_hole_in_a_stream_is_an_error_and_not_a_silent_gap() -> None:
    write_notes("chat:1", 5)
    LoggedEvent.objects.filter(stream__channel="chat:1", offset=3).delete()
    for asked, between in [((0, 10), "1 and 5"), ((0, 3), "1 and 3"), ((1, 3), "2 and 4"), ((2, 2), "3 and 4")]:
        with pytest.raises(BackendError, match=f"stream chat:1 is damaged: events are missing between {between}"):
            read_slices([ReadAfter("chat:1", *asked)])
    [before] = read_slices([ReadAfter("chat:1", 0, 2)])
    [after] = read_slices([ReadAfter("chat:1", 3, 2)])
    assert [p.offset for p in (*before.publications, *after.publications)] == [1, 2, 4, 5]


async def test_readers_see_no_hole_while_the_stream_is_pruned_and_written(
    event_log: DatabaseEventLog, database_threads: DatabaseThreads
) -> None:
    await asyncio.get_running_loop().run_in_executor(database_threads, lambda: write_notes("chat:1", 300))
    stop = threading.Event()

    def write_and_prune() -> None:
        number = 301
        while not stop.is_set():
            write_notes("chat:1", 3, first=number)
            number += 3
            # All but what was written in this very moment is too old.
            prune([CHAT], now=datetime.now(UTC) + timedelta(seconds=CHAT.retention), events_at_once=7)

    working = asyncio.get_running_loop().run_in_executor(database_threads, write_and_prune)
    try:
        seen = 0
        floors = set()
        while seen < 400:
            [piece] = await event_log.read([ReadAfter("chat:1", seen, 5)])  # raises when there is a hole
            floors.add(piece.floor)
            if piece.publications:
                assert piece.publications[0].offset == max(seen, piece.floor) + 1
                assert all(read_note(p.data).number == p.offset for p in piece.publications)
                seen = piece.publications[-1].offset
            else:
                seen = max(seen, piece.floor)
    finally:
        stop.set()
        await working
    assert len(floors) > 5, "nothing was pruned meanwhile"


async def test_a_failing_database_is_a_backend_error_and_no_traceback_of_a_driver(event_log: DatabaseEventLog) -> None:
    table = connection.ops.quote_name(Stream._meta.db_table)

    def rename(old: str, new: str) -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")
        connections["default"].close()

    outside_the_loop(lambda: rename(table, "elsewhere"))
    try:
        with pytest.raises(BackendError, match="the event log cannot be read"):
            await event_log.read([ReadAfter("chat:1", 0, 10)])
    finally:
        outside_the_loop(lambda: rename("elsewhere", table))
    assert len(await event_log.read([ReadAfter("chat:1", 0, 10)])) == 1


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connections that others can end")
async def test_connections_that_were_ended_are_replaced(event_log: DatabaseEventLog) -> None:
    await event_log.positions(["chat:1"])
    await event_log.changed()

    def end_all_others() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
            assert cursor.rowcount >= 2
        connections["default"].close()

    outside_the_loop(end_all_others)
    assert await event_log.changed()
    assert (await event_log.positions(["chat:1"]))["chat:1"].offset == 0
    assert await event_log.changed() in (True, False)


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connections that others can end")
def test_a_connection_that_breaks_in_a_job_is_replaced_for_the_next_job() -> None:
    def count() -> int:
        return Stream.objects.count()

    def count_with_a_broken_connection() -> int:
        with connections["default"].cursor() as cursor, pytest.raises(OperationalError):
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return count()

    with DatabaseThreads(1) as threads:
        assert threads.submit(count).result() == 0
        with pytest.raises((OperationalError, InterfaceError)):
            threads.submit(count_with_a_broken_connection).result()
        assert threads.submit(count).result() == 0


def test_a_quiet_database_has_not_changed() -> None:
    watch = ChangeWatch()
    try:
        watch.changed()
        assert [watch.changed() for _ in range(5)] == [False] * 5
        write_note("chat:1")
        assert watch.changed()
        assert not watch.changed()
    finally:
        watch.close()


def test_a_change_is_seen_only_once_it_is_committed() -> None:
    watch = ChangeWatch()
    try:
        watch.changed()
        with transaction():
            write_note("chat:1")
            watch.changed()
        assert watch.changed()
        assert position_of("chat:1").offset == 1
    finally:
        watch.close()


@pytest.mark.django_db(transaction=False)
def test_a_test_that_is_rolled_back_in_the_end_can_look_at_events_and_hints(
    heard: list[Hint | Ephemeral], django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        with transaction():
            entry = append("chat:1", msgspec.Raw(b"{}"))
        assert heard == []
    assert len(heard) == 1
    assert entry.position == position_of("chat:1")
