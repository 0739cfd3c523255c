"""What can be done in rooms. Each verb checks, writes and appends its events in one transaction.

Whatever changes a room takes the lock of its row first and then looks again whether the user is still in it, so that
within a room the order of changes is the order of events, and nothing is written by somebody who has just been removed.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import IntegrityError
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from vestnik.apps.accounts.access import active_users, profile_of, role_of
from vestnik.apps.accounts.events import personal_channel
from vestnik.apps.accounts.models import Role
from vestnik.apps.chat import events, snapshots
from vestnik.apps.chat.access import (
    is_moderator,
    membership_for,
    message_for,
    messages_of,
    require_writable,
    writable_among,
)
from vestnik.apps.chat.files import CheckedFile, discard
from vestnik.apps.chat.models import Attachment, Membership, Message, Reaction, Room, direct_key
from vestnik.apps.chat.policy import contacts
from vestnik.apps.chat.texts import check_emoji, check_text, check_title, fold
from vestnik.apps.eventlog.control import unsubscribe_user
from vestnik.apps.eventlog.log import append, broadcast, position_of, transaction
from vestnik.apps.notifications.access import notifications_of
from vestnik.apps.notifications.actions import archive, notify
from vestnik.core.errors import Conflict, InvalidParameters, NotFound, PermissionDenied

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_MEMBERS = 500
MAX_REACTIONS = 20  # different emoji on one message
MAX_ATTACHMENTS = 10  # on one message
NOTIFIED_MEMBERS = 50  # in a room with more, nobody's bell rings: it would ring all day


# Opening rooms ---------------------------------------------------------------------------------------------------


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
            _notify_of_adding(user, person, room)
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
        _notify_of_adding(user, person, room)
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
        room = _locked(user, room_id).room
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
        _drop_notification(gone)
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
        room = _lock(room_id)
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


# Messages --------------------------------------------------------------------------------------------------------


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
    _notify_of_message(room, payload, [other for other in present if other is not mine])
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
                _drop_notification(membership)
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
        _lock(room_id)
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
                _drop_notification(membership)
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


def upload(user: User, file: CheckedFile) -> events.Attachment:
    """Keep a file until it is sent with a message."""
    row = Attachment(owner=user, name=file.name, size=file.size, content_type=file.content_type)
    row.file.save(file.name, file.content)
    return events.attachment(row)


# Locks -----------------------------------------------------------------------------------------------------------


def _lock(room_id: int) -> Room | None:
    # Not against rows that refer to the room (no_key): those of a message come under the same lock anyway.
    return Room.objects.select_for_update(no_key=True).filter(pk=room_id).first()


def _locked(user: User, room_id: int) -> Membership:
    """The membership of ``user`` as it is now, and stays until commit."""
    membership_for(user, room_id)  # strangers must not be able to hold the lock
    _lock(room_id)
    return membership_for(user, room_id)


def _locked_message(user: User, message_id: int) -> Message:
    """A message with all its content as it is now, and stays until commit."""
    _lock(message_for(user, message_id).room_id)
    row = snapshots.with_content(messages_of(user)).filter(pk=message_id).first()
    if row is None:
        raise NotFound("message")
    return row


def _moderated(user: User, room_id: int) -> Room:
    room = _locked(user, room_id).room
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


# Parts -----------------------------------------------------------------------------------------------------------


def _contact(user: User, other_id: int) -> User:
    other = contacts(user).filter(pk=other_id).first()
    if other is None:
        raise _not_a_contact()
    return other


def _not_a_contact() -> PermissionDenied:
    return PermissionDenied("you may not write to this person", slug="not_a_contact")


def _message_deleted() -> Conflict:
    return Conflict("the message is deleted", slug="message_deleted")


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


# Notifications ---------------------------------------------------------------------------------------------------


def _sender_and_unnotified(user: User, room_id: int) -> list[Any]:
    """The sender's membership, and those of whom nothing is known to wait for: one query for both, under the lock.
    Each knows how many messages are its ``own``.

    One notification stands for all that its receiver has not read yet, so who has an unread one gets no other.
    """
    rows = Membership.objects.filter(room=room_id, left_at__isnull=True)
    rows = rows.filter(Q(user=user) | Q(user__is_active=True, notified_seq__lte=F("last_read_seq")))
    rows = rows.annotate(own=snapshots.own_messages())
    return list(rows.select_related("room", "user__profile").order_by("user"))


def _notify_of_message(room: Room, message: events.Message, receivers: Sequence[Membership]) -> None:
    if not receivers:
        return
    Membership.objects.filter(pk__in=[row.pk for row in receivers]).update(notified_seq=message.seq)
    is_direct = room.kind == Room.Kind.DIRECT
    if not is_direct and Membership.objects.filter(room=room, left_at__isnull=True).count() > NOTIFIED_MEMBERS:
        return
    text = message.text or ", ".join(file.name for file in message.attachments)
    params: dict[str, Any] = {"sender": message.sender.display_name, "text": text}
    for receiver in receivers:  # in the order of their ids, as the feeds' locks want it
        notify(
            receiver.user,
            "chat.message" if is_direct else "chat.group_message",
            params=params if is_direct else {**params, "room": room.title},
            link=_link(room.pk),
            data={"room": room.pk, "message": message.id, "seq": message.seq},
            collapse_key=_collapse_key(room.pk),
        )


def _notify_of_adding(user: User, person: User, room: Room) -> None:
    notify(
        person,
        "chat.added",
        params={"room": room.title, "by": profile_of(user).display_name},
        link=_link(room.pk),
        data={"room": room.pk},
    )


def _drop_notification(membership: Membership) -> None:
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
