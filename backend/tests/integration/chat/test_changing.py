"""Editing, deleting and reacting: who may, what it leaves, and what is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.school import NOBODYS_ID, Browser, School, call, say
from tests.support.threads import at_the_same_time
from vestnik.apps.chat import actions
from vestnik.apps.chat.actions.messages import MAX_REACTIONS
from vestnik.apps.chat.events import Message as MessagePayload
from vestnik.apps.chat.models import Message, Reaction
from vestnik.core.codes import ErrorCode
from vestnik.core.errors import Conflict, InvalidParameters, PeerError

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(school: School, group: int) -> MessagePayload:
    return say(school.student, group, "frist")


def by_rest(method: str, body: object = None) -> Callable[..., int]:
    def door(user, message_id: int) -> int:
        return Browser(user)(method, f"chat/messages/{message_id}/", body)[0]

    return door


def by_rpc(method: str, **params: object) -> Callable[..., int]:
    """A procedure that answers as REST would: 200, or the status of the refusal."""
    statuses = {ErrorCode.PERMISSION_DENIED: 403, ErrorCode.NOT_FOUND: 404, ErrorCode.CONFLICT: 409}

    def door(user, message_id: int) -> int:
        try:
            call(user, method, id=message_id, **params)
        except PeerError as error:
            return statuses[error.code]
        return 200

    return door


EDIT = {"rest": by_rest("PATCH", {"text": "first"}), "rpc": by_rpc("chat.edit", text="first")}
DELETE = {"rest": by_rest("DELETE"), "rpc": by_rpc("chat.delete")}
REACT = {"rpc": by_rpc("chat.react", emoji="👍", on=True)}
SHOW = {"rest": by_rest("GET")}


@pytest.mark.parametrize(
    ("doors", "allowed", "denied"),
    [
        (EDIT, ["student"], ["teacher", "parent"]),
        (DELETE, ["student", "teacher"], ["parent", "tutor"]),
        (REACT, ["student", "teacher", "parent", "tutor"], []),
        (SHOW, ["student", "teacher", "parent", "tutor"], []),
    ],
    ids=["edit", "delete", "react", "show"],
)
def test_who_may_do_what_to_a_message_of_the_student(
    school: School, group: int, doors: dict[str, Callable[..., int]], allowed: list[str], denied: list[str]
) -> None:
    actions.add_member(school.teacher, group, school.admin.pk)
    actions.remove_member(school.teacher, group, school.admin.pk)
    for name, door in doors.items():
        expected = dict.fromkeys(allowed, 200) | dict.fromkeys(denied, 403)
        expected |= dict.fromkeys(["admin", "other_student", "other_teacher"], 404)
        answers = {who: door(getattr(school, who), say(school.student, group).id) for who in expected}
        assert answers == expected, name
        assert door(None, say(school.student, group).id) == (401 if name == "rest" else 403)


@pytest.mark.parametrize("doors", [EDIT, DELETE, REACT, SHOW], ids=["edit", "delete", "react", "show"])
def test_a_message_that_is_not_there_is_not_found(school: School, doors: dict[str, Callable[..., int]]) -> None:
    for door in doors.values():
        assert door(school.student, NOBODYS_ID) == 404


def test_an_edited_message_says_when(school: School, message: MessagePayload) -> None:
    status, edited = Browser(school.student)("PATCH", f"chat/messages/{message.id}/", {"text": "first"})
    assert (status, edited["text"]) == (200, "first")
    assert edited["edited_at"] > edited["created_at"]
    assert Browser(school.parent).get(f"chat/messages/{message.id}/") == edited


def test_a_deleted_message_keeps_its_place_and_nothing_else(school: School, message: MessagePayload) -> None:
    actions.react(school.teacher, message.id, "👍", True)
    gone = call(school.student, "chat.delete", id=message.id)["message"]
    assert (gone["seq"], gone["text"], gone["reactions"], gone["attachments"]) == (1, "", [], [])
    assert gone["deleted_at"]
    row = Message.objects.get()
    assert (row.text, row.folded_text) == ("", "")
    assert not Reaction.objects.exists()
    assert say(school.student, message.room).seq == 2


def test_deleting_twice_is_deleting_once(school: School, message: MessagePayload) -> None:
    first = actions.delete(school.student, message.id)
    assert actions.delete(school.teacher, message.id) == first


@pytest.mark.parametrize("door", [EDIT["rpc"], EDIT["rest"], REACT["rpc"]])
def test_a_deleted_message_is_not_changed(school: School, message: MessagePayload, door: Callable[..., int]) -> None:
    actions.delete(school.student, message.id)
    assert door(school.student, message.id) == 409


@pytest.mark.parametrize("door", [*EDIT.values(), *DELETE.values(), *REACT.values()])
def test_nothing_is_changed_in_a_locked_room(school: School, message: MessagePayload, door: Callable[..., int]) -> None:
    actions.set_locked(school.admin, message.room, True)
    assert door(school.student, message.id) == 403
    assert SHOW["rest"](school.student, message.id) == 200


@pytest.mark.parametrize("text", ["", "  ", "\x00", "x" * 10_001, 5, None])
def test_a_bad_text_is_refused_by_name(school: School, message: MessagePayload, text: object) -> None:
    status, answer = Browser(school.student)("PATCH", f"chat/messages/{message.id}/", {"text": text})
    assert (status, list(answer["error"]["fields"])) == (400, ["text"])
    with pytest.raises(InvalidParameters, match="text"):
        call(school.student, "chat.edit", id=message.id, text=text)
    assert Message.objects.get().text == "frist"


def test_reactions_are_shown_by_emoji_in_the_order_in_which_they_came(school: School, message: MessagePayload) -> None:
    actions.react(school.teacher, message.id, "🎉", True)
    actions.react(school.parent, message.id, "👍", True)
    result = call(school.tutor, "chat.react", id=message.id, emoji="🎉", on=True)
    expected = [
        {"emoji": "🎉", "count": 2, "user_ids": [school.teacher.pk, school.tutor.pk]},
        {"emoji": "👍", "count": 1, "user_ids": [school.parent.pk]},
    ]
    assert result == {"message_id": message.id, "reactions": expected}
    assert Browser(school.student).get(f"chat/messages/{message.id}/")["reactions"] == expected
    actions.react(school.parent, message.id, "👍", False)
    assert Browser(school.student).get(f"chat/messages/{message.id}/")["reactions"] == expected[:1]


@pytest.mark.django_db(transaction=True)  # threads see what is committed
def test_reacting_twice_is_reacting_once(school: School, message: MessagePayload) -> None:
    at_the_same_time(*[lambda: actions.react(school.teacher, message.id, "👍", True) for _ in range(4)])
    assert Reaction.objects.count() == 1


@pytest.mark.django_db(transaction=True)  # threads see what is committed
def test_those_who_react_at_the_same_time_are_all_there(school: School, message: MessagePayload) -> None:
    people = [school.student, school.teacher, school.tutor, school.parent]
    changes = at_the_same_time(
        *[lambda person=person: actions.react(person, message.id, "👍", True) for person in people]
    )
    assert sorted(change.reactions[0].count for change in changes) == [1, 2, 3, 4]


@pytest.mark.parametrize("emoji", ["👍", "❤️", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇷🇺", "👍🏽", "1️⃣", "⁉️", "✔"])
def test_any_emoji_will_do(school: School, message: MessagePayload, emoji: str) -> None:
    assert actions.react(school.teacher, message.id, emoji, True).reactions[0].emoji == emoji


@pytest.mark.parametrize(
    "emoji", ["", "ok", "да", "1", ":)", " 👍", "👍 👍", "\x00", "\u200d", "\ufe0f", "👍" * 33, "👍а", 7, None]
)
def test_what_is_no_emoji_is_refused_by_name(school: School, message: MessagePayload, emoji: object) -> None:
    with pytest.raises(InvalidParameters, match="emoji"):
        call(school.teacher, "chat.react", id=message.id, emoji=emoji, on=True)


def test_a_message_bears_only_so_many_emoji(school: School, message: MessagePayload) -> None:
    for number in range(MAX_REACTIONS):
        actions.react(school.teacher, message.id, chr(0x1F600 + number), True)
    with pytest.raises(Conflict):
        actions.react(school.teacher, message.id, "👍", True)
    assert len(actions.react(school.parent, message.id, chr(0x1F600), True).reactions) == MAX_REACTIONS
