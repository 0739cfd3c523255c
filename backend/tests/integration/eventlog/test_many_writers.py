"""Many writers at once: nothing is lost, doubled or left out, and whoever reads sees it in order."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext

import pytest
from django.db import connections
from django.db import transaction as django_transaction

from tests.support.notes import Note, notes_on, read_note, write_note
from tests.support.processes import PythonProcess
from tests.support.threads import at_the_same_time
from vestnik.apps.eventlog.log import append, position_of, positions_of, transaction
from vestnik.apps.eventlog.reader import DatabaseEventLog
from vestnik.apps.eventlog.threads import DatabaseThreads
from vestnik.core.ports import Ephemeral, Hint, ReadAfter

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 8
TRANSACTIONS = 60  # of each writer
CHANNELS = [f"chat:{number}" for number in range(1, 6)]


def writes_of(name: str, acknowledged: set[tuple[str, int, str, int]]) -> Callable[[], None]:
    """A writer that touches some of the channels in every transaction, in any order, and rolls some back."""
    dice = random.Random(name)

    def write() -> None:
        for number in range(1, TRANSACTIONS + 1):
            channels = dice.sample(CHANNELS, dice.randint(1, len(CHANNELS)))
            if dice.random() < 0.2:
                with pytest.raises(ZeroDivisionError), transaction():
                    write_note(*channels, writer=name, number=-number)
                    raise ZeroDivisionError
            for entry in write_note(*channels, writer=name, number=number):
                assert entry.position is not None
                acknowledged.add((name, number, entry.channel, entry.position.offset))

    return write


async def read_until_all_are_there(
    log: DatabaseEventLog, channels: Sequence[str], writing: asyncio.Future[None]
) -> dict[str, list[Note]]:
    """Follow the channels by comparing positions, as a node does that is told nothing."""
    seen: dict[str, list[Note]] = {channel: [] for channel in channels}
    while True:
        finished = writing.done()
        positions = await log.positions(channels)
        behind = [channel for channel in channels if positions[channel].offset > len(seen[channel])]
        if finished and not behind:
            return seen
        for channel in behind:
            [piece] = await log.read([ReadAfter(channel, len(seen[channel]), 20)])
            assert piece.publications, "a position promised what cannot be read"
            for publication in piece.publications:
                assert publication.offset == len(seen[channel]) + 1
                seen[channel].append(read_note(publication.data))


async def test_eight_writers_lose_double_and_skip_nothing_and_a_reader_sees_all_in_order(
    event_log: DatabaseEventLog, heard: list[Hint | Ephemeral]
) -> None:
    acknowledged: set[tuple[str, int, str, int]] = set()
    writers = [writes_of(f"writer {number}", acknowledged) for number in range(WRITERS)]
    loop = asyncio.get_running_loop()
    writing = loop.run_in_executor(None, lambda: at_the_same_time(*writers) and None)
    seen = await read_until_all_are_there(event_log, CHANNELS, writing)
    await writing

    assert {
        (note.writer, note.number, channel, offset)
        for channel in CHANNELS
        for offset, note in enumerate(seen[channel], start=1)
    } == acknowledged
    for channel in CHANNELS:
        for number in range(WRITERS):
            own = [note.number for note in seen[channel] if note.writer == f"writer {number}"]
            assert own == sorted(set(own)), "one writer's events changed places, or came twice"
    hinted = {(signal.channel, signal.offset) for signal in heard if isinstance(signal, Hint)}
    assert hinted == {(channel, offset) for _, _, channel, offset in acknowledged}
    assert len(heard) == len(hinted)


def test_transactions_that_touch_channels_in_opposite_order_do_not_block_each_other_for_ever() -> None:
    positions_of(["chat:a", "chat:b"])

    def write(*channels: str) -> Callable[[], None]:
        def run() -> None:
            for number in range(40):
                write_note(*channels, number=number)

        return run

    forwards, backwards = write("chat:a", "chat:b"), write("chat:b", "chat:a")
    at_the_same_time(forwards, backwards, forwards, backwards)
    assert position_of("chat:a").offset == position_of("chat:b").offset == 160


def test_transactions_that_read_before_they_write_wait_for_each_other_instead_of_failing() -> None:
    def write() -> None:
        for _ in range(25):
            with transaction():
                known = len(notes_on("chat:1"))
                append("chat:1", Note(writer="test", number=known))

    at_the_same_time(*[write] * 4)
    assert [offset for offset, _ in notes_on("chat:1")] == list(range(1, 101))


@pytest.mark.parametrize("commits", [True, False])
def test_who_waits_for_a_channel_counts_on_from_what_was_committed(commits: bool) -> None:
    appended, started = threading.Event(), threading.Event()

    def first() -> None:
        with nullcontext() if commits else pytest.raises(ZeroDivisionError), django_transaction.atomic():
            write_note("chat:1", writer="first")
            appended.set()
            assert started.wait(20)
            if not commits:
                raise ZeroDivisionError

    def second() -> None:
        assert appended.wait(20)
        started.set()
        write_note("chat:1", writer="second")

    at_the_same_time(first, second)
    assert [note.writer for _, note in notes_on("chat:1")] == (["first", "second"] if commits else ["second"])
    assert [offset for offset, _ in notes_on("chat:1")] == ([1, 2] if commits else [1])


def test_a_stream_that_many_create_at_once_has_one_epoch() -> None:
    positions = at_the_same_time(*[lambda: position_of("chat:1")] * 8)
    assert len({position.epoch for position in positions}) == 1


def test_writers_that_create_the_same_streams_at_once_all_succeed() -> None:
    at_the_same_time(*[lambda: write_note(*CHANNELS)] * 8)
    assert {channel: position.offset for channel, position in positions_of(CHANNELS).items()} == dict.fromkeys(
        CHANNELS, 8
    )


async def test_what_another_process_publishes_is_noticed_without_any_hint(
    event_log: DatabaseEventLog, heard: list[Hint | Ephemeral]
) -> None:
    await event_log.positions(["chat:1"])
    await event_log.changed()

    def publish() -> list[str]:
        with PythonProcess("-m", "tests.support.event_writer", "chat:1", "--transactions", "1") as other:
            return other.finish()

    assert await asyncio.get_running_loop().run_in_executor(None, publish) == ["writer 1 chat:1 1"]
    assert heard == []
    assert await event_log.changed()
    assert (await event_log.positions(["chat:1"]))["chat:1"].offset == 1
    [piece] = await event_log.read([ReadAfter("chat:1", 0, 10)])
    assert [read_note(publication.data).writer for publication in piece.publications] == ["writer"]


def test_writers_killed_half_way_leave_no_gap_and_lose_nothing_acknowledged() -> None:
    acknowledged: list[str] = []
    with ExitStack() as stack:
        writers = [
            stack.enter_context(PythonProcess("-m", "tests.support.event_writer", *CHANNELS, "--name", name))
            for name in ("one", "two", "three")
        ]
        acknowledged += [writer.read_line() for _ in range(60) for writer in writers]
        for writer in writers:
            acknowledged += writer.kill()
    there: set[str] = set()
    for channel in CHANNELS:
        logged = notes_on(channel)
        assert [offset for offset, _ in logged] == list(range(1, position_of(channel).offset + 1))
        there |= {f"{note.writer} {note.number} {channel} {offset}" for offset, note in logged}
    assert len(acknowledged) >= 180
    assert set(acknowledged) <= there


def test_a_writer_that_dies_in_its_transaction_leaves_the_channel_free() -> None:
    program = (
        "import django; django.setup()\n"
        "from django.db import transaction\n"
        "from tests.support.notes import write_note\n"
        "import time\n"
        "with transaction.atomic():\n"
        "    write_note('chat:1', writer='dead')\n"
        "    print('written', flush=True)\n"
        "    time.sleep(600)\n"
    )
    with PythonProcess("-c", program) as writer:
        assert writer.read_line() == "written"
        writer.kill()
    write_note("chat:1", writer="alive")
    assert [(offset, note.writer) for offset, note in notes_on("chat:1")] == [(1, "alive")]


async def test_threads_close_their_connections_though_a_loop_runs() -> None:
    opened = []

    def use() -> None:
        connection = connections["default"]
        connection.ensure_connection()
        opened.append(connection)

    with DatabaseThreads(2) as threads:
        await asyncio.get_running_loop().run_in_executor(threads, use)
        assert opened[0].connection is not None
    assert opened[0].connection is None
    threads.shutdown()


async def test_closing_the_log_closes_its_own_connection_though_a_loop_runs(database_threads: DatabaseThreads) -> None:
    log = DatabaseEventLog(database_threads)
    assert await log.changed()
    log.close()
    log.close()
    assert await log.changed(), "after a reopening one does not know what one missed"
    log.close()
