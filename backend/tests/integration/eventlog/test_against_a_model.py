"""The log against a model of it: whatever is done in whatever order, a list per channel says the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import time_machine
from django.db import transaction as django_transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from vestnik.apps.eventlog import outlet
from vestnik.apps.eventlog.log import append, position_of, positions_of, transaction
from vestnik.apps.eventlog.models import LoggedEvent, Stream
from vestnik.apps.eventlog.pruning import prune, start_new_epochs
from vestnik.apps.eventlog.reader import read_slices
from vestnik.core.namespaces import Namespace
from vestnik.core.ports import Ephemeral, Hint, ReadAfter
from vestnik.core.position import Position

CHANNELS = ["chat:1", "chat:2", "news:1", "новости:1"]
RETENTION = {"chat": 100.0, "news": 10.0}
NAMESPACES = [Namespace(name=name, logged=True, retention=seconds) for name, seconds in RETENTION.items()]

channels = st.sampled_from(CHANNELS)
batches = st.lists(channels, min_size=1, max_size=6)


class Modelled:
    """What a stream should be: all that was ever committed to it, and how much of that is gone."""

    def __init__(self) -> None:
        self.events: list[tuple[bytes, datetime]] = []
        self.floor = 0
        self.epochs: list[str] = []


class LogMachine(RuleBasedStateMachine):
    """Rules do something to the log and the same to the model; invariants compare them."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False)
        self.now = self.clock.start()
        self.model = {channel: Modelled() for channel in CHANNELS}
        self.heard: list[Hint | Ephemeral] = []
        self.stop_listening = outlet.listen(self.heard.append)
        self.counter = 0

    @initialize()
    def start_empty(self) -> None:
        LoggedEvent.objects.all().delete()
        Stream.objects.all().delete()

    def teardown(self) -> None:
        self.stop_listening()
        self.clock.stop()

    def collect(self, batch: list[str]) -> list[tuple[str, bytes]]:
        collected = []
        for channel in batch:
            self.counter += 1
            data = msgspec.json.encode({"n": self.counter})
            append(channel, msgspec.Raw(data))
            collected.append((channel, data))
        return collected

    def committed(self, events: list[tuple[str, bytes]]) -> None:
        """The model's side of a commit; every event was heard once, in order, with its place."""
        expected = []
        for channel, data in events:
            stream = self.model[channel]
            stream.events.append((data, datetime.now(UTC)))
            expected.append((channel, len(stream.events), data))
        assert [(h.channel, h.offset, h.data) for h in self.heard if isinstance(h, Hint)] == expected
        self.heard.clear()

    @rule(batch=batches)
    def write(self, batch: list[str]) -> None:
        with transaction():
            events = self.collect(batch)
        self.committed(events)

    @rule(batch=batches)
    def roll_back(self, batch: list[str]) -> None:
        with pytest.raises(ZeroDivisionError), transaction():
            self.collect(batch)
            raise ZeroDivisionError
        self.committed([])

    @rule(before=batches, inside=batches, after=batches, fails=st.booleans(), plain=st.booleans())
    def nest(self, before: list[str], inside: list[str], after: list[str], fails: bool, plain: bool) -> None:
        with transaction():
            events = self.collect(before)
            try:
                with django_transaction.atomic() if plain else transaction():
                    inner = self.collect(inside)
                    if fails:
                        raise ZeroDivisionError  # noqa: TRY301  # the block inside has to fail here
                events += inner
            except ZeroDivisionError:
                pass
            events += self.collect(after)
        self.committed(events)

    @rule(first=batches, second=batches, fails=st.booleans())
    def write_twice_in_one_database_transaction(self, first: list[str], second: list[str], fails: bool) -> None:
        events = []
        try:
            with django_transaction.atomic():
                with transaction():
                    events += self.collect(first)
                with transaction():
                    events += self.collect(second)
                if fails:
                    raise ZeroDivisionError  # noqa: TRY301  # the block around has to fail here
        except ZeroDivisionError:
            events = []
        self.committed(events)

    @rule(seconds=st.integers(1, 60))
    def let_time_pass(self, seconds: int) -> None:
        self.now.shift(seconds)

    @rule(events_at_once=st.integers(1, 5))
    def prune(self, events_at_once: int) -> None:
        removed = prune(NAMESPACES, events_at_once=events_at_once)
        expected: dict[str, int] = {}
        for channel, stream in self.model.items():
            name = channel.partition(":")[0]
            if name not in RETENTION:
                continue
            cutoff = datetime.now(UTC) - timedelta(seconds=RETENTION[name])
            kept = [offset for offset, (_, at) in enumerate(stream.events, start=1) if at >= cutoff]
            floor = kept[0] - 1 if kept else len(stream.events)
            if floor > stream.floor:
                expected[name] = expected.get(name, 0) + floor - stream.floor
                stream.floor = floor
        assert removed == expected

    @rule()
    def start_new_epochs(self) -> None:
        start_new_epochs()
        for channel, stream in self.model.items():
            if Stream.objects.filter(channel=channel).exists():
                assert position_of(channel).epoch not in stream.epochs

    @rule(requests=st.lists(st.tuples(channels, st.integers(-1, 30), st.integers(0, 10)), max_size=5))
    def read(self, requests: list[tuple[str, int, int]]) -> None:
        slices = read_slices([ReadAfter(*request) for request in requests])
        for (channel, after, limit), piece in zip(requests, slices, strict=True):
            stream = self.model[channel]
            start = max(after, stream.floor, 0)
            expected = stream.events[start : start + limit]
            assert [(p.offset, p.data) for p in piece.publications] == [
                (start + number, data) for number, (data, _) in enumerate(expected, start=1)
            ]
            assert piece.position.offset == len(stream.events)
            assert piece.floor == stream.floor
            if piece.position.epoch:
                resumable = [offset for offset in range(40) if piece.covers(Position(piece.position.epoch, offset))]
                assert resumable == list(range(stream.floor, len(stream.events) + 1))

    @invariant()
    def positions_are_where_they_should_be(self) -> None:
        for channel, position in positions_of(CHANNELS).items():
            stream = self.model[channel]
            assert position.offset == len(stream.events)
            if position.epoch not in stream.epochs:
                stream.epochs.append(position.epoch)

    @invariant()
    def the_tables_hold_what_is_above_the_floor_and_nothing_else(self) -> None:
        rows = LoggedEvent.objects.order_by("stream", "offset").values_list("stream__channel", "offset", "data")
        held: dict[str, list[tuple[int, str]]] = {channel: [] for channel in CHANNELS}
        for channel, offset, data in rows:
            held[channel].append((offset, data))
        for channel, stream in self.model.items():
            assert held[channel] == [
                (offset, data.decode())
                for offset, (data, _) in enumerate(stream.events, start=1)
                if offset > stream.floor
            ]


@pytest.mark.django_db(transaction=True)
def test_the_log_does_what_its_model_does() -> None:
    run_state_machine_as_test(
        LogMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
