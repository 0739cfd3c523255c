"""What can be done with notifications: tell somebody something, and what the reader does with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from django.utils import timezone

from vestnik.apps.accounts.access import profile_of
from vestnik.apps.accounts.events import personal_channel
from vestnik.apps.eventlog.log import append, transaction
from vestnik.apps.notifications.access import counts_of, notifications_for, notifications_of
from vestnik.apps.notifications.channels import channel_of
from vestnik.apps.notifications.events import (
    Counts,
    NotificationChanged,
    NotificationCreated,
    NotificationPreferencesChanged,
    NotificationsArchivedAll,
    NotificationsReadAll,
    NotificationsSeenAll,
    Preferences,
    notification,
)
from vestnik.apps.notifications.kinds import KINDS, Kind, Level, Way
from vestnik.apps.notifications.models import MAX_LINK, Feed, Notification, Preference
from vestnik.apps.notifications.preferences import check_choices, is_wanted, preferences_of
from vestnik.core.errors import InvalidParameters, LocalError

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def notify(
    user: User,
    kind: str,
    *,
    level: Level | None = None,
    params: Mapping[str, Any] | None = None,
    link: str = "",
    data: Mapping[str, Any] | None = None,
    collapse_key: str = "",
    title: str = "",
    body: str = "",
    now: datetime | None = None,
) -> Notification | None:
    """Tell ``user`` something.

    Called inside another app's ``transaction()``, the notification is told of if and only if that commits. It takes
    the lock of the user's feed until then: who notifies several people in one transaction does so in ascending order of
    their ids, or by :func:`notify_all`, lest two transactions wait for each other in a circle.

    Args:
        user: To whom.
        kind: A registered kind (:mod:`vestnik.apps.notifications.kinds`), or any other name if ``title`` is given.
        level: The kind's own when omitted.
        params: What the kind's templates need: texts, numbers, dates, ``{"amount_minor", "currency"}``.
        link: Where a click leads, as a path of the web app such as ``/invoices/3``.
        data: For programs; goes out as it is.
        collapse_key: While the user has an unread notification with this key, it is updated (its ``count`` goes up,
            it is unseen again and becomes the latest) instead of a second one being made.
        title: Words instead of the templates.
        body: … likewise.
        now: When it happened; the present when omitted.

    Returns:
        The notification, new or updated; ``None`` if the user has switched this kind off.

    Raises:
        LocalError: The kind is unknown and there is no title, a parameter is missing, or something is too long.
    """
    known = KINDS.find(kind)
    told = _told(known, kind, params=params, data=data, link=link, title=title, body=body)
    level = level or (known.level if known else "info")
    if len(collapse_key) > 200 or len(kind) > 64:
        raise LocalError("a kind has at most 64 characters, a collapse key 200")
    with transaction():
        if not is_wanted(user, kind, "in_app"):
            return None
        _lock_feed(user)
        now = now or timezone.now()
        row = _unread_with_key(user, collapse_key)
        if row is None:
            row = Notification.objects.create(
                user_id=user.pk,
                kind=kind,
                level=level,
                collapse_key=collapse_key,
                created_at=now,
                updated_at=now,
                **told,
            )
            append(
                channel_of(user.pk),
                NotificationCreated(notification=notification(row, profile_of(user).language), counts=counts_of(user)),
            )
            return row
        for field, value in {**told, "kind": kind, "level": level}.items():
            setattr(row, field, value)
        row.count += 1
        row.updated_at = max(now, row.updated_at)
        row.seen_at = None
        row.save()
        _tell_changed(user, [row])
        return row


def notify_all(users: Iterable[User], kind: str, **options: Any) -> list[Notification]:
    """:func:`notify` for several people, in the order that is safe; those who want it."""
    with transaction():
        told = [notify(user, kind, **options) for user in sorted(set(users), key=lambda user: user.pk)]
    return [row for row in told if row is not None]


def read(user: User, *, ids: Collection[int] | None = None, up_to: int | None = None) -> Counts:
    """Mark as read, and thereby as seen, the given ones or all up to an id; what is read stays as it is.

    Args:
        ids: Which; exactly one of ``ids`` and ``up_to`` is given.
        up_to: All of the feed (not the archived) whose id is at most this.

    Returns:
        What is left unseen and unread.

    Raises:
        NotFound: One of ``ids`` is not the user's; nothing is marked.
        InvalidParameters: Neither or both of the two are given.
    """
    _check_one_of(ids, up_to)
    with transaction():
        _lock_feed(user)
        now = timezone.now()
        if ids is not None:
            unread = [row for row in notifications_for(user, ids) if row.read_at is None]
            for row in unread:
                row.read_at = now
                row.seen_at = row.seen_at or now
                row.save(update_fields=["read_at", "seen_at"])
            return _tell_changed(user, unread)
        live = notifications_of(user).filter(pk__lte=up_to, archived_at=None, read_at=None)
        live.filter(seen_at=None).update(seen_at=now)
        changed = live.update(read_at=now)
        counts = counts_of(user)
        if changed and up_to is not None:
            append(channel_of(user.pk), NotificationsReadAll(up_to=up_to, read_at=now, counts=counts))
        return counts


def read_all(user: User, *, up_to: int | None = None) -> Counts:
    """Mark the whole feed as read, or all up to ``up_to``, so that what came in meanwhile stays unread."""
    with transaction():
        _lock_feed(user)
        if up_to is None:
            newest = notifications_of(user).order_by("-pk").values_list("pk", flat=True).first()
            up_to = newest or 0
        return read(user, up_to=up_to)


def seen(user: User, *, ids: Collection[int] | None = None, up_to: int | None = None) -> Counts:
    """Note that they were on the user's screen; as :func:`read` otherwise."""
    _check_one_of(ids, up_to)
    with transaction():
        _lock_feed(user)
        now = timezone.now()
        if ids is not None:
            unseen = [row for row in notifications_for(user, ids) if row.seen_at is None]
            for row in unseen:
                row.seen_at = now
                row.save(update_fields=["seen_at"])
            return _tell_changed(user, unseen)
        changed = notifications_of(user).filter(pk__lte=up_to, archived_at=None, seen_at=None).update(seen_at=now)
        counts = counts_of(user)
        if changed and up_to is not None:
            append(channel_of(user.pk), NotificationsSeenAll(up_to=up_to, seen_at=now, counts=counts))
        return counts


def archive(user: User, *, ids: Collection[int] | None = None, up_to: int | None = None) -> Counts:
    """Put away from the feed; as :func:`read` otherwise. What is archived counts as neither unseen nor unread."""
    _check_one_of(ids, up_to)
    with transaction():
        _lock_feed(user)
        now = timezone.now()
        if ids is not None:
            live = [row for row in notifications_for(user, ids) if row.archived_at is None]
            for row in live:
                row.archived_at = now
                row.save(update_fields=["archived_at"])
            return _tell_changed(user, live)
        changed = notifications_of(user).filter(pk__lte=up_to, archived_at=None).update(archived_at=now)
        counts = counts_of(user)
        if changed and up_to is not None:
            append(channel_of(user.pk), NotificationsArchivedAll(up_to=up_to, archived_at=now, counts=counts))
        return counts


def set_preferences(user: User, choices: Mapping[str, Mapping[Way, bool]]) -> Preferences:
    """Switch ways of kinds on or off; what is not named stays as it is.

    Args:
        choices: Kind to way to whether it is on.

    Returns:
        The whole matrix.

    Raises:
        InvalidParameters: There is no such kind, or it cannot be switched off; nothing is changed.
    """
    check_choices(choices)
    with transaction():
        _lock_feed(user)
        before = preferences_of(user, profile_of(user).language)
        for kind, ways in choices.items():
            for way, enabled in ways.items():
                Preference.objects.update_or_create(user_id=user.pk, kind=kind, way=way, defaults={"enabled": enabled})
        after = preferences_of(user, profile_of(user).language)
        if after != before:
            append(personal_channel(user.pk), NotificationPreferencesChanged(preferences=after))
        return after


def _told(
    known: Kind | None,
    kind: str,
    *,
    params: Mapping[str, Any] | None,
    data: Mapping[str, Any] | None,
    link: str,
    title: str,
    body: str,
) -> dict[str, Any]:
    try:
        # To what JSON has, so that what goes out now is what is read back later.
        values = msgspec.to_builtins(dict(params or {}))
        payload = msgspec.to_builtins(dict(data or {}))
    except (TypeError, ValueError) as error:
        raise LocalError(f"cannot notify of {kind}: {error}") from error
    if not title:
        if body:
            raise LocalError(f"cannot notify of {kind}: a body without a title")
        if known is None:
            raise LocalError(f"there is no notification kind {kind!r}, and no title was given")
        known.check(values)
    if len(title) > 200:
        raise LocalError(f"cannot notify of {kind}: the title has {len(title)} characters, at most 200 are allowed")
    if len(link) > MAX_LINK or (link and not re.match(r"/(?!/)", link)):
        raise LocalError(f"cannot notify of {kind}: the link {link[:64]!r} is no path of the web app, or too long")
    return {"params": values, "data": payload, "link": link, "title": title, "body": body}


def _unread_with_key(user: User, collapse_key: str) -> Notification | None:
    if not collapse_key:
        return None
    return notifications_of(user).filter(collapse_key=collapse_key, read_at=None, archived_at=None).first()


def _lock_feed(user: User) -> None:
    """Hold the user's feed until commit. The row is made by whoever comes first."""
    if Feed.objects.select_for_update().filter(pk=user.pk).first() is None:
        Feed.objects.bulk_create([Feed(user_id=user.pk)], ignore_conflicts=True)
        Feed.objects.select_for_update().get(pk=user.pk)


def _tell_changed(user: User, rows: list[Notification]) -> Counts:
    counts, language = counts_of(user), profile_of(user).language
    for row in rows:
        append(channel_of(user.pk), NotificationChanged(notification=notification(row, language), counts=counts))
    return counts


def _check_one_of(ids: Collection[int] | None, up_to: int | None) -> None:
    if (ids is None) == (up_to is None):
        raise InvalidParameters(ids="either ids or up_to must be given, and not both")
