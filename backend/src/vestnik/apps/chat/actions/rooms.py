"""Opening rooms, and who is in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from vestnik.apps.accounts.access import active_users, role_of
from vestnik.apps.accounts.events import personal_channel
from vestnik.apps.accounts.models import Role
from vestnik.apps.chat import events, snapshots
from vestnik.apps.chat.access import (
    is_moderator,
    writable_among,
)
from vestnik.apps.chat.actions.bells import ring_for_adding, silence
from vestnik.apps.chat.actions.locks import lock_room, locked_membership
from vestnik.apps.chat.models import Membership, Room, direct_key
from vestnik.apps.chat.policy import contacts
from vestnik.apps.chat.texts import check_title
from vestnik.apps.eventlog.control import unsubscribe_user
from vestnik.apps.eventlog.log import append, position_of, transaction
from vestnik.core.errors import Conflict, InvalidParameters, NotFound, PermissionDenied

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_MEMBERS = 500


def open_direct_room(user: User, other_id: int) -> tuple[events.Room, bool]:
    """The one room of two people; made now if there is none.

    A room that exists is given back even if its people may no longer write in it.

    Returns:
        The room as ``user`` sees it, and whether it is new.

    Raises:
        PermissionDenied: ``user`` may not chat with them, or there is nobody with this id: the two look alike.
        InvalidParameters: It is ``user``'s own id.
    """
    if other_id == user.pk:
        raise InvalidParameters(member_ids="must name somebody else")
    key = direct_key([user.pk, other_id])
    room_id = _direct_room_id(key)
    if room_id is not None:
        return _seen_by(user, room_id), False
    other = _contact(user, other_id)
    try:
        with transaction():
            room = Room.objects.create(kind=Room.Kind.DIRECT, direct_key=key)
            return _fill(room, [user, other], seen_by=user), True
    except IntegrityError:
        # The other one asked at the same moment, and was first.
        room_id = _direct_room_id(key)
        if room_id is None:
            raise
        return _seen_by(user, room_id), False


def create_group(user: User, title: str, member_ids: Collection[int]) -> events.Room:
    """Make a group that belongs to ``user``, with the given people in it.

    Raises:
        PermissionDenied: ``user`` may not chat with one of them, or there is nobody with that id.
        InvalidParameters: The title is empty or too long, or there are no members or too many.
    """
    check_title(title)
    wanted = set(member_ids) - {user.pk}
    if not wanted:
        raise InvalidParameters(member_ids="must name somebody else")
    if len(wanted) >= MAX_MEMBERS:
        raise InvalidParameters(member_ids=f"a group has at most {MAX_MEMBERS} members")
    people = list(contacts(user).filter(pk__in=wanted).order_by("pk"))
    if len(people) != len(wanted):
        raise _not_a_contact()
    with transaction():
        room = Room.objects.create(kind=Room.Kind.GROUP, title=title.strip(), owner=user)
        view = _fill(room, [user, *people], seen_by=user)
        for person in people:
            ring_for_adding(user, person, room)
        return view


def add_member(user: User, room_id: int, member_id: int) -> events.Member:
    """Let somebody into a group. Who is in it already stays as they are; who had left comes back, having read all.

    Raises:
        NotFound: There is no such room, or ``user`` is not in it.
        PermissionDenied: ``user`` does not run the group, or may not chat with them.
        Conflict: It is a direct room, or full.
    """
    with transaction():
        room = _moderated(user, room_id)
        present = Membership.objects.filter(room=room, left_at__isnull=True)
        already = present.filter(user=member_id).select_related("user__profile").first()
        if already is not None:
            return events.member(already)
        person = _contact(user, member_id)
        if present.count() >= MAX_MEMBERS:
            raise Conflict(f"a group has at most {MAX_MEMBERS} members", slug="room_full")
        row, _ = Membership.objects.update_or_create(
            room=room,
            user=person,
            defaults={"left_at": None, "joined_at": timezone.now(), "last_read_seq": room.last_seq},
        )
        row.user = person
        joined = events.member(row)
        append(room.channel, events.MemberJoined(user=joined))
        append(personal_channel(person.pk), events.RoomAdded(room=_seen_by(person, room.pk)))
        ring_for_adding(user, person, room)
        return joined


def remove_member(user: User, room_id: int, member_id: int) -> None:
    """Take somebody out of a group, or leave it. Their live subscriptions end with the same transaction.

    A group whose owner leaves has no owner, and is read-only from then on.

    Raises:
        NotFound: There is no such room, ``user`` is not in it, or ``member_id`` is not.
        PermissionDenied: It is somebody else, and ``user`` does not run the group.
        Conflict: It is a direct room.
    """
    with transaction():
        room = locked_membership(user, room_id).room
        _require_group(room)
        if member_id != user.pk:
            _require_moderator(user, room)
        gone = Membership.objects.filter(room=room, user=member_id, left_at__isnull=True).first()
        if gone is None:
            raise NotFound("member")
        gone.left_at = timezone.now()
        gone.save(update_fields=["left_at"])
        append(room.channel, events.MemberLeft(user_id=member_id))
        append(personal_channel(member_id), events.RoomRemoved(room_id=room.pk))
        for channel in (room.channel, room.typing_channel):
            unsubscribe_user(str(member_id), channel)
        silence(gone)
        if room.owner_id == member_id:
            room.owner = None
            room.save(update_fields=["owner"])
            _tell_facts(room, can_send_changed=True)


def leave(user: User, room_id: int) -> None:
    """:func:`remove_member`, of oneself."""
    remove_member(user, room_id, user.pk)


def rename(user: User, room_id: int, title: str) -> events.RoomFacts:
    """Give a group another title.

    Raises:
        NotFound: There is no such room, or ``user`` is not in it.
        PermissionDenied: ``user`` does not run the group.
        Conflict: It is a direct room.
        InvalidParameters: The title is empty or too long.
    """
    check_title(title)
    with transaction():
        room = _moderated(user, room_id)
        if room.title != title.strip():
            room.title = title.strip()
            room.save(update_fields=["title"])
            _tell_facts(room)
        return events.room_facts(room)


def set_locked(user: User, room_id: int, locked: bool) -> None:
    """Stop all writing in a room, or allow it again. For administrators, who need not be in it.

    Raises:
        PermissionDenied: ``user`` is no administrator.
        NotFound: There is no such room.
    """
    if not user.is_active or role_of(user) is not Role.ADMIN:
        raise PermissionDenied
    with transaction():
        room = lock_room(room_id)
        if room is None:
            raise NotFound("room")
        if room.is_locked != locked:
            room.is_locked = locked
            room.save(update_fields=["is_locked"])
            _tell_facts(room, can_send_changed=True)


def tell_who_may_write(user_ids: Collection[int]) -> None:
    """Tell everybody in whose rooms it may have changed what they may do there: the relations of these users did.

    Enforcement does not wait for this: it asks the policy with every message.
    """
    concerned: dict[int, list[Room]] = {}
    with transaction():
        rows = Membership.objects.filter(left_at__isnull=True, room__memberships__in=_live_memberships(user_ids))
        for row in rows.select_related("room").distinct():
            room = row.room
            if row.user_id in user_ids or room.kind == Room.Kind.DIRECT or room.owner_id in user_ids:
                concerned.setdefault(row.user_id, []).append(room)
        for person in active_users().filter(pk__in=concerned).order_by("pk"):
            _tell_can_send(person, concerned[person.pk])


def _contact(user: User, other_id: int) -> User:
    other = contacts(user).filter(pk=other_id).first()
    if other is None:
        raise _not_a_contact()
    return other


def _not_a_contact() -> PermissionDenied:
    return PermissionDenied("you may not write to this person", slug="not_a_contact")


def _direct_room_id(key: str) -> int | None:
    return Room.objects.filter(direct_key=key).values_list("pk", flat=True).first()


def _seen_by(user: User, room_id: int) -> events.Room:
    rooms = snapshots.rooms_among(user, [room_id])
    if not rooms:
        raise NotFound("room")
    return rooms[0]


def _fill(room: Room, people: Sequence[User], *, seen_by: User) -> events.Room:
    """Put the first people into a new room, and tell each of them. All of them may write: that was checked."""
    rows = Membership.objects.bulk_create([Membership(room=room, user=person) for person in people])
    view = snapshots.view(
        room, members=[events.member(row) for row in rows], can_send=True, position=position_of(room.channel)
    )
    for person in people:
        append(personal_channel(person.pk), events.RoomAdded(room=view))
    return view


def _tell_facts(room: Room, *, can_send_changed: bool = False) -> None:
    append(room.channel, events.RoomUpdated(room=events.room_facts(room)))
    if can_send_changed:
        present = Membership.objects.filter(room=room, left_at__isnull=True)
        for person in active_users().filter(pk__in=present.values("user")):
            _tell_can_send(person, [room])


def _tell_can_send(person: User, rooms: Collection[Room]) -> None:
    writable = writable_among(person, rooms)
    for room in rooms:
        facts = events.room_facts(room, can_send=room.pk in writable)
        append(personal_channel(person.pk), events.RoomUpdated(room=facts))


def _moderated(user: User, room_id: int) -> Room:
    room = locked_membership(user, room_id).room
    _require_group(room)
    _require_moderator(user, room)
    return room


def _require_group(room: Room) -> None:
    if room.kind != Room.Kind.GROUP:
        raise Conflict("a direct room has two members, for ever", slug="direct_room")


def _require_moderator(user: User, room: Room) -> None:
    if not is_moderator(user, room):
        raise PermissionDenied("only the owner may do this", slug="not_the_owner")


def _live_memberships(user_ids: Collection[int]) -> QuerySet[Membership]:
    return Membership.objects.filter(left_at__isnull=True, user__in=user_ids)
