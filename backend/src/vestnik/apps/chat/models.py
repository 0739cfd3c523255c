"""Rooms, who is in them, and what was said; what must always be true is a constraint of the database."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

MAX_TITLE_LENGTH = 200
MAX_EMOJI_LENGTH = 32
MAX_FILE_NAME_LENGTH = 200


def direct_key(user_ids: Iterable[int]) -> str:
    """The name of the one direct room of two people: the same whichever of them asks."""
    return ":".join(str(user_id) for user_id in sorted(user_ids))


class Room(models.Model):
    """A conversation of two people, or of a group.

    Its row is the lock of the room: whatever changes what members see takes it first, so within a room the order of
    changes, of ``seq`` and of events is one order.
    """

    class Kind(models.TextChoices):
        DIRECT = "direct"
        GROUP = "group"

    kind = models.CharField(max_length=6, choices=Kind)
    title = models.CharField(max_length=MAX_TITLE_LENGTH, blank=True)
    direct_key = models.CharField(max_length=41, null=True, unique=True, editable=False)  # noqa: DJ001  unique, but for groups
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    last_seq = models.PositiveBigIntegerField(default=0, editable=False)
    last_activity_at = models.DateTimeField(default=timezone.now, editable=False)
    is_locked = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="vestnik_chat_room_direct_key",
                condition=models.Q(kind="direct", direct_key__isnull=False)
                | models.Q(kind="group", direct_key__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.kind} {self.pk}"

    @property
    def direct_key_ids(self) -> tuple[int, int]:
        """The two people of a direct room."""
        first, second = (self.direct_key or "").split(":")
        return int(first), int(second)

    @property
    def channel(self) -> str:
        return f"chat:{self.pk}"

    @property
    def typing_channel(self) -> str:
        return f"typing:{self.pk}"


class Membership(models.Model):
    """One person in one room, with one read pointer. Who left keeps the row, with ``left_at``."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chat_memberships")
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)
    last_read_seq = models.PositiveBigIntegerField(default=0)
    # Which message the last notification was about: one above the read pointer is still waiting to be read.
    notified_seq = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="vestnik_chat_membership_room_user", fields=["room", "user"]),
        ]

    def __str__(self) -> str:
        return f"user {self.user_id} in room {self.room_id}"


class Message(models.Model):
    """What somebody said. ``seq`` counts the room's messages 1, 2, 3 … without gaps; a deleted one keeps its place."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages", db_index=False)
    seq = models.PositiveBigIntegerField()
    # Counts the sender's messages in the room, so that one's own among the unread are found without counting them.
    sender_seq = models.PositiveBigIntegerField()
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    client_id = models.UUIDField(default=uuid.uuid4)
    text = models.TextField(blank=True)
    folded_text = models.TextField(blank=True, editable=False)
    reply_to = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="vestnik_chat_message_room_seq", fields=["room", "seq"]),
            models.UniqueConstraint(name="vestnik_chat_message_sender_client_id", fields=["sender", "client_id"]),
            models.CheckConstraint(name="vestnik_chat_message_seq", condition=models.Q(seq__gte=1)),
            models.CheckConstraint(
                name="vestnik_chat_message_tombstone", condition=models.Q(deleted_at__isnull=True) | models.Q(text="")
            ),
        ]
        indexes: ClassVar = [
            # Unread counts leave out one's own messages.
            models.Index(name="vestnik_chat_message_own", fields=["room", "sender", "seq"]),
        ]

    def __str__(self) -> str:
        return f"message {self.seq} of room {self.room_id}"


class Reaction(models.Model):
    """One emoji that one person put on one message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=MAX_EMOJI_LENGTH)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="vestnik_chat_reaction_once", fields=["message", "emoji", "user"]),
        ]

    def __str__(self) -> str:
        return f"{self.emoji} by user {self.user_id} on message {self.message_id}"


def attachment_path(attachment: Attachment, name: str) -> str:
    """Where the bytes lie: a name that says nothing and cannot be guessed; the real one is only in the database."""
    unguessable = uuid.uuid4().hex
    return f"chat/{unguessable[:2]}/{unguessable}"


class Attachment(models.Model):
    """A file that somebody uploaded, and later sent with one message."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=MAX_FILE_NAME_LENGTH)
    size = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=100)
    file = models.FileField(upload_to=attachment_path)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.name} by user {self.owner_id}"
