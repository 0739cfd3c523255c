"""Who may chat with whom, for every pair of roles, and what happens when that ends."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test.utils import override_settings

from tests.support.school import Browser, School, call, say
from vestnik.apps.accounts.models import Enrollment, Guardianship, Tutorship
from vestnik.apps.chat import actions
from vestnik.apps.chat.policy import contacts, contacts_among
from vestnik.core.errors import PermissionDenied

pytestmark = pytest.mark.django_db

MAY_CHAT = {
    frozenset(pair)
    for pair in [
        ("student", "teacher"),
        ("student", "tutor"),
        ("teacher", "parent"),
        ("teacher", "tutor"),
        ("tutor", "parent"),
        *(("admin", other) for other in ("student", "teacher", "tutor", "parent")),
        *(("admin", f"other_{other}") for other in ("student", "teacher", "tutor", "parent")),
    ]
}
NAMES = ("student", "teacher", "tutor", "parent", "admin")
PEOPLE = (*NAMES, *(f"other_{name}" for name in NAMES if name != "admin"))


def may_chat(user: User, other: User) -> bool:
    return other.pk in contacts_among(user, [other.pk])


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(PEOPLE, 2)))
def test_who_may_open_a_direct_room_with_whom(school: School, one: str, other: str) -> None:
    for user, partner in [(one, other), (other, one)]:
        status, _ = Browser(getattr(school, user))(
            "POST", "chat/rooms/", {"kind": "direct", "member_ids": [getattr(school, partner).pk]}
        )
        assert (status in (200, 201)) is (frozenset((one, other)) in MAY_CHAT)


@pytest.mark.parametrize("role", ["student", "teacher", "tutor", "parent"])
def test_two_of_the_same_role_never_chat_whatever_relates_them(school: School, role: str) -> None:
    one, other = getattr(school, role), getattr(school, f"other_{role}")
    for relation, (first, second) in [
        (Enrollment, ("student", "teacher")),
        (Tutorship, ("tutor", "student")),
        (Guardianship, ("parent", "student")),
    ]:
        relation.objects.create(**{first: one, second: other})
    assert not may_chat(one, other)
    assert not may_chat(other, one)


def test_a_student_and_a_parent_talk_at_home(school: School) -> None:
    assert not may_chat(school.student, school.parent)
    assert not may_chat(school.parent, school.student)


def end_enrollment(school: School) -> None:
    Enrollment.objects.get(student=school.student, teacher=school.teacher).delete()


def suspend_enrollment(school: School) -> None:
    enrollment = Enrollment.objects.get(student=school.student, teacher=school.teacher)
    enrollment.is_active = False
    enrollment.save()


def deactivate(name: str) -> Callable[[School], None]:
    def act(school: School) -> None:
        user = getattr(school, name)
        user.is_active = False
        user.save()

    return act


@pytest.mark.parametrize("end", [end_enrollment, suspend_enrollment, deactivate("student")])
def test_when_the_relation_ends_the_room_is_read_only_at_once(
    school: School, direct: int, end: Callable[[School], None]
) -> None:
    said = say(school.student, direct, "before")
    browser = Browser(school.teacher)
    assert browser.get("chat/rooms/")["results"][0]["can_send"] is True
    end(school)
    room = browser.get("chat/rooms/")["results"][0]
    assert (room["id"], room["can_send"]) == (direct, False)
    assert [message["id"] for message in browser.get(f"chat/rooms/{direct}/messages/")["results"]] == [said.id]
    status, body = browser(
        "POST",
        f"chat/rooms/{direct}/messages/",
        {"client_id": "0192f0c1-2b3c-7def-8123-456789abcdef", "text": "after"},
    )
    assert (status, body["error"]["code"]) == (403, "room_read_only")
    with pytest.raises(PermissionDenied):
        call(school.teacher, "chat.typing", room=direct, typing=True)
    assert call(school.teacher, "chat.read", room=direct, seq=1) == {"seq": 1}
    # Asking for it again gives the room that is there, not a way around.
    room, is_new = actions.open_direct_room(school.teacher, school.student.pk)
    assert (room.id, is_new, room.can_send) == (direct, False, False)


def test_what_hung_on_the_same_student_ends_too(school: School) -> None:
    pairs = [(school.teacher, school.parent), (school.teacher, school.tutor)]
    assert all(may_chat(*pair) for pair in pairs)
    end_enrollment(school)
    assert not any(may_chat(*pair) for pair in pairs)
    assert may_chat(school.tutor, school.parent)


def test_when_the_relation_begins_again_so_does_the_talk(school: School, direct: int) -> None:
    end_enrollment(school)
    Enrollment.objects.create(student=school.student, teacher=school.teacher)
    assert say(school.student, direct).seq == 1


def test_in_a_group_it_is_the_owner_that_counts(school: School, group: int) -> None:
    end_enrollment(school)
    for user in (school.student, school.parent, school.tutor):
        with pytest.raises(PermissionDenied):
            say(user, group)
    assert say(school.teacher, group).seq == 1


@pytest.mark.parametrize("name", PEOPLE)
def test_contacts_are_those_whom_one_may_write_to(school: School, name: str) -> None:
    user = getattr(school, name)
    expected = [other for other in PEOPLE if frozenset((name, other)) in MAY_CHAT]
    people = Browser(user).get("contacts/")
    assert people["next"] is None
    assert [person["display_name"] for person in people["results"]] == sorted(other.title() for other in expected)
    assert all(set(person) == {"id", "display_name", "role"} for person in people["results"])


def test_contacts_are_in_pages(school: School) -> None:
    browser, names, cursor = Browser(school.admin), [], ""
    while cursor is not None:
        page = browser.get(f"contacts/?limit=3&cursor={cursor}")
        names += [person["display_name"] for person in page["results"]]
        cursor = page["next"]
    assert names == sorted(names)
    assert len(names) == len(set(names)) == len(PEOPLE) - 1


def test_contacts_are_for_who_is_signed_in(school: School) -> None:
    assert Browser()("GET", "contacts/")[0] == 401


def test_an_inactive_user_has_no_contacts(school: School) -> None:
    school.admin.is_active = False
    assert not contacts(school.admin).exists()


@override_settings(VESTNIK={"CHAT_POLICY": "tests.support.open_policy.OpenPolicy"})
def test_a_project_can_have_another_policy(school: School) -> None:
    room, _ = actions.open_direct_room(school.student, school.other_student.pk)
    assert say(school.other_student, room.id).seq == 1


def test_asking_costs_one_query(school: School, django_assert_num_queries) -> None:
    ids = [person.pk for person in school.everybody]
    for user in school.everybody:
        with django_assert_num_queries(1):
            contacts_among(user, ids)
