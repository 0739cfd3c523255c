"""Relations of the school: what the database refuses, what access answers, who is told when they change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from vestnik.apps.accounts import access
from vestnik.apps.accounts.actions import end_relation, relate
from vestnik.apps.accounts.demo import PASSWORD, PEOPLE, fill
from vestnik.apps.accounts.models import Device, Enrollment, Guardianship, Profile, Role, Tutorship
from vestnik.apps.accounts.signals import relations_changed
from vestnik.apps.accounts.tokens import issue_token
from vestnik.core.errors import InvalidParameters, NotFound, PermissionDenied
from vestnik.core.namespaces import Caller


@pytest.fixture
def people(db: None) -> dict[str, User]:
    return fill()


@pytest.fixture
def told() -> Iterator[list[frozenset[int]]]:
    heard: list[frozenset[int]] = []

    def listen(user_ids: frozenset[int], **_: object) -> None:
        heard.append(user_ids)

    relations_changed.connect(listen)
    yield heard
    relations_changed.disconnect(listen)


def test_the_database_holds_each_relation_once_and_between_two(people: dict[str, User]) -> None:
    student = people["student"]
    for make in (
        lambda: Enrollment.objects.create(student=student, teacher=people["teacher"]),
        lambda: Tutorship.objects.create(tutor=people["tutor"], student=student),
        lambda: Guardianship.objects.create(parent=people["parent"], student=student),
        lambda: Enrollment.objects.create(student=student, teacher=student),
        lambda: Tutorship.objects.create(tutor=student, student=student),
        lambda: Guardianship.objects.create(parent=student, student=student),
        lambda: Profile.objects.filter(user=student).update(role="headmaster"),
        lambda: Profile.objects.filter(user=student).update(language="de"),
        lambda: Profile.objects.filter(user=student).update(theme="neon"),
        lambda: Profile.objects.filter(user=student).update(display_name=""),
        lambda: Profile.objects.create(user=student, display_name="twice"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            make()


def test_access_knows_who_has_to_do_with_whom(people: dict[str, User]) -> None:
    student, teacher, tutor, parent, admin = (people[name] for name, *_ in PEOPLE)
    assert access.are_enrolled(student, teacher)
    assert access.is_tutor_of(tutor, student)
    assert access.is_parent_of(parent, student)
    assert access.teaches_child_of(teacher, parent)
    assert access.tutors_child_of(tutor, parent)
    assert access.share_student(teacher, tutor)
    assert list(access.teachers_of(student)) == [teacher]
    assert [*access.students_taught_by(teacher), *access.students_of(tutor), *access.children_of(parent)] == [
        student
    ] * 3
    assert [*access.tutors_of(student), *access.parents_of(student)] == [tutor, parent]
    assert not access.are_enrolled(teacher, student)
    assert not access.are_enrolled(student, admin)
    assert not access.share_student(tutor, teacher)


def test_what_has_ended_counts_no_more(people: dict[str, User]) -> None:
    student, teacher, tutor, parent, _ = (people[name] for name, *_ in PEOPLE)
    end_relation(Enrollment.objects.get())
    assert not access.are_enrolled(student, teacher)
    assert not access.teaches_child_of(teacher, parent)
    assert not access.share_student(teacher, tutor)
    assert access.tutors_child_of(tutor, parent)
    end_relation(Guardianship.objects.get())
    assert not access.is_parent_of(parent, student)
    assert not access.tutors_child_of(tutor, parent)


def test_who_is_not_active_is_not_among_them(people: dict[str, User]) -> None:
    student, _, tutor, parent, _ = (people[name] for name, *_ in PEOPLE)
    student.is_active = False
    student.save()
    assert list(access.students_of(tutor)) == list(access.children_of(parent)) == []
    assert not access.tutors_child_of(tutor, parent)


def test_relating_twice_is_relating_once_and_takes_up_what_had_ended(people: dict[str, User]) -> None:
    first = relate(Enrollment, people["student"], people["teacher"])
    end_relation(first)
    end_relation(first)
    again = relate(Enrollment, people["student"], people["teacher"])
    assert again.pk == first.pk
    assert again.is_active


def test_a_relation_asks_for_the_right_roles(people: dict[str, User]) -> None:
    with pytest.raises(InvalidParameters) as caught:
        relate(Enrollment, people["teacher"], people["student"])
    assert list(caught.value.fields) == ["student"]
    with pytest.raises(InvalidParameters) as caught:
        relate(Tutorship, people["tutor"], people["parent"])
    assert list(caught.value.fields) == ["student"]
    assert Tutorship.objects.count() == 1


def test_whoever_changes_a_relation_the_two_are_named(people: dict[str, User], told: list[frozenset[int]]) -> None:
    enrollment = Enrollment.objects.get()
    pair = frozenset({people["student"].pk, people["teacher"].pk})
    end_relation(enrollment)
    enrollment.is_active = True
    enrollment.save()
    enrollment.delete()
    relate(Enrollment, people["student"], people["teacher"])
    assert told == [pair] * 4


def test_those_around_somebody_are_named_when_their_role_or_activity_changes(
    people: dict[str, User], told: list[frozenset[int]]
) -> None:
    around = frozenset(people[name].pk for name in ("student", "teacher", "tutor", "parent"))
    student = people["student"]
    student.is_active = False
    student.save()
    student.is_active = True
    student.save()
    student.last_name = "Another"
    student.save()
    profile = access.profile_of(student)
    profile.role = Role.TEACHER
    profile.save()
    assert told == [around] * 3


# On whose behalf -------------------------------------------------------------------------------------------------


def test_a_caller_is_the_user_as_the_database_has_it_now(people: dict[str, User]) -> None:
    student = people["student"]
    caller = Caller(user=str(student.pk))
    assert access.user_for(caller) == student
    User.objects.filter(pk=student.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        access.user_for(caller)


@pytest.mark.parametrize("user", ["", "0", "-1", "x", "1e3", "9" * 40, "1 OR 1=1", "²"])
def test_a_caller_who_is_nobody_may_do_nothing(db: None, user: str) -> None:
    with pytest.raises(PermissionDenied):
        access.user_for(Caller(user=user))


def test_unknown_and_inactive_people_look_alike(people: dict[str, User]) -> None:
    User.objects.filter(username="tutor").update(is_active=False)
    errors = []
    for user_id in (people["tutor"].pk, 10**9, 10**30, -5):
        with pytest.raises(NotFound) as caught:
            access.person_for(people["student"], user_id)
        errors.append((caught.value.slug, caught.value.message))
    assert set(errors) == {("user_not_found", "user not found")}


# The demo --------------------------------------------------------------------------------------------------------


def test_the_demo_is_repeatable_and_signs_nobody_out(people: dict[str, User]) -> None:
    row, _ = issue_token(people["student"], "Laptop")
    Profile.objects.filter(user=people["student"]).update(language="en", display_name="Somebody else")
    User.objects.filter(username="tutor").update(is_active=False)
    again = fill()
    assert {name: user.pk for name, user in again.items()} == {name: user.pk for name, user in people.items()}
    assert User.objects.count() == Profile.objects.count() == 5
    assert Device.objects.filter(user=row.user).exists()
    profile = Profile.objects.get(user=people["student"])
    assert (profile.display_name, profile.language) == ("Маша Иванова", "en")
    assert User.objects.get(username="tutor").is_active


def test_the_people_of_the_demo_are_who_the_readme_says(people: dict[str, User]) -> None:
    assert {name: str(access.role_of(user)) for name, user in people.items()} == {name: name for name in people}
    assert set(people) == {"student", "teacher", "tutor", "parent", "admin"}
    assert all(user.check_password(PASSWORD) for user in people.values())
    assert [name for name, user in people.items() if user.is_staff] == ["admin"]
