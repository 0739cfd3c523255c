"""What every :class:`vestnik.core.ports.EventLog` must do. Subclass the suite and say how to write to yours."""

from __future__ import annotations

import asyncio
from typing import Protocol

import pytest

from vestnik.core.ports import EventLog, ReadAfter
from vestnik.core.position import Position


class Journal(Protocol):
    """How the suite writes to the log under test."""

    async def append(self, channel: str, *payloads: bytes) -> None:
        """Log the payloads (JSON), in this order, and return once they are committed."""

    async def append_and_roll_back(self, channel: str, *payloads: bytes) -> None:
        """Log the payloads in a transaction that fails."""

    async def prune(self, channel: str, through: int) -> None:
        """Remove the events up to and including offset ``through``."""

    async def start_new_epoch(self) -> None:
        """Do what is to be done after a backup was restored."""


class EventLogContract:
    """Give it the fixtures ``event_log`` (a new, empty :class:`EventLog`) and ``journal`` (its :class:`Journal`).

    Example::

        class TestMyLog(EventLogContract):
            @pytest.fixture
            def event_log(self): ...

            @pytest.fixture
            def journal(self, event_log): ...
    """

    @pytest.fixture
    def event_log(self) -> EventLog:
        raise NotImplementedError("the subclass says which log is tested")

    @pytest.fixture
    def journal(self) -> Journal:
        raise NotImplementedError("the subclass says how to write to it")

    async def test_a_new_channel_gets_its_epoch_when_its_position_is_asked(self, event_log: EventLog) -> None:
        position = (await event_log.positions(["chat:1"]))["chat:1"]
        assert position.offset == 0
        assert position.epoch
        assert (await event_log.positions(["chat:1"]))["chat:1"] == position

    async def test_the_epoch_of_an_empty_stream_is_that_of_its_first_event(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        empty = (await event_log.positions(["chat:1"]))["chat:1"]
        await journal.append("chat:1", b'{"n":1}')
        assert (await event_log.positions(["chat:1"]))["chat:1"] == Position(empty.epoch, 1)

    async def test_streams_have_epochs_of_their_own(self, event_log: EventLog) -> None:
        positions = await event_log.positions(["chat:1", "chat:2"])
        assert positions["chat:1"].epoch != positions["chat:2"].epoch

    async def test_positions_of_all_asked_channels_come_back_and_of_no_others(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        await journal.append("chat:1", b'{"n":1}', b'{"n":2}')
        await journal.append("chat:2", b'{"n":1}')
        await journal.append("chat:3", b'{"n":1}')
        positions = await event_log.positions(["chat:2", "chat:1", "chat:9"])
        assert {channel: position.offset for channel, position in positions.items()} == {
            "chat:1": 2,
            "chat:2": 1,
            "chat:9": 0,
        }

    async def test_positions_of_no_channels_are_none(self, event_log: EventLog) -> None:
        assert dict(await event_log.positions([])) == {}

    async def test_more_channels_than_fit_one_statement_are_answered(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        channels = [f"chat:{number}" for number in range(1500)]
        await journal.append("chat:1499", b'{"n":1}')
        positions = await event_log.positions(channels)
        assert set(positions) == set(channels)
        assert positions["chat:1499"].offset == 1
        slices = await event_log.read([ReadAfter(channel, 0, 10) for channel in channels])
        assert [len(piece.publications) for piece in slices] == [0] * 1499 + [1]

    async def test_what_was_written_is_read_in_order_and_unaltered(self, event_log: EventLog, journal: Journal) -> None:
        payloads = ['{"text":"Привет, мир 👋"}'.encode(), b'{"text":"\\u0000\\n"}', b"[1,2.50,null]", b'""', b"{}"]
        await journal.append("chat:1", *payloads)
        [piece] = await event_log.read([ReadAfter("chat:1", 0, 100)])
        assert [publication.offset for publication in piece.publications] == [1, 2, 3, 4, 5]
        assert [publication.data for publication in piece.publications] == payloads
        assert piece.position.offset == 5
        assert piece.floor == 0

    async def test_a_slice_starts_after_the_asked_offset_and_ends_at_the_limit(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        await journal.append("chat:1", *(b'{"n":%d}' % number for number in range(1, 11)))
        [piece] = await event_log.read([ReadAfter("chat:1", 4, 3)])
        assert [publication.offset for publication in piece.publications] == [5, 6, 7]
        assert piece.position.offset == 10

    async def test_a_slice_past_the_top_is_empty_and_says_where_the_top_is(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        await journal.append("chat:1", b'{"n":1}')
        for offset in (1, 2, 2**53 - 1):
            [piece] = await event_log.read([ReadAfter("chat:1", offset, 10)])
            assert list(piece.publications) == []
            assert piece.position.offset == 1

    async def test_a_limit_of_nothing_reads_the_position_alone(self, event_log: EventLog, journal: Journal) -> None:
        await journal.append("chat:1", b'{"n":1}')
        [piece] = await event_log.read([ReadAfter("chat:1", 0, 0)])
        assert list(piece.publications) == []
        assert piece.position.offset == 1

    async def test_a_channel_never_published_to_has_an_empty_slice(self, event_log: EventLog) -> None:
        [piece] = await event_log.read([ReadAfter("chat:1", 0, 10)])
        assert piece.position == Position("", 0)
        assert list(piece.publications) == []

    async def test_slices_come_in_the_order_of_the_requests_also_for_one_channel(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        await journal.append("chat:1", b'{"n":1}', b'{"n":2}', b'{"n":3}')
        await journal.append("chat:2", b'{"m":1}')
        slices = await event_log.read(
            [
                ReadAfter("chat:2", 0, 10),
                ReadAfter("chat:1", 2, 10),
                ReadAfter("chat:9", 0, 10),
                ReadAfter("chat:1", 0, 2),
                ReadAfter("chat:1", 0, 2),
            ]
        )
        assert [[publication.offset for publication in piece.publications] for piece in slices] == [
            [1],
            [3],
            [],
            [1, 2],
            [1, 2],
        ]
        assert slices[0].publications[0].data == b'{"m":1}'

    async def test_reading_nothing_gives_nothing(self, event_log: EventLog) -> None:
        assert list(await event_log.read([])) == []

    async def test_what_was_rolled_back_is_not_there_and_leaves_no_gap(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        await journal.append("chat:1", b'{"n":1}')
        await journal.append_and_roll_back("chat:1", b'{"n":"lost"}', b'{"n":"lost"}')
        await journal.append("chat:1", b'{"n":2}')
        [piece] = await event_log.read([ReadAfter("chat:1", 0, 10)])
        assert [(publication.offset, publication.data) for publication in piece.publications] == [
            (1, b'{"n":1}'),
            (2, b'{"n":2}'),
        ]

    async def test_pruning_raises_the_floor_and_keeps_what_is_above(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        await journal.append("chat:1", *(b'{"n":%d}' % number for number in range(1, 11)))
        await journal.prune("chat:1", through=6)
        [piece] = await event_log.read([ReadAfter("chat:1", 0, 3)])
        assert piece.floor == 6
        assert [publication.offset for publication in piece.publications] == [7, 8, 9]
        epoch = piece.position.epoch
        assert not piece.covers(Position(epoch, 5))
        assert piece.covers(Position(epoch, 6))
        assert piece.covers(Position(epoch, 10))
        assert not piece.covers(Position(epoch, 11))

    async def test_pruning_everything_keeps_the_position(self, event_log: EventLog, journal: Journal) -> None:
        await journal.append("chat:1", b'{"n":1}', b'{"n":2}')
        before = (await event_log.positions(["chat:1"]))["chat:1"]
        await journal.prune("chat:1", through=2)
        [piece] = await event_log.read([ReadAfter("chat:1", 0, 10)])
        assert piece.position == before
        assert piece.floor == 2
        await journal.append("chat:1", b'{"n":3}')
        [piece] = await event_log.read([ReadAfter("chat:1", 2, 10)])
        assert [publication.offset for publication in piece.publications] == [3]
        assert piece.covers(before)

    async def test_after_a_restored_backup_no_old_position_is_covered(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        await journal.append("chat:1", b'{"n":1}', b'{"n":2}')
        old = await event_log.positions(["chat:1", "chat:2"])
        await journal.start_new_epoch()
        new = await event_log.positions(["chat:1", "chat:2"])
        assert new["chat:1"].offset == 2
        for channel in ("chat:1", "chat:2"):
            assert new[channel].epoch != old[channel].epoch
            [piece] = await event_log.read([ReadAfter(channel, 0, 10)])
            assert not piece.covers(old[channel])
            assert piece.covers(new[channel])

    async def test_a_change_is_noticed(self, event_log: EventLog, journal: Journal) -> None:
        await event_log.changed()
        await journal.append("chat:1", b'{"n":1}')
        assert await event_log.changed()

    async def test_a_change_is_noticed_however_often_one_asked_before(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        for number in range(5):
            for _ in range(3):
                await event_log.changed()
            await journal.append("chat:1", b'{"n":%d}' % number)
            assert await event_log.changed()

    async def test_reads_at_the_same_time_each_get_their_own_answer(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        for number in range(20):
            await journal.append(f"chat:{number}", b'{"n":%d}' % number)
        answers = await asyncio.gather(*(event_log.read([ReadAfter(f"chat:{n}", 0, 1)]) for n in range(20)))
        assert [answer[0].publications[0].data for answer in answers] == [b'{"n":%d}' % n for n in range(20)]

    async def test_a_reader_that_polls_while_others_write_sees_everything_once_and_in_order(
        self, event_log: EventLog, journal: Journal
    ) -> None:
        async def write() -> None:
            for number in range(1, 41):
                await journal.append("chat:1", b'{"n":%d}' % number)

        writing = asyncio.create_task(write())
        seen: list[bytes] = []
        while len(seen) < 40:
            done = writing.done()
            [piece] = await event_log.read([ReadAfter("chat:1", len(seen), 7)])
            seen += [publication.data for publication in piece.publications]
            assert [publication.offset for publication in piece.publications] == list(
                range(len(seen) - len(piece.publications) + 1, len(seen) + 1)
            )
            assert piece.publications or not done, "the writer is done, but not everything can be read"
        await writing
        assert seen == [b'{"n":%d}' % number for number in range(1, 41)]
