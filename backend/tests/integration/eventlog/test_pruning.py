"""Retention: old events go, their floor rises with it, nothing else moves."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module, invalidate_caches
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command

from tests.support.notes import notes_on, write_note, write_notes
from tests.support.threads import at_the_same_time
from vestnik.apps.eventlog import control
from vestnik.apps.eventlog.log import position_of, transaction
from vestnik.apps.eventlog.models import LoggedEvent, Stream
from vestnik.apps.eventlog.namespaces import declared_namespaces
from vestnik.apps.eventlog.pruning import prune, start_new_epochs, undeclared_streams
from vestnik.core.errors import LocalError
from vestnik.core.namespaces import Namespace

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 86400.0
CHAT = Namespace(name="chat", logged=True, retention=30 * DAY)
NEWS = Namespace(name="news", logged=True, retention=1 * DAY)
NAMELESS = Namespace(name="", logged=True, retention=1 * DAY)
TYPING = Namespace(name="typing", logged=False, retention=0.0)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def offsets_on(channel: str) -> list[int]:
    return [offset for offset, _ in notes_on(channel)]


def floor_of(channel: str) -> int:
    return Stream.objects.get(channel=channel).floor


def test_each_namespace_keeps_its_events_for_its_own_time(clock: time_machine.Traveller) -> None:
    write_note("chat:1", "news:1")
    clock.shift(2 * DAY)
    write_note("chat:1", "news:1")
    assert prune([CHAT, NEWS]) == {"news": 1}
    assert offsets_on("chat:1") == [1, 2]
    assert offsets_on("news:1") == [2]
    assert (floor_of("chat:1"), floor_of("news:1")) == (0, 1)
    clock.shift(29 * DAY)
    assert prune([CHAT, NEWS]) == {"chat": 1, "news": 1}
    assert offsets_on("chat:1") == [2]
    assert offsets_on("news:1") == []


def test_pruning_again_removes_nothing_more(clock: time_machine.Traveller) -> None:
    write_notes("chat:1", 10)
    clock.shift(31 * DAY)
    assert prune([CHAT]) == {"chat": 10}
    assert prune([CHAT]) == {}
    assert floor_of("chat:1") == 10


def test_an_event_exactly_as_old_as_the_retention_stays(clock: time_machine.Traveller) -> None:
    write_note("chat:1")
    clock.shift(30 * DAY)
    assert prune([CHAT]) == {}
    clock.shift(0.001)
    assert prune([CHAT]) == {"chat": 1}


@pytest.mark.parametrize("retention", [math.inf, 1e300, 1e12])
def test_a_namespace_may_keep_its_events_for_ever(clock: time_machine.Traveller, retention: float) -> None:
    write_note("chat:1")
    clock.shift(4000 * DAY)
    assert prune([Namespace(name="chat", logged=True, retention=retention)]) == {}


def test_epoch_and_top_survive_pruning_and_counting_goes_on(clock: time_machine.Traveller) -> None:
    write_notes("chat:1", 3)
    before = position_of("chat:1")
    clock.shift(31 * DAY)
    prune([CHAT])
    assert position_of("chat:1") == before
    write_note("chat:1")
    assert offsets_on("chat:1") == [4]


@pytest.mark.parametrize("events_at_once", [1, 3, 7, 1000])
def test_streams_of_any_length_are_pruned_in_small_transactions(
    clock: time_machine.Traveller, events_at_once: int
) -> None:
    write_notes("chat:1", 20)
    write_notes("chat:2", 1)
    clock.shift(31 * DAY)
    write_notes("chat:1", 2, first=21)
    assert prune([CHAT], events_at_once=events_at_once) == {"chat": 21}
    assert offsets_on("chat:1") == [21, 22]
    assert floor_of("chat:1") == 20


def test_clocks_that_disagree_never_cost_an_event_that_is_young_enough(clock: time_machine.Traveller) -> None:
    write_note("chat:1")
    clock.shift(2 * DAY)
    write_note("chat:1")
    clock.shift(-2 * DAY)  # written last, by a machine whose clock is behind
    write_note("chat:1")
    assert prune([CHAT], now=datetime(2026, 2, 1, tzinfo=UTC)) == {"chat": 1}
    assert offsets_on("chat:1") == [2, 3]


def test_namespaces_of_similar_names_do_not_touch_each_other(clock: time_machine.Traveller) -> None:
    channels = ["news:1", "NEWS:1", "newsletter:1", "new_s:1", "news", "letter:news:1"]
    write_note(*channels)
    clock.shift(2 * DAY)
    assert prune([NEWS]) == {"news": 1}
    assert {channel: offsets_on(channel) for channel in channels} == {
        channel: [] if channel == "news:1" else [1] for channel in channels
    }
    assert prune([NAMELESS]) == {"": 1}
    assert offsets_on("news") == []
    assert offsets_on("letter:news:1") == [1]


def test_what_is_not_declared_or_not_logged_is_left_alone_and_counted(clock: time_machine.Traveller) -> None:
    write_note("other:1", "typing:1", "chat:1")
    clock.shift(400 * DAY)
    assert prune([CHAT, TYPING]) == {"chat": 1}
    assert offsets_on("other:1") == offsets_on("typing:1") == [1]
    assert undeclared_streams([CHAT, TYPING]) == 2
    assert undeclared_streams([CHAT, Namespace(name="other", logged=True), Namespace(name="typing", logged=True)]) == 0


def test_orders_to_the_nodes_are_pruned_although_no_app_declares_them(clock: time_machine.Traveller) -> None:
    with transaction():
        control.unsubscribe_user("7", "chat:1")
    clock.shift(control.NAMESPACE.retention + 1)
    assert prune([]) == {"control": 1}


def test_pruning_at_the_same_time_as_writing_and_pruning_leaves_every_stream_whole(
    clock: time_machine.Traveller,
) -> None:
    for channel in ("chat:1", "chat:2"):
        write_notes(channel, 50)
    clock.shift(31 * DAY)

    def write() -> None:
        for number in range(51, 91):
            write_note("chat:2", "chat:1", number=number)

    def remove() -> None:
        prune([CHAT], events_at_once=5)

    at_the_same_time(write, remove, remove, write)
    for channel in ("chat:1", "chat:2"):
        assert floor_of(channel) == 50
        assert offsets_on(channel) == list(range(51, 131))


def test_a_new_epoch_changes_every_stream_and_keeps_the_events() -> None:
    channels = [f"chat:{number}" for number in range(700)]
    write_note(*channels)
    before = {stream.channel: stream for stream in Stream.objects.all()}
    assert start_new_epochs() == 700
    for stream in Stream.objects.all():
        assert stream.epoch != before[stream.channel].epoch
        assert (stream.pk, stream.top, stream.floor) == (before[stream.channel].pk, 1, 0)
    assert LoggedEvent.objects.count() == 700


def test_a_new_epoch_does_not_undo_what_is_written_meanwhile() -> None:
    channels = [f"chat:{number}" for number in range(20)]
    write_note(*channels)

    def write() -> None:
        for _ in range(20):
            write_note(*reversed(channels))

    at_the_same_time(write, start_new_epochs, write, start_new_epochs)
    assert {position_of(channel).offset for channel in channels} == {41}


def test_the_command_prunes_what_the_installed_apps_declare(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestnik.apps.eventlog.management.commands.prune_events.declared_namespaces", lambda: [CHAT])
    write_note("chat:1", "lost:1")
    clock.shift(31 * DAY)
    output = StringIO()
    call_command("prune_events", stdout=output, no_color=True)
    assert output.getvalue().splitlines() == [
        "chat: 1 events removed",
        "1 streams belong to no declared namespace and are never pruned.",
    ]
    output = StringIO()
    call_command("prune_events", stdout=output, no_color=True)
    assert output.getvalue().splitlines()[0] == "Nothing is old enough to be removed."


def test_the_command_for_a_restored_backup_says_how_many_streams_start_anew() -> None:
    write_note("chat:1", "chat:2")
    before = position_of("chat:1")
    output = StringIO()
    call_command("new_epoch", stdout=output)
    assert output.getvalue() == "2 streams start a new epoch.\n"
    assert position_of("chat:1").epoch != before.epoch


Declare = Callable[..., None]


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Declare:
    """Pretends that apps with these ``channels`` modules (none for ``None``) are the installed ones."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(**sources: str | None) -> None:
        configs = []
        for name, source in sources.items():
            package = tmp_path / f"declared_{name}"
            package.mkdir()
            (package / "__init__.py").write_text("")
            if source is not None:
                (package / "channels.py").write_text(f"from vestnik.core.namespaces import Namespace\n{source}\n")
            for module in (package.name, f"{package.name}.channels"):
                monkeypatch.delitem(sys.modules, module, raising=False)
            invalidate_caches()
            configs.append(SimpleNamespace(name=package.name, module=import_module(package.name)))
        monkeypatch.setattr(apps, "get_app_configs", lambda: configs)

    return install


def test_namespaces_are_collected_from_the_apps(declare: Declare) -> None:
    declare(one="NAMESPACES = [Namespace(name='one', logged=True)]", two="", three=None)
    assert [namespace.name for namespace in declared_namespaces()] == ["one"]


def test_a_namespace_that_two_apps_declare_is_an_error(declare: Declare) -> None:
    line = "NAMESPACES = [Namespace(name='same')]"
    declare(one=line, two=line)
    with pytest.raises(LocalError, match="'same' is declared twice"):
        declared_namespaces()


def test_what_is_no_namespace_is_an_error_that_names_the_app(declare: Declare) -> None:
    declare(one="NAMESPACES = ['chat']")
    with pytest.raises(LocalError, match=r"declared_one\.channels\.NAMESPACES holds 'chat'"):
        declared_namespaces()
