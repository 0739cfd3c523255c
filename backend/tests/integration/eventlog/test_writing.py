"""Appending: what is logged, what is dropped, and who hears of it when."""

from __future__ import annotations

import msgspec
import pytest
from django.db import transaction as django_transaction

from vestnik.apps.eventlog import outlet
from vestnik.apps.eventlog.events import Event
from vestnik.apps.eventlog.log import append, broadcast, position_of, positions_of, transaction
from vestnik.apps.eventlog.models import LoggedEvent, Stream
from vestnik.core.errors import LocalError
from vestnik.core.ports import Ephemeral, Hint

pytestmark = pytest.mark.django_db(transaction=True)


class Said(Event, frozen=True, tag="said"):
    text: str


def logged(channel: str) -> list[tuple[int, str]]:
    rows = LoggedEvent.objects.filter(stream__channel=channel).order_by("offset").values_list("offset", "data")
    return [(offset, msgspec.json.decode(data)["text"]) for offset, data in rows]


def test_offsets_count_up_from_one_per_channel() -> None:
    with transaction():
        append("chat:1", Said(text="a"))
        append("chat:2", Said(text="b"))
        append("chat:1", Said(text="c"))
    with transaction():
        append("chat:1", Said(text="d"))
    assert logged("chat:1") == [(1, "a"), (2, "c"), (3, "d")]
    assert logged("chat:2") == [(1, "b")]
    assert position_of("chat:1").offset == 3


def test_an_entry_learns_its_position_at_the_end_of_the_outermost_block() -> None:
    with transaction():
        with transaction():
            entry = append("chat:1", Said(text="a"))
        assert entry.position is None
    assert entry.position == position_of("chat:1")


def test_a_rollback_burns_no_offset_and_tells_nobody(heard: list[Hint | Ephemeral]) -> None:
    with transaction():
        append("chat:1", Said(text="a"))
    with pytest.raises(ZeroDivisionError), transaction():
        append("chat:1", Said(text="lost"))
        raise ZeroDivisionError
    with transaction():
        append("chat:1", Said(text="b"))
    assert logged("chat:1") == [(1, "a"), (2, "b")]
    assert [signal.offset for signal in heard if isinstance(signal, Hint)] == [1, 2]


def test_hints_come_after_commit_in_order_and_carry_the_data(heard: list[Hint | Ephemeral]) -> None:
    with transaction():
        append("chat:1", Said(text="a"))
        append("chat:1", Said(text="b"))
        assert heard == []
    position = position_of("chat:1")
    assert [(h.channel, h.epoch, h.offset) for h in heard if isinstance(h, Hint)] == [
        ("chat:1", position.epoch, 1),
        ("chat:1", position.epoch, 2),
    ]
    assert [msgspec.json.decode(signal.data)["text"] for signal in heard] == ["a", "b"]


def test_hints_wait_for_the_commit_of_a_plain_atomic_block_around(heard: list[Hint | Ephemeral]) -> None:
    with django_transaction.atomic():
        with transaction():
            append("chat:1", Said(text="a"))
        with transaction():
            append("chat:1", Said(text="b"))
        assert heard == []
    assert len(heard) == 2
    assert logged("chat:1") == [(1, "a"), (2, "b")]


def test_a_plain_atomic_block_around_that_rolls_back_takes_the_events_with_it(heard: list[Hint | Ephemeral]) -> None:
    with pytest.raises(ZeroDivisionError), django_transaction.atomic():
        with transaction():
            append("chat:1", Said(text="a"))
        raise ZeroDivisionError
    assert heard == []
    assert not LoggedEvent.objects.exists()


def test_an_inner_block_that_raises_drops_only_its_own_events(heard: list[Hint | Ephemeral]) -> None:
    with transaction():
        append("chat:1", Said(text="before"))
        with pytest.raises(ZeroDivisionError), transaction():
            append("chat:1", Said(text="inner"))
            append("chat:2", Said(text="inner"))
            raise ZeroDivisionError
        append("chat:1", Said(text="after"))
    assert logged("chat:1") == [(1, "before"), (2, "after")]
    assert not Stream.objects.filter(channel="chat:2").exists()
    assert len(heard) == 2


def test_a_plain_atomic_block_inside_that_raises_drops_its_events_too() -> None:
    with transaction():
        append("chat:1", Said(text="before"))
        with pytest.raises(ZeroDivisionError), django_transaction.atomic():
            append("chat:1", Said(text="inner"))
            raise ZeroDivisionError
        append("chat:1", Said(text="after"))
    assert logged("chat:1") == [(1, "before"), (2, "after")]


def test_a_block_without_events_writes_nothing() -> None:
    with transaction():
        pass
    assert not Stream.objects.exists()


def test_appending_outside_a_transaction_is_refused() -> None:
    with pytest.raises(LocalError, match=r"chat:1.*not inside"):
        append("chat:1", Said(text="a"))
    with django_transaction.atomic(), pytest.raises(LocalError, match="not inside"):
        append("chat:1", Said(text="a"))


@pytest.mark.parametrize("channel", ["", "a" * 256, "chat:\n1", "chat:\x00"])
def test_a_channel_name_that_cannot_be_is_refused(channel: str) -> None:
    with transaction(), pytest.raises(LocalError, match="channel"):
        append(channel, Said(text="a"))
    with pytest.raises(LocalError, match="channel"):
        broadcast(channel, Said(text="a"))
    with pytest.raises(LocalError, match="channel"):
        position_of(channel)


def test_text_that_is_not_unicode_is_refused_and_changes_nothing() -> None:
    with pytest.raises(LocalError, match="cannot publish on chat:1"), transaction():
        append("chat:1", Said(text="\ud800"))
    assert not Stream.objects.exists()


def test_nul_and_newlines_survive_as_escapes_on_one_line() -> None:
    with transaction():
        append("chat:1", Said(text="a\x00b\nc\u2028d"))
    assert logged("chat:1") == [(1, "a\x00b\nc\u2028d")]
    assert "\n" not in LoggedEvent.objects.get().data


def test_raw_json_is_put_on_one_line() -> None:
    with transaction():
        entry = append("chat:1", msgspec.Raw(b'{\n  "text": "a"\n}'))
    assert entry.data == b'{"text":"a"}'


@pytest.mark.parametrize("junk", [b"", b"{", b"nonsense", b'{"a":1} {"b":2}', b'"\xff"'])
def test_raw_data_that_is_not_json_is_refused(junk: bytes) -> None:
    with transaction(), pytest.raises(LocalError, match="cannot publish on chat:1"):
        append("chat:1", msgspec.Raw(junk))


def test_an_event_carries_its_type_and_an_aware_time() -> None:
    with transaction():
        entry = append("chat:1", Said(text="a"))
    payload = msgspec.json.decode(entry.data)
    assert payload["type"] == "said"
    assert payload["at"].endswith("Z")


def test_a_broadcast_is_heard_at_once_and_not_logged(heard: list[Hint | Ephemeral]) -> None:
    broadcast("typing:1", Said(text="a"))
    assert [type(signal) for signal in heard] == [Ephemeral]
    assert not Stream.objects.exists()


def test_a_listener_that_fails_harms_neither_the_writer_nor_the_other_listeners(
    heard: list[Hint | Ephemeral], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(signal: Hint | Ephemeral) -> None:
        raise RuntimeError("broken")

    stop_failing = outlet.listen(fail)
    later: list[Hint | Ephemeral] = []
    stop_later = outlet.listen(later.append)
    try:
        with transaction():
            append("chat:1", Said(text="a"))
    finally:
        stop_failing()
        stop_later()
    assert len(heard) == len(later) == 1
    assert "a listener failed" in caplog.text


def test_a_listener_that_stopped_hears_nothing_more(heard: list[Hint | Ephemeral]) -> None:
    other: list[Hint | Ephemeral] = []
    stop = outlet.listen(other.append)
    again = outlet.listen(other.append)
    stop()
    stop()
    broadcast("typing:1", Said(text="a"))
    assert len(other) == 1
    again()
    broadcast("typing:1", Said(text="b"))
    assert len(other) == 1
    assert len(heard) == 2


def test_asking_for_a_position_gives_a_new_stream_its_epoch() -> None:
    position = position_of("chat:1")
    assert position.epoch
    assert position.offset == 0
    with transaction():
        entry = append("chat:1", Said(text="a"))
    assert entry.position is not None
    assert entry.position.epoch == position.epoch


def test_positions_of_many_channels_come_together() -> None:
    with transaction():
        append("chat:1", Said(text="a"))
    positions = positions_of(["chat:1", "chat:2", "chat:2"])
    assert {channel: position.offset for channel, position in positions.items()} == {"chat:1": 1, "chat:2": 0}
    assert positions["chat:1"].epoch != positions["chat:2"].epoch
    assert positions_of(["chat:1", "chat:2"]) == positions


def test_more_events_and_channels_than_fit_one_statement_are_logged_in_full() -> None:
    with transaction():
        for number in range(1000):
            append(f"chat:{number % 450}", Said(text=str(number)))
    assert Stream.objects.count() == 450
    assert logged("chat:7") == [(1, "7"), (2, "457"), (3, "907")]
