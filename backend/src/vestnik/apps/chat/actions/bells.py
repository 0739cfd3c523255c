"""Notifications of what happens in rooms: one per room stands for all that its receiver has not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vestnik.apps.accounts.access import profile_of
from vestnik.apps.chat import events
from vestnik.apps.chat.models import Membership, Room
from vestnik.apps.notifications.access import notifications_of
from vestnik.apps.notifications.actions import archive, notify

if TYPE_CHECKING:
    from django.contrib.auth.models import User

NOTIFIED_MEMBERS = 50  # in a room with more, nobody's bell rings: it would ring all day


def ring_for_message(room: Room, message: events.Message, receivers: Sequence[Membership]) -> None:
    """Notify the receivers, if the room is not a crowd.

    Args:
        receivers: In the order of their users' ids, as the locks of the feeds want it.
    """
    if not receivers:
        return
    Membership.objects.filter(pk__in=[row.pk for row in receivers]).update(notified_seq=message.seq)
    is_direct = room.kind == Room.Kind.DIRECT
    if not is_direct and Membership.objects.filter(room=room, left_at__isnull=True).count() > NOTIFIED_MEMBERS:
        return
    text = message.text or ", ".join(file.name for file in message.attachments)
    params: dict[str, Any] = {"sender": message.sender.display_name, "text": text}
    for receiver in receivers:
        notify(
            receiver.user,
            "chat.message" if is_direct else "chat.group_message",
            params=params if is_direct else {**params, "room": room.title},
            link=_link(room.pk),
            data={"room": room.pk, "message": message.id, "seq": message.seq},
            collapse_key=_collapse_key(room.pk),
        )


def ring_for_adding(user: User, person: User, room: Room) -> None:
    notify(
        person,
        "chat.added",
        params={"room": room.title, "by": profile_of(user).display_name},
        link=_link(room.pk),
        data={"room": room.pk},
    )


def silence(membership: Membership) -> None:
    """Take the notification of what was read, deleted or left behind out of its receiver's feed."""
    waiting = notifications_of(membership.user).filter(
        collapse_key=_collapse_key(membership.room_id), archived_at__isnull=True
    )
    ids = list(waiting.values_list("pk", flat=True))
    if ids:
        archive(membership.user, ids=ids)


def _link(room_id: int) -> str:
    return f"/chat/{room_id}"


def _collapse_key(room_id: int) -> str:
    return f"chat:{room_id}"
