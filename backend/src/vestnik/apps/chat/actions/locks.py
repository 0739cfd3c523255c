"""The lock of a room's row, which whatever changes a room takes first, and the second look that follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vestnik.apps.chat.access import membership_for
from vestnik.apps.chat.models import Membership, Room

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def lock_room(room_id: int) -> Room | None:
    """The room as it is now, and stays until commit; ``None`` if there is none."""
    # Not against rows that refer to the room (no_key): those of a message come under the same lock anyway.
    return Room.objects.select_for_update(no_key=True).filter(pk=room_id).first()


def locked_membership(user: User, room_id: int) -> Membership:
    """The membership of ``user`` as it is now, and stays until commit."""
    membership_for(user, room_id)  # strangers must not be able to hold the lock
    lock_room(room_id)
    return membership_for(user, room_id)
