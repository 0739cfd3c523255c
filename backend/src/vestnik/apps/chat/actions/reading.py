"""How far somebody has read, and that somebody is writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vestnik.apps.chat import events, snapshots
from vestnik.apps.chat.access import (
    membership_for,
    require_writable,
)
from vestnik.apps.chat.actions.bells import silence
from vestnik.apps.chat.actions.locks import lock_room
from vestnik.apps.eventlog.log import append, broadcast, transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def mark_read(user: User, room_id: int, seq: int) -> int:
    """Move the read pointer of ``user`` forward to ``seq``, at most to the end; never backwards.

    Returns:
        Where it is now.

    Raises:
        NotFound: There is no such room, or ``user`` is not in it.
    """
    pointer = membership_for(user, room_id).last_read_seq
    if pointer >= seq:
        return pointer
    with transaction():
        lock_room(room_id)
        membership = membership_for(user, room_id)
        seq = min(seq, membership.room.last_seq)
        if seq > membership.last_read_seq:
            told = membership.last_read_seq < membership.notified_seq <= seq
            membership.last_read_seq = seq
            membership.save(update_fields=["last_read_seq"])
            append(
                membership.room.channel,
                events.ReadMoved(user_id=user.pk, seq=seq, unread=snapshots.unread_of(membership)),
            )
            if told:
                membership.user = user
                silence(membership)
        return membership.last_read_seq


def set_typing(user: User, room_id: int, typing: bool) -> None:
    """Show the others that ``user`` is writing, or no longer. Not logged: it may be lost, and expires in the clients.

    Raises:
        NotFound: There is no such room, or ``user`` is not in it.
        PermissionDenied: The room is read-only for ``user``.
    """
    room = membership_for(user, room_id).room
    require_writable(user, room)
    broadcast(room.typing_channel, events.Typing(user_id=user.pk, typing=typing))
