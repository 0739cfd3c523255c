"""Messages ring the bells of those who are not reading, once until they do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.school import NOBODYS_ID, Browser, School, say
from vestnik.apps.chat import actions
from vestnik.apps.notifications.actions import set_preferences

pytestmark = pytest.mark.django_db


def feed(user: Any) -> list[dict[str, Any]]:
    return [
        {name: row[name] for name in ("kind", "title", "body", "link", "count")}
        for row in Browser(user).get("notifications/")["results"]
        if row["kind"] != "chat.added"
    ]


def test_the_other_in_a_direct_room_is_told(school: School, direct: int) -> None:
    said = say(school.teacher, direct, "Good news!")
    assert feed(school.student) == [
        {
            "kind": "chat.message",
            "title": "New message from Teacher",
            "body": "Good news!",
            "link": f"/chat/{direct}",
            "count": 1,
        }
    ]
    data = Browser(school.student).get("notifications/")["results"][0]["data"]
    assert data == {"room": direct, "message": said.id, "seq": 1}
    assert feed(school.teacher) == []


def test_one_notification_stands_for_all_until_they_are_read(school: School, direct: int) -> None:
    for number in range(3):
        say(school.teacher, direct, str(number))
    assert [row["body"] for row in feed(school.student)] == ["0"]
    actions.mark_read(school.student, direct, 1)
    assert feed(school.student) == []
    say(school.teacher, direct, "more")
    assert [row["body"] for row in feed(school.student)] == ["more"]


def test_everybody_in_a_group_is_told(school: School, group: int) -> None:
    say(school.student, group, "Hello all")
    for user in (school.teacher, school.tutor, school.parent):
        assert [(row["kind"], row["title"], row["body"]) for row in feed(user)] == [
            ("chat.group_message", "New message in “Algebra”", "Student: Hello all")
        ]
    assert feed(school.student) == []


def test_in_a_crowd_no_bell_rings(school: School, group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vestnik.apps.chat.actions.bells.NOTIFIED_MEMBERS", 3)
    say(school.student, group)
    assert feed(school.teacher) == []


def test_a_deleted_message_is_not_told_of(school: School, direct: int) -> None:
    said = say(school.teacher, direct, "a slip of the tongue")
    actions.delete(school.teacher, said.id)
    assert feed(school.student) == []


def test_who_was_added_to_a_group_is_told(school: School, group: int) -> None:
    (row,) = Browser(school.parent).get("notifications/")["results"]
    assert (row["kind"], row["title"], row["link"]) == ("chat.added", "You were added to “Algebra”", f"/chat/{group}")


def test_who_has_switched_it_off_is_left_in_peace(school: School, direct: int) -> None:
    set_preferences(school.student, {"chat.message": {"in_app": False}})
    say(school.teacher, direct)
    assert feed(school.student) == []


def test_whoever_left_is_not_told(school: School, group: int) -> None:
    say(school.teacher, group, "before")
    actions.leave(school.parent, group)
    assert feed(school.parent) == []
    say(school.teacher, group, "after")
    assert feed(school.parent) == []


def test_when_the_message_fails_nobody_is_told(school: School, direct: int) -> None:
    with pytest.raises(Exception, match="reply_to"):
        say(school.teacher, direct, reply_to=NOBODYS_ID)
    assert feed(school.student) == []
