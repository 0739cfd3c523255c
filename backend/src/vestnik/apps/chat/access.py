"""The only way to get a room, a message or a file on somebody's behalf; reading, subscribing and acting all use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from vestnik.apps.accounts.access import role_of
from vestnik.apps.accounts.models import Role
from vestnik.apps.chat.models import Attachment, Membership, Message, Room
from vestnik.apps.chat.policy import contacts_among
from vestnik.core.errors import NotFound, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User


def memberships_of(user: User) -> QuerySet[Membership]:
    """The rooms that ``user`` is in, each with its room; nothing for a user who is not active."""
    return Membership.objects.filter(user=user, user__is_active=True, left_at__isnull=True).select_related("room")


def membership_for(user: User, room_id: int) -> Membership:
    """The membership of ``user`` in a room, with the room.

    Raises:
        NotFound: There is no such room, or ``user`` is not in it (any more). The two look alike.
    """
    membership = memberships_of(user).filter(room=room_id).first()
    if membership is None:
        raise NotFound("room")
    return membership


def room_for(user: User, room_id: int) -> Room:
    """A room that ``user`` may read; see :func:`membership_for`."""
    return membership_for(user, room_id).room


def messages_of(user: User) -> QuerySet[Message]:
    """All that ``user`` may read, each message with its room."""
    return Message.objects.filter(room__in=memberships_of(user).values("room")).select_related("room")


def message_for(user: User, message_id: int) -> Message:
    """A message, with its room.

    Raises:
        NotFound: There is no such message, or ``user`` is not in its room.
    """
    message = messages_of(user).filter(pk=message_id).first()
    if message is None:
        raise NotFound("message")
    return message


def attachment_for(user: User, attachment_id: int) -> Attachment:
    """A file: one's own until it is sent, then that of everybody in the room, and nobody's once its message is deleted.

    Raises:
        NotFound: There is no such file, or none that ``user`` may have.
    """
    mine = Q(message__isnull=True, owner=user)
    in_my_rooms = Q(message__deleted_at__isnull=True, message__room__in=memberships_of(user).values("room"))
    attachment = Attachment.objects.filter(mine | in_my_rooms, pk=attachment_id).first()
    if attachment is None:
        raise NotFound("attachment")
    return attachment


# Writing ---------------------------------------------------------------------------------------------------------


def writable_among(user: User, rooms: Iterable[Room]) -> set[int]:
    """The ids of those rooms in which ``user``, who is in them, may write. A constant number of queries.

    In a direct room it takes leave to write to the other; a group is its owner's, so it takes leave to write to the
    owner, and a group without one is read-only.
    """
    counterparts = {room.pk: counterpart_id(user, room) for room in rooms if not room.is_locked}
    reachable = contacts_among(user, {other for other in counterparts.values() if other not in (None, user.pk)})
    if user.is_active:
        reachable.add(user.pk)
    return {room_id for room_id, other in counterparts.items() if other in reachable}


def counterpart_id(user: User, room: Room) -> int | None:
    """With whom ``user`` must have leave to chat in order to write in ``room``; ``user`` for the owner of a group."""
    if room.direct_key is None:
        return room.owner_id
    first, second = room.direct_key_ids
    return second if user.pk == first else first


def require_writable(user: User, room: Room) -> None:
    """Refuse to write where reading is all that is left.

    Raises:
        PermissionDenied: The room is locked, the relation that it rests on has ended, or somebody is not active.
    """
    if room.is_locked:
        raise PermissionDenied("the room is locked", slug="room_locked")
    if not writable_among(user, [room]):
        raise PermissionDenied("the room is read-only for you", slug="room_read_only")


def is_moderator(user: User, room: Room) -> bool:
    """Whether ``user``, who is in the group, may add and remove people, rename it and delete what others wrote."""
    return room.kind == Room.Kind.GROUP and (room.owner_id == user.pk or role_of(user) is Role.ADMIN)
