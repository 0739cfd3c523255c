"""The only way to notifications: a user's own, and nobody else's, whoever asks."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from vestnik.apps.notifications.events import Counts
from vestnik.apps.notifications.models import Notification
from vestnik.core.errors import NotFound
from vestnik.core.values import MAX_INTEGER

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def notifications_of(user: User) -> QuerySet[Notification]:
    """All notifications of ``user``, the archived too."""
    return Notification.objects.filter(user_id=user.pk)


def notifications_for(user: User, ids: Collection[int]) -> list[Notification]:
    """Those with the given ids, ascending.

    Raises:
        NotFound: One of them does not exist, or is somebody else's.
    """
    if any(number > MAX_INTEGER for number in ids):
        raise NotFound("notification")
    found = list(notifications_of(user).filter(pk__in=ids).order_by("pk"))
    if len(found) != len(set(ids)):
        raise NotFound("notification")
    return found


def feed_of(user: User, *, unread_only: bool, archived: bool) -> QuerySet[Notification]:
    """The feed, the latest first; or what was put away from it."""
    feed = notifications_of(user).filter(archived_at__isnull=not archived).order_by("-updated_at", "-pk")
    return feed.filter(read_at=None) if unread_only else feed


def counts_of(user: User) -> Counts:
    """How many are unseen and unread now."""
    live = notifications_of(user).filter(archived_at=None)
    return Counts(unseen=live.filter(seen_at=None).count(), unread=live.filter(read_at=None).count())
