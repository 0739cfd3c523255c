"""What can be done in rooms. Each verb checks, writes and appends its events in one transaction.

Whatever changes a room takes the lock of its row first and then looks again whether the user is still in it, so that
within a room the order of changes is the order of events, and nothing is written by somebody who has just been removed.
"""

from vestnik.apps.chat.actions.messages import MAX_ATTACHMENTS, Sent, delete, edit, react, send, upload
from vestnik.apps.chat.actions.reading import mark_read, set_typing
from vestnik.apps.chat.actions.rooms import (
    MAX_MEMBERS,
    add_member,
    create_group,
    leave,
    open_direct_room,
    remove_member,
    rename,
    set_locked,
    tell_who_may_write,
)

__all__ = [
    "MAX_ATTACHMENTS",
    "MAX_MEMBERS",
    "Sent",
    "add_member",
    "create_group",
    "delete",
    "edit",
    "leave",
    "mark_read",
    "open_direct_room",
    "react",
    "remove_member",
    "rename",
    "send",
    "set_locked",
    "set_typing",
    "tell_who_may_write",
    "upload",
]
