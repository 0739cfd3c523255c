"""What a browser does in rooms, over the socket."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec

from vestnik.apps.accounts.access import user_for
from vestnik.apps.chat import actions, events
from vestnik.core.namespaces import Caller
from vestnik.core.procedures import Procedures
from vestnik.core.values import MAX_INTEGER, Id

Seq = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
Ids = Annotated[list[Id], msgspec.Meta(max_length=actions.MAX_ATTACHMENTS)]

procedures = Procedures()


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Something to say. ``client_id`` makes it safe to say again when no answer came."""

    client_id: uuid.UUID
    text: str
    reply_to: Id | None = None
    attachment_ids: Ids = []


class SendParams(NewMessage, frozen=True, kw_only=True):
    room: Id


class EditParams(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    text: str


class DeleteParams(msgspec.Struct, frozen=True, kw_only=True):
    id: Id


class ReactParams(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    emoji: str
    on: bool


class ReadParams(msgspec.Struct, frozen=True, kw_only=True):
    room: Id
    seq: Seq


class TypingParams(msgspec.Struct, frozen=True, kw_only=True):
    room: Id
    typing: bool


class MessageResult(msgspec.Struct, frozen=True):
    message: events.Message


class ReactResult(msgspec.Struct, frozen=True):
    message_id: int
    reactions: list[events.Reaction]


class ReadResult(msgspec.Struct, frozen=True):
    """Where the pointer is now, which may be further than was asked."""

    seq: int


class TypingResult(msgspec.Struct, frozen=True):
    pass


@procedures.method("chat.send", SendParams)
def send(caller: Caller, params: SendParams) -> MessageResult:
    sent = actions.send(
        user_for(caller),
        params.room,
        client_id=params.client_id,
        text=params.text,
        reply_to=params.reply_to,
        attachment_ids=params.attachment_ids,
    )
    return MessageResult(sent.message)


@procedures.method("chat.edit", EditParams)
def edit(caller: Caller, params: EditParams) -> MessageResult:
    return MessageResult(actions.edit(user_for(caller), params.id, params.text))


@procedures.method("chat.delete", DeleteParams)
def delete(caller: Caller, params: DeleteParams) -> MessageResult:
    return MessageResult(actions.delete(user_for(caller), params.id))


@procedures.method("chat.react", ReactParams)
def react(caller: Caller, params: ReactParams) -> ReactResult:
    changed = actions.react(user_for(caller), params.id, params.emoji, params.on)
    return ReactResult(changed.message_id, changed.reactions)


@procedures.method("chat.read", ReadParams)
def read(caller: Caller, params: ReadParams) -> ReadResult:
    return ReadResult(actions.mark_read(user_for(caller), params.room, params.seq))


@procedures.method("chat.typing", TypingParams)
def typing(caller: Caller, params: TypingParams) -> TypingResult:
    actions.set_typing(user_for(caller), params.room, params.typing)
    return TypingResult()
