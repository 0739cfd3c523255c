"""Saying something, and changing what was said."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import IntegrityError
from django.db.models import F, Q
from django.utils import timezone

from vestnik.apps.chat import events, snapshots
from vestnik.apps.chat.access import (
    is_moderator,
    membership_for,
    message_for,
    messages_of,
    require_writable,
)
from vestnik.apps.chat.actions.bells import ring_for_message, silence
from vestnik.apps.chat.actions.locks import lock_room
from vestnik.apps.chat.files import CheckedFile, discard
from vestnik.apps.chat.models import Attachment, Membership, Message, Reaction, Room
from vestnik.apps.chat.texts import check_emoji, check_text, fold
from vestnik.apps.eventlog.log import append, transaction
from vestnik.core.errors import Conflict, InvalidParameters, NotFound, PermissionDenied

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_REACTIONS = 20  # different emoji on one message
MAX_ATTACHMENTS = 10  # on one message


class Sent(msgspec.Struct, frozen=True):
    """A message that is stored; ``is_new`` is false if it already was."""

    message: events.Message
    is_new: bool


def send(
    user: User,
    room_id: int,
    *,
    client_id: uuid.UUID,
    text: str,
    reply_to: int | None = None,
    attachment_ids: Sequence[int] = (),
) -> Sent:
    """Say something. Idempotent: the same ``client_id`` again gives the first message back, whatever else is sent.

    Args:
        client_id: Made by the sender's client; the message can be sent again with it until there is an answer.
        reply_to: The id of a message of the same room.
        attachment_ids: Files that ``user`` has uploaded and not yet sent.

    Raises:
        NotFound: There is no such room, or ``user`` is not in it.
        PermissionDenied: The room is read-only for ``user``.
        Conflict: ``client_id`` already belongs to a message in another room.
        InvalidParameters: Names the field.
    """
    try:
        _check_new(text, attachment_ids)
        with transaction():
            return Sent(_post(user, room_id, client_id, text, reply_to, attachment_ids), is_new=True)
    except (IntegrityError, InvalidParameters, NotFound, PermissionDenied):
        # A retry must succeed although its file is sent, its room locked or its sender removed by now; and only a
        # retry has to pay for finding that out.
        first = _sent_before(user, room_id, client_id)
        if first is None:
            raise
        return Sent(first, is_new=False)


def _check_new(text: str, attachment_ids: Sequence[int]) -> None:
    check_text(text, may_be_empty=bool(attachment_ids))
    if len(attachment_ids) > MAX_ATTACHMENTS:
        raise InvalidParameters(attachment_ids=f"a message has at most {MAX_ATTACHMENTS} attachments")


def _post(
    user: User, room_id: int, client_id: uuid.UUID, text: str, reply_to: int | None, attachment_ids: Sequence[int]
) -> events.Message:
    require_writable(user, membership_for(user, room_id).room)
    now = timezone.now()
    # From here the room is locked.
    Room.objects.filter(pk=room_id).update(last_seq=F("last_seq") + 1, last_activity_at=now)
    present = _sender_and_unnotified(user, room_id)
    mine = next((row for row in present if row.user_id == user.pk), None)
    if mine is None:
        raise NotFound("room")
    room = mine.room
    if room.is_locked:
        raise PermissionDenied("the room is locked", slug="room_locked")
    row = Message.objects.create(
        room=room,
        seq=room.last_seq,
        sender=user,
        sender_seq=mine.own + 1,
        client_id=client_id,
        text=text,
        folded_text=fold(text),
        reply_to_id=_reply_in(room, reply_to),
        created_at=now,
    )
    payload = events.new_message(row, attachments=_attach(user, row, attachment_ids))
    append(room.channel, events.MessageCreated(message=payload, at=now))
    ring_for_message(room, payload, [other for other in present if other is not mine])
    return payload


def _sent_before(user: User, room_id: int, client_id: uuid.UUID) -> events.Message | None:
    first = snapshots.with_content(Message.objects.filter(sender=user, client_id=client_id)).first()
    if first is not None and first.room_id != room_id:
        raise Conflict("client_id already belongs to a message in another room", slug="client_id_taken")
    return None if first is None else events.message(first)


def edit(user: User, message_id: int, text: str) -> events.Message:
    """Change the text of one's own message. The same text again changes nothing.

    Raises:
        NotFound: There is no such message, or ``user`` is not in its room.
        PermissionDenied: It is somebody else's, or the room is read-only for ``user``.
        Conflict: It is deleted.
        InvalidParameters: The text is empty or too long.
    """
    with transaction():
        row = _locked_message(user, message_id)
        if row.sender_id != user.pk:
            raise PermissionDenied("only its author may edit a message", slug="not_the_author")
        require_writable(user, row.room)
        if row.deleted_at is not None:
            raise _message_deleted()
        check_text(text, may_be_empty=bool(row.attachments.all()))
        if row.text != text:
            row.text, row.folded_text, row.edited_at = text, fold(text), timezone.now()
            row.save(update_fields=["text", "folded_text", "edited_at"])
            append(row.room.channel, events.MessageEdited(message=events.message(row), at=row.edited_at))
        return events.message(row)


def delete(user: User, message_id: int) -> events.Message:
    """Leave a tombstone of a message: its text, files and reactions are gone for good. Doing so twice changes nothing.

    Raises:
        NotFound: There is no such message, or ``user`` is not in its room.
        PermissionDenied: It is somebody else's and ``user`` does not run the group, or the room is read-only.
    """
    with transaction():
        row = _locked_message(user, message_id)
        if row.sender_id != user.pk and not is_moderator(user, row.room):
            raise PermissionDenied("only its author may delete a message", slug="not_the_author")
        require_writable(user, row.room)
        if row.deleted_at is None:
            row.text, row.folded_text, row.deleted_at = "", "", timezone.now()
            row.save(update_fields=["text", "folded_text", "deleted_at"])
            row.reactions.all().delete()
            for file in row.attachments.all():
                discard(file)
            append(
                row.room.channel,
                events.MessageDeleted(id=row.pk, seq=row.seq, deleted_at=row.deleted_at, at=row.deleted_at),
            )
            told = Membership.objects.filter(room=row.room, notified_seq=row.seq, last_read_seq__lt=row.seq)
            for membership in told.select_related("user__profile").order_by("user"):
                silence(membership)
        return events.message(row)


def react(user: User, message_id: int, emoji: str, on: bool) -> events.ReactionChanged:
    """Put an emoji on a message, or take it off. What is there already, or not there, stays so.

    Raises:
        NotFound: There is no such message, or ``user`` is not in its room.
        PermissionDenied: The room is read-only for ``user``.
        Conflict: It is deleted, or bears too many different emoji.
        InvalidParameters: It is no emoji.
    """
    check_emoji(emoji)
    with transaction():
        row = _locked_message(user, message_id)
        require_writable(user, row.room)
        if row.deleted_at is not None:
            raise _message_deleted()
        before = list(row.reactions.all())
        mine = next((mark for mark in before if (mark.user_id, mark.emoji) == (user.pk, emoji)), None)
        after = [mark for mark in before if mark is not mine]
        if on and mine is None:
            if emoji not in {mark.emoji for mark in before} and len({mark.emoji for mark in before}) >= MAX_REACTIONS:
                raise Conflict(f"a message bears at most {MAX_REACTIONS} different emoji", slug="too_many_reactions")
            after.append(Reaction.objects.create(message=row, user=user, emoji=emoji))
        elif not on and mine is not None:
            mine.delete()
        else:
            after = before
        changed = events.ReactionChanged(message_id=row.pk, seq=row.seq, reactions=events.reactions(after))
        if after != before:
            append(row.room.channel, changed)
        return changed


def upload(user: User, file: CheckedFile) -> events.Attachment:
    """Keep a file until it is sent with a message."""
    row = Attachment(owner=user, name=file.name, size=file.size, content_type=file.content_type)
    row.file.save(file.name, file.content)
    return events.attachment(row)


def _message_deleted() -> Conflict:
    return Conflict("the message is deleted", slug="message_deleted")


def _reply_in(room: Room, message_id: int | None) -> int | None:
    if message_id is not None and not Message.objects.filter(pk=message_id, room=room).exists():
        raise InvalidParameters(reply_to="no such message in this room")
    return message_id


def _attach(user: User, message: Message, attachment_ids: Sequence[int]) -> list[Attachment]:
    if not attachment_ids:
        return []
    wanted = set(attachment_ids)
    attached = Attachment.objects.filter(pk__in=wanted, owner=user, message=None).update(message=message)
    if attached != len(wanted):
        raise InvalidParameters(attachment_ids="not uploaded by you, or already sent")
    return list(message.attachments.order_by("pk"))


def _locked_message(user: User, message_id: int) -> Message:
    """A message with all its content as it is now, and stays until commit."""
    lock_room(message_for(user, message_id).room_id)
    row = snapshots.with_content(messages_of(user)).filter(pk=message_id).first()
    if row is None:
        raise NotFound("message")
    return row


def _sender_and_unnotified(user: User, room_id: int) -> list[Any]:
    """The sender's membership, and those of whom nothing is known to wait for: one query for both, under the lock.
    Each knows how many messages are its ``own``.

    One notification stands for all that its receiver has not read yet, so who has an unread one gets no other.
    """
    rows = Membership.objects.filter(room=room_id, left_at__isnull=True)
    rows = rows.filter(Q(user=user) | Q(user__is_active=True, notified_seq__lte=F("last_read_seq")))
    rows = rows.annotate(own=snapshots.own_messages())
    return list(rows.select_related("room", "user__profile").order_by("user"))
