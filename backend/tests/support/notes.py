"""An event for tests of the log: who wrote it and which of theirs it is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from vestnik.apps.eventlog.events import Event
from vestnik.apps.eventlog.log import Entry, append, transaction
from vestnik.apps.eventlog.models import LoggedEvent


class Note(Event, frozen=True, tag="note"):
    writer: str
    number: int


def write_note(*channels: str, writer: str = "test", number: int = 1) -> list[Entry]:
    """Append one note to each channel, in the given order, in one transaction."""
    with transaction():
        return [append(channel, Note(writer=writer, number=number)) for channel in channels]


def write_notes(channel: str, count: int, *, first: int = 1) -> None:
    """Append the notes ``first``, ``first + 1`` … in one transaction."""
    with transaction():
        for number in range(first, first + count):
            append(channel, Note(writer="test", number=number))


def read_note(data: bytes | str) -> Note:
    return msgspec.json.decode(data, type=Note)


def notes_on(channel: str) -> Sequence[tuple[int, Note]]:
    """``(offset, note)`` of all that the tables hold of a channel, by offset."""
    rows = LoggedEvent.objects.filter(stream__channel=channel).order_by("offset")
    return [(offset, read_note(data)) for offset, data in rows.values_list("offset", "data")]
