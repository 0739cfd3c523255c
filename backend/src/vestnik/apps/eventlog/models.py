"""The tables of the log: one counter row per channel, one row per event."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from vestnik.core.channel import MAX_CHANNEL_LENGTH


class Stream(models.Model):
    """A channel's counter. Whoever appends holds its lock until commit: that makes offset order commit order.

    ``floor`` is the highest offset that was pruned: events ``floor + 1`` to ``top`` are there, all of them.
    """

    channel = models.CharField(max_length=MAX_CHANNEL_LENGTH, unique=True)
    epoch = models.CharField(max_length=16)
    top = models.BigIntegerField(default=0)
    floor = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "stream"
        verbose_name_plural = "streams"
        constraints = [
            models.CheckConstraint(
                condition=Q(floor__gte=0) & Q(top__gte=F("floor")), name="vestnik_eventlog_stream_floor_up_to_top"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} at {self.epoch}:{self.top}"


class LoggedEvent(models.Model):
    """One publication: ``data`` is its JSON as it goes over the wire, ``at`` is when it was logged."""

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="events", db_index=False)
    offset = models.BigIntegerField()
    data = models.TextField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = "event"
        verbose_name_plural = "events"
        constraints = [
            models.UniqueConstraint(fields=["stream", "offset"], name="vestnik_eventlog_event_offset_unique"),
            models.CheckConstraint(condition=Q(offset__gte=1), name="vestnik_eventlog_event_offset_from_one"),
        ]

    def __str__(self) -> str:
        return f"event {self.offset} of stream {self.stream_id}"
