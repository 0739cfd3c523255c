"""Rooms, messages, files and contacts over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, cast

import msgspec
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.urls import path
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from vestnik.apps.accounts.events import Person, person
from vestnik.apps.chat import actions, events, snapshots
from vestnik.apps.chat.access import attachment_for, message_for
from vestnik.apps.chat.files import check_file, too_large
from vestnik.apps.chat.policy import contacts
from vestnik.apps.chat.rpc import NewMessage, Seq
from vestnik.apps.conf import vestnik_settings
from vestnik.apps.rest.bodies import answer, body, query
from vestnik.apps.rest.errors import ErrorBody
from vestnik.apps.rest.pages import Page, decode_cursor, encode_cursor
from vestnik.apps.rest.schema import Described, documented
from vestnik.apps.rest.views import ApiView
from vestnik.core.errors import InvalidParameters, NotFound
from vestnik.core.values import MAX_INTEGER, Id

Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
ENVELOPE = 65_536  # bytes of an upload that are not the file: boundaries and headers of the form


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of a list."""

    cursor: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 200


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of a room: the newest, or that before or after a ``seq``."""

    before: Seq | None = None
    after: Seq | None = None
    limit: Limit = 50


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for, whatever the case of its letters."""

    q: Annotated[str, msgspec.Meta(min_length=2, max_length=100)]
    cursor: str = ""
    limit: Limit = 50


class NewRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A room to open: with one other person, or a group with a title."""

    kind: Literal["direct", "group"]
    member_ids: Annotated[list[Id], msgspec.Meta(max_length=actions.MAX_MEMBERS)]
    title: str = ""


class RoomChange(msgspec.Struct, frozen=True, kw_only=True):
    title: str


class MessageChange(msgspec.Struct, frozen=True, kw_only=True):
    text: str


class ReadUpTo(msgspec.Struct, frozen=True, kw_only=True):
    seq: Seq


class NewMember(msgspec.Struct, frozen=True, kw_only=True):
    user_id: Id


def _user(request: Request) -> User:
    return cast(User, request.user)  # every view here wants somebody who is signed in


def _id(number: int, what: str) -> int:
    """A number from an address; one that no row can have gets the answer of one that no row has."""
    if not 1 <= number <= MAX_INTEGER:
        raise NotFound(what)
    return number


class ContactsView(ApiView):
    @documented(query=PageQuery, answer=Page[Person])
    def get(self, request: Request) -> Response:
        """The people whom the user may write to, by name."""
        wanted = query(request, PageQuery)
        people = contacts(_user(request)).order_by("profile__display_name", "pk")
        if wanted.cursor:
            name, last_id = decode_cursor(wanted.cursor, tuple[str, Id])
            people = people.filter(profile__display_name__gte=name).exclude(profile__display_name=name, pk__lte=last_id)
        page = list(people[: wanted.limit + 1])
        more, page = len(page) > wanted.limit, page[: wanted.limit]
        found = [person(user) for user in page]
        return answer(Page(found, encode_cursor((found[-1].display_name, found[-1].id)) if more else None))


class RoomsView(ApiView):
    @documented(query=PageQuery, answer=snapshots.RoomsPage)
    def get(self, request: Request) -> Response:
        """The user's rooms, the latest activity first."""
        wanted = query(request, PageQuery)
        before = decode_cursor(wanted.cursor, tuple[Instant, Id]) if wanted.cursor else None
        return answer(snapshots.rooms(_user(request), before=before, limit=wanted.limit))

    @documented(body=NewRoom, answer=events.Room, status=(200, 201))
    def post(self, request: Request) -> Response:
        """Open a room. A direct room that exists already is given back, with status 200."""
        wanted = body(request, NewRoom)
        if wanted.kind == "group":
            return answer(actions.create_group(_user(request), wanted.title, wanted.member_ids), status=201)
        others = set(wanted.member_ids) - {_user(request).pk}
        if len(others) != 1:
            raise InvalidParameters(member_ids="must name one other person")
        room, is_new = actions.open_direct_room(_user(request), others.pop())
        return answer(room, status=201 if is_new else 200)


class RoomView(ApiView):
    @documented(answer=events.Room)
    def get(self, request: Request, room_id: int) -> Response:
        """One room."""
        rooms = snapshots.rooms_among(_user(request), [_id(room_id, "room")])
        if not rooms:
            raise NotFound("room")
        return answer(rooms[0])

    @documented(body=RoomChange, answer=events.RoomFacts)
    def patch(self, request: Request, room_id: int) -> Response:
        """Rename a group."""
        return answer(actions.rename(_user(request), _id(room_id, "room"), body(request, RoomChange).title))


class HistoryView(ApiView):
    @documented(query=HistoryQuery, answer=snapshots.HistoryPage)
    def get(self, request: Request, room_id: int) -> Response:
        """A page of messages, ascending; the newest page first."""
        wanted = query(request, HistoryQuery)
        return answer(
            snapshots.history(
                _user(request), _id(room_id, "room"), before=wanted.before, after=wanted.after, limit=wanted.limit
            )
        )

    @documented(body=NewMessage, answer=events.Message, status=(200, 201))
    def post(self, request: Request, room_id: int) -> Response:
        """Say something. The same `client_id` again gives the same message, with status 200."""
        new = body(request, NewMessage)
        sent = actions.send(
            _user(request),
            _id(room_id, "room"),
            client_id=new.client_id,
            text=new.text,
            reply_to=new.reply_to,
            attachment_ids=new.attachment_ids,
        )
        return answer(sent.message, status=201 if sent.is_new else 200)


class MessageView(ApiView):
    @documented(answer=events.Message)
    def get(self, request: Request, message_id: int) -> Response:
        """One message, such as that which another replies to."""
        return answer(events.message(message_for(_user(request), _id(message_id, "message"))))

    @documented(body=MessageChange, answer=events.Message)
    def patch(self, request: Request, message_id: int) -> Response:
        """Change the text of one's own message."""
        return answer(actions.edit(_user(request), _id(message_id, "message"), body(request, MessageChange).text))

    @documented(answer=events.Message)
    def delete(self, request: Request, message_id: int) -> Response:
        """Leave a tombstone of a message."""
        return answer(actions.delete(_user(request), _id(message_id, "message")))


class ReadView(ApiView):
    @documented(body=ReadUpTo, answer=ReadUpTo)
    def post(self, request: Request, room_id: int) -> Response:
        """Move the read pointer forward. Answers with where it is now."""
        seq = actions.mark_read(_user(request), _id(room_id, "room"), body(request, ReadUpTo).seq)
        return answer(ReadUpTo(seq=seq))


class MembersView(ApiView):
    @documented(body=NewMember, answer=events.Member, status=201)
    def post(self, request: Request, room_id: int) -> Response:
        """Let somebody into a group."""
        member = actions.add_member(_user(request), _id(room_id, "room"), body(request, NewMember).user_id)
        return answer(member, status=201)


class MemberView(ApiView):
    @documented()
    def delete(self, request: Request, room_id: int, user_id: int) -> Response:
        """Take somebody out of a group, or leave it."""
        actions.remove_member(_user(request), _id(room_id, "room"), _id(user_id, "member"))
        return answer(None, status=204)


class AttachmentsView(ApiView):
    parser_classes = [MultiPartParser]

    @documented(
        upload={
            "type": "object",
            "properties": {"file": {"type": "string", "format": "binary"}},
            "required": ["file"],
        },
        answer=events.Attachment,
        status=201,
    )
    def post(self, request: Request) -> Response:
        """Upload a file, to be sent with a message later."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > vestnik_settings().max_attachment_size + ENVELOPE:
            raise too_large()  # before reading it
        file = request.FILES.get("file")
        if not isinstance(file, UploadedFile):
            raise InvalidParameters(file="required")
        return answer(actions.upload(_user(request), check_file(file)), status=201)


class AttachmentView(ApiView):
    @extend_schema(
        request=None,
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            "default": OpenApiResponse(Described(ErrorBody), description="Refused, or failed."),
        },
    )
    def get(self, request: Request, attachment_id: int) -> HttpResponse:
        """The file. Never shown in place: a page of ours must not be made of what somebody uploaded."""
        row = attachment_for(_user(request), _id(attachment_id, "attachment"))
        with row.file.open() as content:
            response = HttpResponse(content.read(), content_type=row.content_type)
        response["Content-Disposition"] = content_disposition_header(True, row.name) or "attachment"
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["Cache-Control"] = "private, no-store"
        return response


class SearchView(ApiView):
    @documented(query=SearchQuery, answer=Page[events.Message])
    def get(self, request: Request) -> Response:
        """Messages in the user's rooms that hold a text, the newest first."""
        wanted = query(request, SearchQuery)
        before = decode_cursor(wanted.cursor, Id) if wanted.cursor else None
        found, following = snapshots.search(_user(request), wanted.q, before=before, limit=wanted.limit)
        return answer(Page(found, encode_cursor(following) if following else None))


urlpatterns = [
    path("contacts/", ContactsView.as_view()),
    path("chat/rooms/", RoomsView.as_view()),
    path("chat/rooms/<int:room_id>/", RoomView.as_view()),
    path("chat/rooms/<int:room_id>/messages/", HistoryView.as_view()),
    path("chat/rooms/<int:room_id>/read/", ReadView.as_view()),
    path("chat/rooms/<int:room_id>/members/", MembersView.as_view()),
    path("chat/rooms/<int:room_id>/members/<int:user_id>/", MemberView.as_view()),
    path("chat/messages/<int:message_id>/", MessageView.as_view()),
    path("chat/attachments/", AttachmentsView.as_view()),
    path("chat/attachments/<int:attachment_id>/", AttachmentView.as_view(), name="chat-attachment"),
    path("chat/search/", SearchView.as_view()),
]
