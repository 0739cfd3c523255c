"""Forgetting: events past their retention, and whole lives of streams after a backup was restored."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import DEFAULT_DB_ALIAS
from django.db import transaction as django_transaction
from django.db.models import F, Q

from vestnik.apps.eventlog import control
from vestnik.apps.eventlog.log import new_epoch
from vestnik.apps.eventlog.models import LoggedEvent, Stream
from vestnik.core.channel import parse_channel
from vestnik.core.namespaces import Namespace

logger = logging.getLogger(__name__)

STREAMS_AT_ONCE = 500
EVENTS_AT_ONCE = 1000  # a transaction of so many rows holds a stream's lock for milliseconds


def prune(
    namespaces: Iterable[Namespace], *, now: datetime | None = None, events_at_once: int = EVENTS_AT_ONCE
) -> dict[str, int]:
    """Remove the events of logged namespaces that are older than the namespace's ``retention``.

    The floor of a stream rises in the transaction that removes the events, so at no moment does a reader see a
    stream that promises what it no longer has. Works in small transactions; may be stopped at any point, run again,
    and run while others write, read and prune. Streams of namespaces that are not given are left alone.

    Args:
        namespaces: All namespaces of the site; those of the log itself are added. A retention of ``math.inf`` keeps
            everything.
        now: What retention counts back from; aware. The present when omitted.
        events_at_once: Rows removed in one transaction.

    Returns:
        How many events were removed, by name of the namespace; those without any are absent.
    """
    now = now or datetime.now(UTC)
    removed: Counter[str] = Counter()
    for namespace in (*namespaces, control.NAMESPACE):
        cutoff = _cutoff(namespace, now)
        if namespace.logged and cutoff is not None:
            count = _prune_namespace(namespace, cutoff, events_at_once)
            if count:
                removed[namespace.name] = count
    return dict(removed)


def undeclared_streams(namespaces: Iterable[Namespace]) -> int:
    """How many streams belong to none of the logged namespaces, so that nothing ever prunes them."""
    declared = Q()
    for namespace in (*namespaces, control.NAMESPACE):
        if namespace.logged:
            declared |= _of_namespace("channel", namespace)
    return Stream.objects.using(DEFAULT_DB_ALIAS).exclude(declared).filter(top__gt=F("floor")).count()


def start_new_epochs() -> int:
    """Give every stream a new epoch: what to do after a backup was restored.

    Offsets that were given out after the backup will be given out again, to other events; a new epoch makes every
    client that saw them fetch a fresh snapshot. The events that are still there keep their offsets. May be repeated.

    Returns:
        How many streams there are.
    """
    count = 0
    last_id = 0
    while True:
        streams = list(Stream.objects.using(DEFAULT_DB_ALIAS).filter(pk__gt=last_id).order_by("pk")[:STREAMS_AT_ONCE])
        if not streams:
            return count
        last_id = streams[-1].pk
        count += len(streams)
        for stream in streams:
            stream.epoch = new_epoch()
        # As an upsert, for its sake alone: rows are locked in the order given, the one in which writers lock them.
        Stream.objects.using(DEFAULT_DB_ALIAS).bulk_create(
            sorted(streams, key=lambda stream: stream.channel),
            update_conflicts=True,
            unique_fields=["channel"],
            update_fields=["epoch"],
        )


def _cutoff(namespace: Namespace, now: datetime) -> datetime | None:
    """What was logged before goes; ``None`` for a retention that reaches back further than time does."""
    try:
        return now - timedelta(seconds=namespace.retention)
    except OverflowError:
        return None


def _prune_namespace(namespace: Namespace, cutoff: datetime, events_at_once: int) -> int:
    removed = 0
    last_id = 0
    while True:
        # A stream has something to prune if its oldest event is too old: one look into an index for each.
        oldest = (
            LoggedEvent.objects.using(DEFAULT_DB_ALIAS)
            .filter(_of_namespace("stream__channel", namespace), offset=F("stream__floor") + 1, at__lt=cutoff)
            .filter(stream_id__gt=last_id)
            .order_by("stream_id")
        )
        streams = list(oldest.values_list("stream_id", "stream__channel")[:STREAMS_AT_ONCE])
        if not streams:
            return removed
        last_id = streams[-1][0]
        for stream_id, channel in streams:
            # SQLite compares prefixes without regard to case.
            if parse_channel(channel).namespace != namespace.name:
                continue
            while count := _prune_some(stream_id, cutoff, events_at_once):
                removed += count


def _prune_some(stream_id: int, cutoff: datetime, events_at_once: int) -> int:
    """Remove the oldest events of one stream in one transaction; returns how many."""
    with django_transaction.atomic(using=DEFAULT_DB_ALIAS):
        stream = Stream.objects.using(DEFAULT_DB_ALIAS).select_for_update().filter(pk=stream_id).first()
        if stream is None:
            return 0
        end = min(stream.floor + events_at_once, stream.top)
        events = LoggedEvent.objects.using(DEFAULT_DB_ALIAS).filter(stream_id=stream_id, offset__lte=end)
        # Clocks of several machines may differ: offsets decide, and nothing younger than the retention goes.
        first_kept = (
            events.filter(offset__gt=stream.floor, at__gte=cutoff)
            .order_by("offset")
            .values_list("offset", flat=True)
            .first()
        )
        floor = end if first_kept is None else first_kept - 1
        if floor == stream.floor:
            return 0
        removed, _ = events.filter(offset__lte=floor).delete()
        Stream.objects.using(DEFAULT_DB_ALIAS).filter(pk=stream_id).update(floor=floor)
        return removed


def _of_namespace(field: str, namespace: Namespace) -> Q:
    if namespace.name:
        return Q(**{f"{field}__startswith": f"{namespace.name}:"})
    return ~Q(**{f"{field}__contains": ":"})
