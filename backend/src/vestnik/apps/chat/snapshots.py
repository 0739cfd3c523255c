"""What a client starts from: rooms and history as they are now, each with the position from which events go on."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from vestnik.apps.accounts.events import personal_channel
from vestnik.apps.chat import events
from vestnik.apps.chat.access import memberships_of, messages_of, room_for, writable_among
from vestnik.apps.chat.models import Membership, Message, Room
from vestnik.apps.chat.texts import fold
from vestnik.apps.eventlog.log import position_of, positions_of
from vestnik.apps.rest.pages import encode_cursor
from vestnik.core.position import Position

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from django.contrib.auth.models import User


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a room's history.

    Attributes:
        results: Ascending by ``seq``.
        next: Going back, the ``before`` of the next older page; going forward (``after`` was given), the ``after`` of
            the next newer one; ``None`` when there are no more.
        position: Of which this is the state.
    """

    results: list[events.Message]
    next: str | None
    position: Position


class RoomsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Part of the list of a user's rooms.

    Attributes:
        results: The latest activity first; each with a position of its own.
        next: The cursor for the rooms after these, ``None`` on the last page.
        position: That of ``user:#<id>``: who subscribes there from it misses no room that is added or removed.
    """

    results: list[events.Room]
    next: str | None
    position: Position


def own_messages(**bounds: Any) -> Coalesce:
    """How many messages of a room are a member's own, of those within ``bounds``, by one look into an index."""
    rows = Message.objects.filter(room=OuterRef("room"), sender=OuterRef("user"), **bounds).order_by("-seq")
    return Coalesce(Subquery(rows.values("sender_seq")[:1]), 0)


# Of memberships:
_LAST_ID = Subquery(Message.objects.filter(room=OuterRef("room"), seq=OuterRef("room__last_seq")).values("pk"))
_UNREAD = (F("room__last_seq") - F("last_read_seq")) - (
    own_messages() - own_messages(seq__lte=OuterRef("last_read_seq"))
)


def with_content(rows: QuerySet[Message]) -> QuerySet[Message]:
    """Fetch what a payload needs along with the rows: two queries more, however many rows."""
    return rows.select_related("sender__profile").prefetch_related("attachments", "reactions")


def history(
    user: User, room_id: int, *, before: int | None = None, after: int | None = None, limit: int = 50
) -> HistoryPage:
    """One page of a room: the newest, or that before or after a ``seq``. As quick at a million messages as at ten.

    Raises:
        NotFound: There is no such room, or ``user`` is not in it.
    """
    room = room_for(user, room_id)
    position = position_of(room.channel)  # before the data: a duplicate is harmless, a gap is not
    rows = with_content(Message.objects.filter(room=room))
    if before is not None:
        rows = rows.filter(seq__lt=before)
    if after is not None:
        rows = rows.filter(seq__gt=after)
    page = list(rows.order_by("seq" if after is not None else "-seq")[: limit + 1])
    has_more, page = len(page) > limit, page[:limit]
    following = str(page[-1].seq) if has_more else None
    page.sort(key=lambda row: row.seq)
    return HistoryPage(results=[events.message(row) for row in page], next=following, position=position)


def search(
    user: User, text: str, *, before: int | None = None, limit: int = 50
) -> tuple[list[events.Message], int | None]:
    """Messages in the user's rooms that hold ``text``, the newest first, whatever the case of letters.

    Args:
        before: Only those with a smaller id.

    Returns:
        One page, and the ``before`` of the next if there is one.
    """
    rows = with_content(messages_of(user)).filter(deleted_at__isnull=True, folded_text__contains=fold(text))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows.order_by("-pk")[: limit + 1])
    has_more, page = len(page) > limit, page[:limit]
    return [events.message(row) for row in page], page[-1].pk if has_more else None


def rooms(user: User, *, before: tuple[datetime, int] | None = None, limit: int = 200) -> RoomsPage:
    """The rooms of ``user``, the latest activity first, in a constant number of queries.

    Args:
        before: Only those that come after this one in the list: its last activity and id.
    """
    position = position_of(personal_channel(user.pk))  # before the data
    mine = memberships_of(user).order_by("-room__last_activity_at", "-room_id")
    if before is not None:
        at, room_id = before
        mine = mine.filter(room__last_activity_at__lte=at).exclude(room__last_activity_at=at, room_id__gte=room_id)
    keys = list(mine.values_list("room__last_activity_at", "room_id")[: limit + 1])
    has_more, keys = len(keys) > limit, keys[:limit]
    page = rooms_among(user, [room_id for _, room_id in keys])
    return RoomsPage(results=page, next=encode_cursor(keys[-1]) if has_more else None, position=position)


def rooms_among(user: User, room_ids: Collection[int]) -> list[events.Room]:
    """Those of the rooms that ``user`` is in, as ``user`` sees them, in the given order."""
    positions = positions_of([Room(pk=room_id).channel for room_id in room_ids])  # before the data
    # What is counted must be counted at one moment: one statement sees one state of the database.
    rows = memberships_of(user).filter(room__in=room_ids).annotate(last_id=_LAST_ID, unread=_UNREAD)
    mine = {row.room_id: row for row in rows}
    found = [mine[room_id].room for room_id in room_ids if room_id in mine]
    members = _members([room.pk for room in found])
    last = {row.pk: row for row in with_content(Message.objects.filter(pk__in=[row.last_id for row in mine.values()]))}
    writable = writable_among(user, found)
    return [
        view(
            room,
            members=members[room.pk],
            last_message=events.message(last[mine[room.pk].last_id]) if mine[room.pk].last_id in last else None,
            unread=mine[room.pk].unread,
            last_read_seq=mine[room.pk].last_read_seq,
            can_send=room.pk in writable,
            position=positions[room.channel],
        )
        for room in found
    ]


def view(
    room: Room,
    *,
    members: list[events.Member],
    last_message: events.Message | None = None,
    unread: int = 0,
    last_read_seq: int = 0,
    can_send: bool,
    position: Position,
) -> events.Room:
    """A room as one of its members sees it."""
    return events.Room(
        id=room.pk,
        kind=room.kind,  # type: ignore[arg-type]  # the database holds nothing else
        title=room.title,
        owner_id=room.owner_id,
        is_locked=room.is_locked,
        created_at=room.created_at,
        channel=room.channel,
        can_send=can_send,
        members=members,
        last_message=last_message,
        unread=unread,
        last_read_seq=last_read_seq,
        position=position,
    )


def unread_of(membership: Membership) -> int:
    """Messages of others after the pointer of ``membership``, whose room is locked."""
    unread: int = Membership.objects.annotate(unread=_UNREAD).values_list("unread", flat=True).get(pk=membership.pk)
    return unread


def _members(room_ids: Collection[int]) -> Mapping[int, list[events.Member]]:
    members: defaultdict[int, list[events.Member]] = defaultdict(list)
    rows = Membership.objects.filter(room__in=room_ids, left_at__isnull=True).select_related("user__profile")
    for row in rows.order_by("pk"):
        members[row.room_id].append(events.member(row))
    return members
