"""Writing the log: events are collected inside a transaction, numbered at its end, and announced after commit."""

from __future__ import annotations

import secrets
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
from django.db import DEFAULT_DB_ALIAS, connections
from django.db import transaction as django_transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from vestnik.apps.eventlog import outlet
from vestnik.apps.eventlog.events import Appendable, Event, encode
from vestnik.apps.eventlog.models import LoggedEvent, Stream
from vestnik.core.channel import parse_channel
from vestnik.core.errors import LocalError
from vestnik.core.ports import Ephemeral, Hint
from vestnik.core.position import Position

# SQLite used to allow 999 parameters in a statement, and some builds still do.
ROWS_AT_ONCE = 200  # of a few parameters each, in one INSERT
CHANNELS_AT_ONCE = 900  # in one SELECT


class _Depth(threading.local):
    """How many :func:`transaction` blocks this thread is in."""

    value = 0


_depth = _Depth()


class Entry:
    """An event on its way into the log.

    Attributes:
        channel: Where it goes.
        data: Its JSON.
        position: Where it stands in the channel's stream; ``None`` until the outermost block has ended.
    """

    __slots__ = ("channel", "data", "position")

    def __init__(self, channel: str, data: bytes) -> None:
        self.channel = channel
        self.data = data
        self.position: Position | None = None

    def __call__(self) -> None:
        """Announce it. Called by Django after commit."""
        if self.position is not None:
            outlet.send(Hint(self.channel, self.position.epoch, self.position.offset, self.data))


@contextmanager
def transaction() -> Iterator[None]:
    """An atomic block whose events are logged at its end.

    Blocks nest: an inner one joins the outer one, and if it raises, its changes and its events are dropped. When the
    outermost block ends, the counter rows of all channels touched are locked in sorted order, so that two transactions
    never wait for each other in a circle, and only until commit. After commit each event goes to the
    :mod:`outlet <vestnik.apps.eventlog.outlet>`.

    Example::

        with transaction():
            message = Message.objects.create(...)
            append(f"chat:{room.pk}", MessageCreated(message=render(message)))
    """
    with django_transaction.atomic(using=DEFAULT_DB_ALIAS):
        _depth.value += 1
        try:
            yield
            if _depth.value == 1:
                _log_collected(connections[DEFAULT_DB_ALIAS])
        finally:
            _depth.value -= 1


def append(channel: str, event: Appendable) -> Entry:
    """Log ``event`` on ``channel``, if and only if the transaction commits.

    Returns:
        The entry; its ``position`` is known once the outermost :func:`transaction` block has ended.

    Raises:
        LocalError: Outside :func:`transaction`, or the channel's name cannot be.
    """
    if not _depth.value:
        raise LocalError(f"cannot append to {channel}: not inside vestnik.apps.eventlog.log.transaction()")
    _check_name(channel)
    entry = Entry(channel, _encoded(channel, event))
    # Django forgets what was registered inside a savepoint that is rolled back, whoever made that savepoint: its list
    # of callbacks is exactly the list of events that are still to happen.
    django_transaction.on_commit(entry, using=DEFAULT_DB_ALIAS, robust=True)
    return entry


def broadcast(channel: str, event: Event | msgspec.Raw) -> None:
    """Publish ``event`` to whoever is subscribed now. It is not logged, has no offset, and may be lost."""
    _check_name(channel)
    outlet.send(Ephemeral(channel, _encoded(channel, event)))


def position_of(channel: str) -> Position:
    """The top of the channel's stream. Take it *before* reading a snapshot: a duplicate is harmless, a gap is not.

    Creates the stream, and with it its epoch, if it is new; so call it before a transaction rather than inside.

    Raises:
        LocalError: The channel's name cannot be.
    """
    return positions_of([channel])[channel]


def positions_of(channels: Collection[str]) -> dict[str, Position]:
    """:func:`position_of` for many channels, in one query when no stream is new."""
    wanted = sorted(set(channels))
    for channel in wanted:
        _check_name(channel)
    positions = _existing_positions(wanted)
    missing = [channel for channel in wanted if channel not in positions]
    if missing:
        Stream.objects.using(DEFAULT_DB_ALIAS).bulk_create(
            [Stream(channel=channel, epoch=new_epoch()) for channel in missing],
            ignore_conflicts=True,  # somebody else may create it at the same moment
            batch_size=ROWS_AT_ONCE,
        )
        positions |= _existing_positions(missing)
    return positions


def new_epoch() -> str:
    """A name for a new life of a stream: short, and never used before."""
    return secrets.token_urlsafe(6)


def _check_name(channel: str) -> None:
    try:
        parse_channel(channel)
    except ValueError as error:
        raise LocalError(f"channel {channel[:64]!r}: {error}") from error


def _encoded(channel: str, event: Appendable) -> bytes:
    try:
        return encode(event)
    except ValueError as error:
        raise LocalError(f"cannot publish on {channel}: {error}") from error


def _existing_positions(channels: Sequence[str]) -> dict[str, Position]:
    """In SQL, because every node asks for all the channels it serves whenever something has changed."""
    connection = connections[DEFAULT_DB_ALIAS]
    table = connection.ops.quote_name(Stream._meta.db_table)
    positions: dict[str, Position] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(channels), CHANNELS_AT_ONCE):
            asked = channels[start : start + CHANNELS_AT_ONCE]
            places = ", ".join(["%s"] * len(asked))
            cursor.execute(f"SELECT channel, epoch, top FROM {table} WHERE channel IN ({places})", asked)  # noqa: S608
            for channel, epoch, top in cursor.fetchall():
                positions[channel] = Position(epoch, top)
    return positions


def _log_collected(connection: BaseDatabaseWrapper) -> None:
    by_channel: defaultdict[str, list[Entry]] = defaultdict(list)
    for _, callback, *_ in connection.run_on_commit:
        if isinstance(callback, Entry) and callback.position is None:
            by_channel[callback.channel].append(callback)
    if not by_channel:
        return
    counts = [(channel, len(by_channel[channel])) for channel in sorted(by_channel)]
    rows: list[tuple[int, int, str]] = []
    for start in range(0, len(counts), ROWS_AT_ONCE):
        for stream_id, channel, epoch, top in _advance(connection, counts[start : start + ROWS_AT_ONCE]):
            entries = by_channel[channel]
            for offset, entry in enumerate(entries, start=top - len(entries) + 1):
                entry.position = Position(epoch, offset)
                rows.append((stream_id, offset, entry.data.decode()))
    now = datetime.now(UTC)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        _insert(connection, rows[start : start + ROWS_AT_ONCE], now)


def _advance(connection: BaseDatabaseWrapper, counts: Sequence[tuple[str, int]]) -> Sequence[tuple[int, str, str, int]]:
    """Count ``(channel, number of events)`` up, in the given order, and lock the rows until commit.

    Returns:
        ``(stream id, channel, epoch, new top)`` of each channel, in any order.
    """
    table = connection.ops.quote_name(Stream._meta.db_table)
    values = ", ".join(["(%s, %s, %s, 0)"] * len(counts))
    parameters = [value for channel, count in counts for value in (channel, new_epoch(), count)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (channel, epoch, top, floor) VALUES {values} "  # noqa: S608
            f"ON CONFLICT (channel) DO UPDATE SET top = {table}.top + EXCLUDED.top "
            "RETURNING id, channel, epoch, top",
            parameters,
        )
        return list(cursor.fetchall())


def _insert(connection: BaseDatabaseWrapper, rows: Sequence[tuple[int, int, str]], at: datetime) -> None:
    """Write ``(stream id, offset, data)``. In SQL, because every action on the site pays for it."""
    table = connection.ops.quote_name(LoggedEvent._meta.db_table)
    offset = connection.ops.quote_name("offset")
    values = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
    adapted = connection.ops.adapt_datetimefield_value(at)
    parameters = [value for row in rows for value in (*row, adapted)]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} (stream_id, {offset}, data, at) VALUES {values}", parameters)  # noqa: S608
