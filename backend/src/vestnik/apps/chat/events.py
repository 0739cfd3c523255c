"""How rooms and messages look to their readers, and what is published when they change."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec
from django.urls import reverse
from msgspec import UNSET, UnsetType

from vestnik.apps.accounts.access import profile_of
from vestnik.apps.accounts.events import Person, person
from vestnik.apps.chat import models
from vestnik.apps.eventlog.events import Event
from vestnik.core.position import Position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

# Payloads: one rendering each, for REST, rpc and events alike ----------------------------------------------------


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who said something."""

    id: int
    display_name: str


class Member(Person, frozen=True, kw_only=True):
    """Somebody in a room.

    Attributes:
        last_read_seq: Up to where they have read; never goes down.
    """

    joined_at: datetime
    last_read_seq: int


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file; ``url`` needs the same authorisation as everything else."""

    id: int
    name: str
    size: int
    content_type: str
    url: str


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """One emoji on a message, and who put it there, the first first."""

    emoji: str
    count: int
    user_ids: list[int]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said. A deleted one keeps its place, and nothing else.

    Attributes:
        seq: Counts the room's messages 1, 2, 3 … without gaps.
        client_id: The UUID that the sender made; by it the echo replaces the pending message.
        reply_to: The id of a message of the same room.
    """

    id: int
    room: int
    seq: int
    sender: Sender
    client_id: str
    text: str
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    reply_to: int | None
    attachments: list[Attachment]
    reactions: list[Reaction]


class RoomFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for everybody in a room, and seldom changes.

    Attributes:
        title: Of a group; empty for a direct room, which is named after the other person.
        owner_id: Whose group it is; without an owner it is read-only.
        is_locked: Nobody may write, by order of an administrator.
        channel: Where its events are published.
        can_send: Whether the receiver may write; there only in what is addressed to one person.
    """

    id: int
    kind: Literal["direct", "group"]
    title: str
    owner_id: int | None
    is_locked: bool
    created_at: datetime
    channel: str
    can_send: bool | UnsetType = UNSET


class Room(RoomFacts, frozen=True, kw_only=True):
    """A room as one of its members sees it.

    Attributes:
        unread: Messages of others after the reader's pointer.
        position: Of which this is the state: subscribing to ``channel`` from there misses nothing.
    """

    members: list[Member]
    last_message: Message | None
    unread: int
    last_read_seq: int
    position: Position


# Events of ``chat:<room>`` ---------------------------------------------------------------------------------------


class MessageCreated(Event, frozen=True, tag="message.created"):
    message: Message


class MessageEdited(Event, frozen=True, tag="message.edited"):
    message: Message


class MessageDeleted(Event, frozen=True, tag="message.deleted"):
    """A message became a tombstone: without text, attachments and reactions."""

    id: int
    seq: int
    deleted_at: datetime


class ReactionChanged(Event, frozen=True, tag="reaction.changed"):
    """``reactions`` are all that are now on the message."""

    message_id: int
    seq: int
    reactions: list[Reaction]


class ReadMoved(Event, frozen=True, tag="read.moved"):
    """Somebody has read up to ``seq``; ``unread`` is what is then left to them."""

    user_id: int
    seq: int
    unread: int


class MemberJoined(Event, frozen=True, tag="member.joined"):
    user: Member


class MemberLeft(Event, frozen=True, tag="member.left"):
    user_id: int


class RoomUpdated(Event, frozen=True, tag="room.updated"):
    """The facts of a room changed. On ``user:#<id>`` too, when what that person may do there changed."""

    room: RoomFacts


# Events of ``user:#<id>`` ----------------------------------------------------------------------------------------


class RoomAdded(Event, frozen=True, tag="room.added"):
    """The user is now in this room."""

    room: Room


class RoomRemoved(Event, frozen=True, tag="room.removed"):
    """The user is no longer in this room."""

    room_id: int


# Of ``typing:<room>``, which is not logged -----------------------------------------------------------------------


class Typing(Event, frozen=True, tag="typing"):
    user_id: int
    typing: bool


# From rows to payloads -------------------------------------------------------------------------------------------


def sender(user: User) -> Sender:
    return Sender(id=user.pk, display_name=profile_of(user).display_name)


def member(row: models.Membership) -> Member:
    who = person(row.user)
    return Member(
        id=who.id,
        display_name=who.display_name,
        role=who.role,
        joined_at=row.joined_at,
        last_read_seq=row.last_read_seq,
    )


def attachment(row: models.Attachment) -> Attachment:
    return Attachment(
        id=row.pk,
        name=row.name,
        size=row.size,
        content_type=row.content_type,
        url=reverse("chat-attachment", args=[row.pk]),
    )


def reactions(rows: Iterable[models.Reaction]) -> list[Reaction]:
    """Group by emoji, in the order in which they came."""
    by_emoji: dict[str, list[int]] = {}
    for row in sorted(rows, key=lambda row: row.pk):
        by_emoji.setdefault(row.emoji, []).append(row.user_id)
    return [Reaction(emoji=emoji, count=len(users), user_ids=users) for emoji, users in by_emoji.items()]


def message(row: models.Message) -> Message:
    """The one rendering of a message. Fetch rows by :func:`with_content`, or each costs three queries more."""
    return new_message(
        row,
        attachments=sorted(row.attachments.all(), key=lambda file: file.pk) if row.deleted_at is None else [],
        on_it=row.reactions.all() if row.deleted_at is None else [],
    )


def new_message(
    row: models.Message, *, attachments: Iterable[models.Attachment], on_it: Iterable[models.Reaction] = ()
) -> Message:
    """:func:`message`, of which the attachments and reactions are known."""
    return Message(
        id=row.pk,
        room=row.room_id,
        seq=row.seq,
        sender=sender(row.sender),
        client_id=str(row.client_id),
        text=row.text,
        created_at=row.created_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        reply_to=row.reply_to_id,
        attachments=[attachment(file) for file in attachments],
        reactions=reactions(on_it),
    )


def room_facts(row: models.Room, *, can_send: bool | UnsetType = UNSET) -> RoomFacts:
    return RoomFacts(
        id=row.pk,
        kind=row.kind,  # type: ignore[arg-type]  # the database holds nothing else
        title=row.title,
        owner_id=row.owner_id,
        is_locked=row.is_locked,
        created_at=row.created_at,
        channel=row.channel,
        can_send=can_send,
    )
