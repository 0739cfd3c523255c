"""The feed and its preferences over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast

import msgspec
from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from vestnik.apps.accounts.access import profile_of
from vestnik.apps.eventlog.log import position_of
from vestnik.apps.notifications import actions
from vestnik.apps.notifications.access import counts_of, feed_of
from vestnik.apps.notifications.channels import channel_of
from vestnik.apps.notifications.events import Counts, Notification, Preferences, notification
from vestnik.apps.notifications.kinds import Way
from vestnik.apps.notifications.preferences import preferences_of
from vestnik.apps.notifications.rpc import Which
from vestnik.apps.rest.bodies import answer, body, query
from vestnik.apps.rest.pages import decode_cursor, encode_cursor
from vestnik.apps.rest.schema import documented
from vestnik.apps.rest.views import ApiView
from vestnik.core.position import Position
from vestnik.core.values import Id

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class FeedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which page: ``unread=1`` leaves out what was read, ``archived=1`` shows what was put away instead."""

    unread: bool = False
    archived: bool = False
    cursor: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the feed, the latest first.

    Attributes:
        next: The cursor of the next page.
        unseen: How many of the whole feed are unseen …
        unread: … and unread.
        channel: Where changes are published …
        position: … and the position of which this is the state: subscribing from there misses nothing.
    """

    results: list[Notification]
    next: str | None
    unseen: int
    unread: int
    channel: str
    position: Position


class UpTo(msgspec.Struct, frozen=True, kw_only=True):
    """The last one that the reader has seen; everything when omitted."""

    up_to: Id | None = None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Ways of one kind to switch on or off."""

    kind: str
    ways: dict[Way, bool]


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of the matrix. What is not named stays as it is."""

    kinds: Annotated[list[Choice], msgspec.Meta(max_length=200)]


def _user(request: Request) -> User:
    return cast(User, request.user)  # every view here wants somebody who is signed in


class FeedView(ApiView):
    @documented(query=FeedQuery, answer=FeedPage)
    def get(self, request: Request) -> Response:
        """The user's notifications, the latest first, with the counts for the bell."""
        wanted, user = query(request, FeedQuery), _user(request)
        channel = channel_of(user.pk)
        position = position_of(channel)  # before the data: a change told twice is harmless, one told never is not
        rows = feed_of(user, unread_only=wanted.unread, archived=wanted.archived)
        if wanted.cursor:
            at, last_id = decode_cursor(wanted.cursor, tuple[Instant, Id])
            rows = rows.filter(Q(updated_at__lt=at) | Q(updated_at=at, pk__lt=last_id))
        page = list(rows[: wanted.limit + 1])
        more, page = len(page) > wanted.limit, page[: wanted.limit]
        counts, language = counts_of(user), profile_of(user).language
        return answer(
            FeedPage(
                results=[notification(row, language) for row in page],
                next=encode_cursor((page[-1].updated_at, page[-1].pk)) if more else None,
                unseen=counts.unseen,
                unread=counts.unread,
                channel=channel,
                position=position,
            )
        )


class ReadView(ApiView):
    @documented(answer=Counts)
    def post(self, request: Request, notification_id: int) -> Response:
        """Mark one as read. Doing so twice changes nothing."""
        return answer(actions.read(_user(request), ids=[notification_id]))


class ReadAllView(ApiView):
    @documented(body=UpTo, answer=Counts)
    def post(self, request: Request) -> Response:
        """Mark all as read, or all up to an id."""
        return answer(actions.read_all(_user(request), up_to=body(request, UpTo).up_to))


class ReadSomeView(ApiView):
    @documented(body=Which, answer=Counts)
    def post(self, request: Request) -> Response:
        """Mark several as read."""
        which = body(request, Which)
        return answer(actions.read(_user(request), ids=which.ids, up_to=which.up_to))


class SeenView(ApiView):
    @documented(body=Which, answer=Counts)
    def post(self, request: Request) -> Response:
        """Note that several were on the screen."""
        which = body(request, Which)
        return answer(actions.seen(_user(request), ids=which.ids, up_to=which.up_to))


class ArchiveView(ApiView):
    @documented(body=Which, answer=Counts)
    def post(self, request: Request) -> Response:
        """Put several away from the feed."""
        which = body(request, Which)
        return answer(actions.archive(_user(request), ids=which.ids, up_to=which.up_to))


class PreferencesView(ApiView):
    @documented(answer=Preferences)
    def get(self, request: Request) -> Response:
        """The matrix kind × way."""
        user = _user(request)
        return answer(preferences_of(user, profile_of(user).language))

    @documented(body=Choices, answer=Preferences)
    def put(self, request: Request) -> Response:
        """Switch ways of kinds on or off. Security notices and receipts cannot be switched off."""
        choices = body(request, Choices)
        return answer(actions.set_preferences(_user(request), {row.kind: row.ways for row in choices.kinds}))


urlpatterns = [
    path("notifications/", FeedView.as_view()),
    path("notifications/<int:notification_id>/read/", ReadView.as_view()),
    path("notifications/read/", ReadSomeView.as_view()),
    path("notifications/read-all/", ReadAllView.as_view()),
    path("notifications/seen/", SeenView.as_view()),
    path("notifications/archive/", ArchiveView.as_view()),
    path("notifications/preferences/", PreferencesView.as_view()),
]
