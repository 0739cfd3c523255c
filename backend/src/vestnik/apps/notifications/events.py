"""How a notification looks to its reader, and what is published when a feed changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from vestnik.apps.eventlog.events import Event
from vestnik.apps.notifications.kinds import KINDS, Way
from vestnik.apps.notifications.models import Notification as NotificationRow


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A notification in its reader's language.

    Attributes:
        count: How many things it stands for; above 1 when later ones were folded into it.
        updated_at: When the latest of them happened; the feed is ordered by it.
    """

    id: int
    kind: str
    level: str
    title: str
    body: str
    link: str
    data: dict[str, Any]
    count: int
    created_at: datetime
    updated_at: datetime
    seen_at: datetime | None
    read_at: datetime | None
    archived_at: datetime | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a user's notifications are unseen and unread; what is archived counts as neither."""

    unseen: int
    unread: int


class PreferenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the matrix kind × way.

    Attributes:
        label: The kind's name in the user's language.
        locked: It cannot be switched off.
    """

    kind: str
    label: str
    locked: bool
    ways: dict[Way, bool]


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a user may be told of, and how."""

    kinds: list[PreferenceRow]


class NotificationCreated(Event, frozen=True, tag="notification.created"):
    """A notification came in. ``counts`` are those after it, here and in all events of a feed."""

    notification: Notification
    counts: Counts


class NotificationChanged(Event, frozen=True, tag="notification.changed"):
    """A notification was seen, read or archived, or a later one was folded into it."""

    notification: Notification
    counts: Counts


class NotificationsReadAll(Event, frozen=True, tag="notifications.read_all"):
    """All up to and including ``up_to`` that were not read, seen or archived became so at ``read_at``."""

    up_to: int
    read_at: datetime
    counts: Counts


class NotificationsSeenAll(Event, frozen=True, tag="notifications.seen_all"):
    """All up to and including ``up_to`` that were neither seen nor archived became seen at ``seen_at``."""

    up_to: int
    seen_at: datetime
    counts: Counts


class NotificationsArchivedAll(Event, frozen=True, tag="notifications.archived_all"):
    """All up to and including ``up_to`` left the feed at ``archived_at``."""

    up_to: int
    archived_at: datetime
    counts: Counts


class NotificationPreferencesChanged(Event, frozen=True, tag="notification_preferences.changed"):
    """The user chose anew what to be told of."""

    preferences: Preferences


def notification(row: NotificationRow, language: str) -> Notification:
    """The one rendering of a notification, for REST, rpc and events alike.

    Words that the caller of ``notify`` brought win over the templates. The templates are filled now and not when it
    was written, so that a feed is in one language after its owner changes theirs.
    """
    title, body = row.title, row.body
    kind = KINDS.find(row.kind)
    if kind is not None and not title:
        title, body = kind.render(row.params, row.count, language)
    return Notification(
        id=row.pk,
        kind=row.kind,
        level=row.level,
        title=title or row.kind,
        body=body,
        link=row.link,
        data=row.data,
        count=row.count,
        created_at=row.created_at,
        updated_at=row.updated_at,
        seen_at=row.seen_at,
        read_at=row.read_at,
        archived_at=row.archived_at,
    )
