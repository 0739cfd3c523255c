"""Saying something: over REST and rpc, once however often it is sent, and refused where only reading is left."""

from __future__ import annotations

import uuid

import pytest
from django.test.utils import override_settings

from tests.support.school import NOBODYS_ID, Browser, School, call, say
from tests.support.threads import at_the_same_time
from vestnik.apps.chat import actions
from vestnik.apps.chat.models import Message, Room
from vestnik.apps.eventlog.models import LoggedEvent
from vestnik.core.errors import Conflict, InvalidParameters, NotFound, PermissionDenied

pytestmark = pytest.mark.django_db


def logged(channel: str) -> list[str]:
    return list(LoggedEvent.objects.filter(stream__channel=channel).order_by("offset").values_list("data", flat=True))


def test_a_message_sent_over_rest_is_stored_and_published(school: School, direct: int) -> None:
    client_id = str(uuid.uuid4())
    status, message = Browser(school.student)(
        "POST", f"chat/rooms/{direct}/messages/", {"client_id": client_id, "text": "Здравствуйте!"}
    )
    assert status == 201
    assert message == {
        "id": message["id"],
        "room": direct,
        "seq": 1,
        "sender": {"id": school.student.pk, "display_name": "Student"},
        "client_id": client_id,
        "text": "Здравствуйте!",
        "created_at": message["created_at"],
        "edited_at": None,
        "deleted_at": None,
        "reply_to": None,
        "attachments": [],
        "reactions": [],
    }
    (event,) = logged(f"chat:{direct}")
    assert '"type":"message.created"' in event
    assert "Здравствуйте!" in event
    assert '"at":"' in event


def test_a_message_sent_over_rpc_is_the_same_as_over_rest(school: School, direct: int) -> None:
    sent = call(school.teacher, "chat.send", room=direct, client_id=str(uuid.uuid4()), text="Добрый день")["message"]
    assert Browser(school.student).get(f"chat/rooms/{direct}/messages/")["results"] == [sent]
    assert Browser(school.student).get(f"chat/messages/{sent['id']}/") == sent


def test_sending_again_gives_the_first_message_back(school: School, direct: int) -> None:
    browser, body = Browser(school.student), {"client_id": str(uuid.uuid4()), "text": "once"}
    first = browser("POST", f"chat/rooms/{direct}/messages/", body)
    second = browser("POST", f"chat/rooms/{direct}/messages/", {**body, "text": "another text"})
    assert (first[0], second[0]) == (201, 200)
    assert first[1] == second[1]
    assert call(school.student, "chat.send", room=direct, **body)["message"] == first[1]
    assert Room.objects.get(pk=direct).last_seq == 1
    assert len(logged(f"chat:{direct}")) == 1


def test_a_retry_succeeds_although_the_room_is_read_only_by_now(school: School, direct: int) -> None:
    client_id = uuid.uuid4()
    first = say(school.student, direct, client_id=client_id)
    actions.set_locked(school.admin, direct, True)
    assert say(school.student, direct, client_id=client_id) == first
    with pytest.raises(PermissionDenied):
        say(school.student, direct)


def test_a_client_id_belongs_to_one_room(school: School, direct: int, group: int) -> None:
    client_id = uuid.uuid4()
    say(school.student, direct, client_id=client_id)
    with pytest.raises(Conflict):
        say(school.student, group, client_id=client_id)
    assert not Message.objects.filter(room=group).exists()


def test_two_people_may_make_the_same_client_id(school: School, direct: int) -> None:
    client_id = uuid.uuid4()
    assert say(school.student, direct, client_id=client_id).seq == 1
    assert say(school.teacher, direct, client_id=client_id).seq == 2


@pytest.mark.django_db(transaction=True)  # threads see what is committed
def test_what_is_sent_at_the_same_time_is_numbered_without_gaps(school: School, group: int) -> None:
    people = [school.student, school.teacher, school.tutor, school.parent] * 2

    def job(number: int):
        return lambda: [say(people[number], group, f"{number}.{count}") for count in range(12)]

    acknowledged = [message for sent in at_the_same_time(*map(job, range(8))) for message in sent]
    stored = list(Message.objects.filter(room=group).order_by("seq").values_list("pk", "seq", "text"))
    assert [seq for _, seq, _ in stored] == list(range(1, 97))
    assert sorted((message.id, message.seq, message.text) for message in acknowledged) == sorted(stored)
    events = [event for event in logged(f"chat:{group}") if '"message.created"' in event]
    assert [f'"seq":{seq},' in event for seq, event in enumerate(events, start=1)] == [True] * 96


@pytest.mark.django_db(transaction=True)  # threads see what is committed
def test_one_message_sent_many_times_at_once_is_stored_once(school: School, direct: int) -> None:
    client_id = uuid.uuid4()
    sent = at_the_same_time(
        *[lambda: actions.send(school.student, direct, client_id=client_id, text="once") for _ in range(8)]
    )
    assert len({one.message.id for one in sent}) == 1
    assert sum(one.is_new for one in sent) == 1
    assert Room.objects.get(pk=direct).last_seq == 1
    assert say(school.student, direct).seq == 2


def test_a_failure_after_numbering_leaves_no_gap(school: School, direct: int) -> None:
    with pytest.raises(InvalidParameters, match="reply_to"):
        say(school.student, direct, reply_to=NOBODYS_ID)
    assert say(school.student, direct).seq == 1
    assert logged(f"chat:{direct}")[0].count('"seq":1') == 1


def test_a_reply_names_a_message_of_the_same_room(school: School, direct: int, group: int) -> None:
    elsewhere, here = say(school.student, group), say(school.teacher, direct)
    assert say(school.student, direct, reply_to=here.id).reply_to == here.id
    with pytest.raises(InvalidParameters, match="reply_to"):
        say(school.student, direct, reply_to=elsewhere.id)


@pytest.mark.parametrize("who", ["other_student", "tutor", "admin"])
def test_nobody_else_can_write_into_a_direct_room(school: School, direct: int, who: str) -> None:
    stranger = getattr(school, who)
    with pytest.raises(NotFound, match="room not found"):
        call(stranger, "chat.send", room=direct, client_id=str(uuid.uuid4()), text="hello")
    status, body = Browser(stranger)(
        "POST", f"chat/rooms/{direct}/messages/", {"client_id": str(uuid.uuid4()), "text": "hello"}
    )
    assert (status, body["error"]["code"]) == (404, "room_not_found")
    assert not Message.objects.exists()


def test_whoever_was_removed_can_no_longer_write(school: School, group: int) -> None:
    say(school.parent, group)
    actions.remove_member(school.teacher, group, school.parent.pk)
    with pytest.raises(NotFound):
        say(school.parent, group)
    assert Message.objects.count() == 1


def test_nobody_writes_anonymously(direct: int) -> None:
    body = {"client_id": str(uuid.uuid4()), "text": "hello"}
    assert Browser()("POST", f"chat/rooms/{direct}/messages/", body)[0] == 401
    with pytest.raises(PermissionDenied):
        call(None, "chat.send", room=direct, **body)


NEW_ID = "0192f0c1-2b3c-7def-8123-456789abcdef"
BAD_MESSAGES = [
    ({"text": "hello"}, "client_id"),
    ({"client_id": "7", "text": "hello"}, "client_id"),
    ({"client_id": 7, "text": "hello"}, "client_id"),
    ({"client_id": None, "text": "hello"}, "client_id"),
    ({"client_id": NEW_ID}, "text"),
    ({"client_id": NEW_ID, "text": None}, "text"),
    ({"client_id": NEW_ID, "text": 5}, "text"),
    ({"client_id": NEW_ID, "text": ["hello"]}, "text"),
    ({"client_id": NEW_ID, "text": ""}, "text"),
    ({"client_id": NEW_ID, "text": " \n\t\u00a0\u2003"}, "text"),
    ({"client_id": NEW_ID, "text": "\u200b\u2060"}, "text"),
    ({"client_id": NEW_ID, "text": "a\x00b"}, "text"),
    ({"client_id": NEW_ID, "text": "x" * 10_001}, "text"),
    ({"client_id": NEW_ID, "text": "hello", "reply_to": "1"}, "reply_to"),
    ({"client_id": NEW_ID, "text": "hello", "reply_to": 0}, "reply_to"),
    ({"client_id": NEW_ID, "text": "hello", "reply_to": 2**80}, "reply_to"),
    ({"client_id": NEW_ID, "text": "hello", "reply_to": 2**62}, "reply_to"),
    ({"client_id": NEW_ID, "text": "hello", "attachment_ids": 1}, "attachment_ids"),
    ({"client_id": NEW_ID, "text": "hello", "attachment_ids": [-1]}, "attachment_ids"),
    ({"client_id": NEW_ID, "text": "hello", "attachment_ids": [NOBODYS_ID]}, "attachment_ids"),
    ({"client_id": NEW_ID, "text": "hello", "attachment_ids": list(range(1, 12))}, "attachment_ids"),
]


@pytest.mark.parametrize(("body", "field"), BAD_MESSAGES)
def test_a_bad_message_is_refused_by_the_name_of_its_field(
    school: School, direct: int, body: dict[str, object], field: str
) -> None:
    status, answer = Browser(school.student)("POST", f"chat/rooms/{direct}/messages/", body)
    assert (status, answer["error"]["code"]) == (400, "invalid_parameters")
    assert any(name.startswith(field) for name in answer["error"]["fields"])
    assert field in answer["error"]["message"]
    with pytest.raises(InvalidParameters, match=field):
        call(school.student, "chat.send", room=direct, **body)
    assert not Message.objects.exists()
    assert logged(f"chat:{direct}") == []


@pytest.mark.parametrize("room", ["1", 0, -1, 1.5, None, 2**70, True])
def test_a_bad_room_is_refused_over_rpc(school: School, room: object) -> None:
    with pytest.raises(InvalidParameters, match="room"):
        call(school.student, "chat.send", room=room, client_id=NEW_ID, text="hello")


def test_half_a_surrogate_pair_is_refused(school: School, direct: int) -> None:
    browser = Browser(school.student)
    response = browser.client.post(
        f"/api/chat/rooms/{direct}/messages/",
        '{"client_id": "%s", "text": "\\ud83d"}' % NEW_ID,  # noqa: UP031  braces
        content_type="application/json",
    )
    assert response.status_code == 400


@pytest.mark.parametrize("text", ["x" * 10_000, "👩‍👩‍👧", "a\nb", "‏שלום", "0"])
def test_any_other_text_comes_back_as_it_was_sent(school: School, direct: int, text: str) -> None:
    sent = call(school.student, "chat.send", room=direct, client_id=NEW_ID, text=text)["message"]
    assert sent["text"] == text
    assert Browser(school.teacher).get(f"chat/rooms/{direct}/messages/")["results"][0]["text"] == text


@override_settings(VESTNIK={"MAX_TEXT_LENGTH": 5})
def test_how_long_a_text_may_be_is_a_setting(school: School, direct: int) -> None:
    say(school.student, direct, "12345")
    with pytest.raises(InvalidParameters, match="at most 5"):
        say(school.student, direct, "123456")


@pytest.mark.parametrize("room", ["0", "99999999999999999999999", str(NOBODYS_ID)])
def test_a_room_that_is_not_there_is_not_found(school: School, room: str) -> None:
    status, body = Browser(school.student)(
        "POST", f"chat/rooms/{room}/messages/", {"client_id": NEW_ID, "text": "hello"}
    )
    assert (status, body["error"]["code"]) == (404, "room_not_found")
