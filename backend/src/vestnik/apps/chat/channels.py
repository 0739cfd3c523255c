"""The channels of a room: ``chat:<room>`` for what must not be lost, ``typing:<room>`` for what need not last."""

from __future__ import annotations

from vestnik.apps.accounts.access import user_for
from vestnik.apps.chat.access import room_for
from vestnik.core.channel import Channel
from vestnik.core.errors import NotFound, PermissionDenied
from vestnik.core.namespaces import Caller, Namespace
from vestnik.core.values import MAX_INTEGER


def may_subscribe(caller: Caller, channel: Channel) -> None:
    """Let members in. Who may only read is let in as well: reading is what subscribing is.

    Raises:
        PermissionDenied: Nobody is signed in, there is no such room, or the caller is not in it; all look alike.
    """
    user = user_for(caller)
    # Only the canonical name: chat:042 would be a silent channel beside chat:42.
    room_id = channel.rest if channel.rest.isascii() and channel.rest.isdecimal() else ""
    if not room_id or str(int(room_id)) != room_id or int(room_id) > MAX_INTEGER:
        raise PermissionDenied
    try:
        room_for(user, int(room_id))
    except NotFound:
        raise PermissionDenied from None


NAMESPACES = [
    Namespace(
        name="chat",
        logged=True,
        may_subscribe=may_subscribe,
        presence=True,
        join_leave=True,
        allow_presence_for_subscriber=True,
        allow_history_for_subscriber=True,
    ),
    Namespace(name="typing", may_subscribe=may_subscribe),
]
