"""What people were told, what they chose to be told, and the row that keeps each person's feed in one order."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

MAX_LINK = 500  # characters


class Feed(models.Model):
    """One user's feed. Whoever changes it holds the lock of this row until commit, so that the counts which go out
    with each event are those of the feed at that event."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")

    class Meta:
        verbose_name = "feed"
        verbose_name_plural = "feeds"

    def __str__(self) -> str:
        return f"feed of user {self.user_id}"


class Notification(models.Model):
    """One thing that a user was told.

    Seen (it was on the screen), read (it was opened) and archived are facts of their own, each with its time.
    ``params`` fill the templates of its kind; ``title`` and ``body`` hold words only if the caller brought them.
    ``count`` is how many things it stands for, ``updated_at`` is when the latest of them happened.
    """

    class Level(models.TextChoices):
        INFO = "info"
        SUCCESS = "success"
        WARNING = "warning"
        ERROR = "error"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=64)
    level = models.CharField(max_length=16, choices=Level.choices)
    params = models.JSONField(default=dict, blank=True)
    title = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    link = models.CharField(max_length=MAX_LINK, blank=True)
    data = models.JSONField(default=dict, blank=True)
    collapse_key = models.CharField(max_length=200, blank=True)
    count = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "notification"
        verbose_name_plural = "notifications"
        indexes = [
            models.Index(fields=["user", "-updated_at", "-id"], name="vestnik_notification_feed"),
            models.Index(
                fields=["user", "seen_at"],
                condition=Q(read_at__isnull=True, archived_at__isnull=True),
                name="vestnik_notification_unread",
            ),
            models.Index(
                fields=["user"],
                condition=Q(seen_at__isnull=True, archived_at__isnull=True),
                name="vestnik_notification_unseen",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "collapse_key"],
                condition=Q(read_at__isnull=True, archived_at__isnull=True) & ~Q(collapse_key=""),
                name="vestnik_notification_one_unread_per_key",
            ),
            models.CheckConstraint(condition=Q(count__gte=1), name="vestnik_notification_count_from_one"),
            models.CheckConstraint(
                condition=Q(read_at__isnull=True) | Q(seen_at__isnull=False),
                name="vestnik_notification_read_means_seen",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to user {self.user_id}"


class Preference(models.Model):
    """A user's choice for one kind and one way; where there is none, the kind's default counts."""

    class Way(models.TextChoices):
        IN_APP = "in_app"
        EMAIL = "email"
        WEB_PUSH = "web_push"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=64)
    way = models.CharField(max_length=16, choices=Way.choices)
    enabled = models.BooleanField()

    class Meta:
        verbose_name = "preference"
        verbose_name_plural = "preferences"
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "way"], name="vestnik_notification_preference_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.way}: {'on' if self.enabled else 'off'}"
