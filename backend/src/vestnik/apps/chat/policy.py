"""Who may chat with whom: one question, answered by a class that a project can replace."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Protocol

from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from vestnik.apps.accounts.access import active_users, role_of
from vestnik.apps.accounts.models import Enrollment, Guardianship, Role, Tutorship
from vestnik.apps.conf import vestnik_settings

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class ChatPolicy(Protocol):
    """What ``VESTNIK["CHAT_POLICY"]`` names: a class without arguments that has this method.

    It is asked when a room is made, when a member is added and with every message, so it should cost one query.
    """

    def contacts(self, user: User) -> QuerySet[User]:
        """The people whom ``user`` may write to: all of them active, never ``user``, nobody if ``user`` is inactive.

        It must be symmetric: if A is among the contacts of B, then B is among those of A. What it returns is narrowed
        with ``filter`` before it is read.
        """


class SchoolPolicy:
    """The rules of a tutoring school.

    An administrator may chat with anyone; a student with their teachers and tutors; a teacher also with the parents and
    the tutors of their students; a tutor also with the parents of their students. All relations must be active. Two of
    the same role never chat, nor does a student with a parent: they talk at home.
    """

    def contacts(self, user: User) -> QuerySet[User]:
        if not user.is_active:
            return active_users().none()
        others = active_users().exclude(pk=user.pk)
        role = role_of(user)
        if role is Role.ADMIN:
            return others
        return others.filter(Q(profile__role=Role.ADMIN) | _related(user, role))


def _related(user: User, role: Role) -> Q:
    enrolled = Enrollment.objects.filter(is_active=True, student__is_active=True)
    tutored = Tutorship.objects.filter(is_active=True, student__is_active=True)
    parented = Guardianship.objects.filter(is_active=True, student__is_active=True)

    def those(role: Role, ids: QuerySet[Enrollment] | QuerySet[Tutorship] | QuerySet[Guardianship], end: str) -> Q:
        return Q(profile__role=role, pk__in=ids.values(end))

    match role:
        case Role.STUDENT:
            return those(Role.TEACHER, enrolled.filter(student=user), "teacher") | those(
                Role.TUTOR, tutored.filter(student=user), "tutor"
            )
        case Role.TEACHER:
            students = enrolled.filter(teacher=user, student__profile__role=Role.STUDENT)
            return (
                those(Role.STUDENT, students, "student")
                | those(Role.TUTOR, tutored.filter(student__in=students.values("student")), "tutor")
                | those(Role.PARENT, parented.filter(student__in=students.values("student")), "parent")
            )
        case Role.TUTOR:
            tutees = tutored.filter(tutor=user, student__profile__role=Role.STUDENT)
            return (
                those(Role.STUDENT, tutees, "student")
                | those(Role.TEACHER, enrolled.filter(student__in=tutees.values("student")), "teacher")
                | those(Role.PARENT, parented.filter(student__in=tutees.values("student")), "parent")
            )
        case Role.PARENT:
            children = parented.filter(parent=user, student__profile__role=Role.STUDENT).values("student")
            return those(Role.TEACHER, enrolled.filter(student__in=children), "teacher") | those(
                Role.TUTOR, tutored.filter(student__in=children), "tutor"
            )
    raise AssertionError(f"no rule for the role {role}")


@cache
def _load(path: str) -> ChatPolicy:
    policy: ChatPolicy = import_string(path)()
    return policy


def contacts(user: User) -> QuerySet[User]:
    """The people whom ``user`` may write to, by the site's policy."""
    return _load(vestnik_settings().chat_policy).contacts(user)


def contacts_among(user: User, user_ids: Iterable[int]) -> set[int]:
    """Those of ``user_ids`` whom ``user`` may write to. One query."""
    wanted = set(user_ids)
    return set(contacts(user).filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
