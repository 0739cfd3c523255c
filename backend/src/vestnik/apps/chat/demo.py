"""The talk of the demo: direct rooms of those who may chat, and a group with a long history.

Each message has a ``client_id`` made from its place, by which it is recognised: filling again adds nothing, and takes
nothing away of what people have written since.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count, cycle, islice
from typing import TYPE_CHECKING

from django.utils import timezone

from vestnik.apps.accounts.events import personal_channel
from vestnik.apps.chat import events, snapshots
from vestnik.apps.chat.demo_talk import DIRECT_CONVERSATIONS, GROUP_CONVERSATIONS, TOPICS
from vestnik.apps.chat.models import Membership, Message, Reaction, Room, direct_key
from vestnik.apps.chat.texts import fold
from vestnik.apps.eventlog.log import append, transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User

GROUP_TITLE = "Математика, 8 класс"
GROUP_PEOPLE = ("teacher", "student", "tutor", "parent")
GROUP_MESSAGES = 500
LOGGED_MESSAGES = 20  # of each room, the last: enough to try resuming with
PAUSES = (150, 320, 200, 840, 95, 610)  # minutes between conversations, so that they spread over days
REACTIONS = (("👍", "teacher"), ("❤️", "parent"), ("🎉", "student"), ("😄", "tutor"))
UNREAD = {"student": 3, "parent": 12}  # messages at the end of the group that these have not read yet

_IDS = uuid.UUID("6f0d6a52-6c0b-4a55-9d2e-2f6a1b6c3e11")

Line = tuple[str, str]  # who, what


def fill(users: dict[str, User]) -> None:
    """Create the rooms that are missing.

    Args:
        users: The people of the demo by username, from :func:`vestnik.apps.accounts.demo.fill`.
    """
    now = timezone.now().replace(second=0, microsecond=0)
    with transaction():
        for number, (pair, conversation) in enumerate(DIRECT_CONVERSATIONS.items()):
            end = now - timedelta(minutes=35 + 170 * number)
            _direct_room(users, pair, list(_lines(conversation)), end)
        _group_room(users, now - timedelta(minutes=55))


def _direct_room(users: dict[str, User], pair: tuple[str, str], lines: Sequence[Line], end: datetime) -> None:
    name = "-".join(pair)
    if _is_there(users[lines[0][0]], name):
        return
    people = [users[username] for username in pair]
    room, _ = Room.objects.get_or_create(
        direct_key=direct_key([person.pk for person in people]),
        defaults={"kind": Room.Kind.DIRECT, "created_at": end - timedelta(days=1)},
    )
    times = [end - timedelta(minutes=4 * back) for back in range(len(lines))][::-1]
    _talk(room, name, users, pair, lines, times)
    _read(room, users, pair, {"student": 1} if pair == ("student", "teacher") else {})
    _tell(room, users, pair)


def _group_room(users: dict[str, User], end: datetime) -> None:
    if _is_there(users["teacher"], "group"):
        return
    conversations = list(_group_conversations())
    lines = [line for conversation in conversations for line in conversation]
    times: list[datetime] = []
    at = end
    for conversation, pause in zip(reversed(conversations), cycle(PAUSES), strict=False):
        for back in range(len(conversation)):
            times.append(at)
            at -= timedelta(minutes=1 + back % 3, seconds=17 * (back % 4))
        at -= timedelta(minutes=pause)
    room = Room.objects.create(kind=Room.Kind.GROUP, title=GROUP_TITLE, owner=users["teacher"], created_at=at)
    messages = _talk(room, "group", users, GROUP_PEOPLE, lines, times[::-1])
    _decorate(users, messages)
    _read(room, users, GROUP_PEOPLE, UNREAD)
    _tell(room, users, GROUP_PEOPLE)


def _group_conversations() -> Iterator[list[Line]]:
    """Conversations of exactly ``GROUP_MESSAGES`` lines in all; the first begins with the teacher."""
    left = GROUP_MESSAGES
    for number, conversation in enumerate(cycle(GROUP_CONVERSATIONS)):
        gaps = {
            "topic": TOPICS[number % len(TOPICS)],
            "page": str(24 + 3 * number),
            "task": str(101 + 7 * number),
            "hour": str(15 + number % 4),
        }
        lines = list(islice(_lines(conversation, gaps), left))
        if not lines:
            return
        left -= len(lines)
        yield lines


def _lines(conversation: Sequence[str], gaps: dict[str, str] | None = None) -> Iterator[Line]:
    for line in conversation:
        speaker, _, text = line.partition(": ")
        yield speaker, text.format_map(gaps) if gaps is not None else text


def _talk(
    room: Room,
    name: str,
    users: dict[str, User],
    usernames: Sequence[str],
    lines: Sequence[Line],
    times: Sequence[datetime],
) -> list[Message]:
    """Put people into a room, and what they said."""
    Membership.objects.bulk_create(
        [Membership(room=room, user=users[username], joined_at=room.created_at) for username in usernames],
        ignore_conflicts=True,
    )
    first = room.last_seq + 1
    counts = {
        username: count(Message.objects.filter(room=room, sender=users[username]).count() + 1) for username in usernames
    }
    messages = Message.objects.bulk_create(
        [
            Message(
                room=room,
                seq=seq,
                sender=users[username],
                sender_seq=next(counts[username]),
                client_id=_client_id(name, number),
                text=text,
                folded_text=fold(text),
                created_at=at,
            )
            for number, (seq, (username, text), at) in enumerate(
                zip(range(first, first + len(lines)), lines, times, strict=True)
            )
        ]
    )
    room.last_seq, room.last_activity_at = messages[-1].seq, messages[-1].created_at
    room.save(update_fields=["last_seq", "last_activity_at"])
    return messages


def _decorate(users: dict[str, User], messages: Sequence[Message]) -> None:
    """Reactions, replies, an edited message and a deleted one."""
    edited, deleted = messages[-31], messages[-25]
    edited.edited_at = edited.created_at + timedelta(minutes=2)
    deleted.text = deleted.folded_text = ""
    deleted.deleted_at = deleted.created_at + timedelta(minutes=1)
    replies = [message for message in messages[12::25] if message is not deleted]
    for reply in replies:
        reply.reply_to = messages[reply.seq - messages[0].seq - 2]
    Message.objects.bulk_update(
        {message.pk: message for message in (edited, deleted, *replies)}.values(),
        ["reply_to", "edited_at", "deleted_at", "text", "folded_text"],
    )
    Reaction.objects.bulk_create(
        [
            Reaction(message=message, user=users[username], emoji=emoji, created_at=message.created_at)
            for message in messages[5::9]
            for emoji, username in REACTIONS[: 1 + message.seq % len(REACTIONS)]
            if message is not deleted and message.sender != users[username]
        ]
    )


def _read(room: Room, users: dict[str, User], usernames: Sequence[str], unread: dict[str, int]) -> None:
    """Move the pointers of all to the end, or to a few messages before it."""
    for username in usernames:
        pointer = room.last_seq - unread.get(username, 0)
        Membership.objects.filter(room=room, user=users[username]).update(last_read_seq=pointer)


def _tell(room: Room, users: dict[str, User], usernames: Sequence[str]) -> None:
    """Log the end of the talk, and tell those who are looking of the room."""
    rows = snapshots.with_content(Message.objects.filter(room=room, seq__gt=room.last_seq - LOGGED_MESSAGES))
    for row in rows.order_by("seq"):
        append(room.channel, events.MessageCreated(message=events.message(row), at=row.created_at))
    for username in usernames:
        (view,) = snapshots.rooms_among(users[username], [room.pk])
        append(personal_channel(users[username].pk), events.RoomAdded(room=view))


def _is_there(speaker: User, name: str) -> bool:
    return Message.objects.filter(sender=speaker, client_id=_client_id(name, 0)).exists()


def _client_id(name: str, number: int) -> uuid.UUID:
    return uuid.uuid5(_IDS, f"{name}:{number}")
