"""A small school, and the doors through which its people come in."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import msgspec
from django.contrib.auth.models import User
from django.test import Client

from vestnik.apps.accounts.models import Enrollment, Guardianship, Profile, Tutorship
from vestnik.apps.chat import actions
from vestnik.apps.chat.events import Message
from vestnik.apps.chat.rpc import procedures
from vestnik.core.namespaces import Caller

NOBODYS_ID = 987_654_321  # of a row that no table has

ROLES = ("student", "teacher", "tutor", "parent", "admin")


def make_person(name: str, role: str) -> User:
    user = User.objects.create_user(name)
    Profile.objects.update_or_create(user=user, defaults={"role": role, "display_name": name.title(), "language": "en"})
    return User.objects.select_related("profile").get(pk=user.pk)


class School(SimpleNamespace):
    """The people by name: ``school.student`` …; those called ``other_…`` have to do with nobody."""

    student: User
    teacher: User
    tutor: User
    parent: User
    admin: User
    other_student: User
    other_teacher: User
    other_tutor: User
    other_parent: User

    @property
    def everybody(self) -> list[User]:
        return list(vars(self).values())


def make_school() -> School:
    """The student learns with the teacher, is looked after by the tutor, and is the child of the parent."""
    names = (*ROLES, *(f"other_{role}" for role in ROLES if role != "admin"))
    school = School(**{name: make_person(name, name.removeprefix("other_")) for name in names})
    Enrollment.objects.create(student=school.student, teacher=school.teacher)
    Tutorship.objects.create(tutor=school.tutor, student=school.student)
    Guardianship.objects.create(parent=school.parent, student=school.student)
    return school


def say(user: User, room_id: int, text: str = "hello", **options: Any) -> Message:
    """Send a message by the action itself; returns its payload."""
    options.setdefault("client_id", uuid.uuid4())
    return actions.send(user, room_id, text=text, **options).message


def caller(user: User | None) -> Caller:
    return Caller(user=str(user.pk) if user is not None else "")


def call(user: User | None, method: str, **params: Any) -> Any:
    """Call a procedure as the socket does."""
    return msgspec.json.decode(procedures.call(caller(user), method, msgspec.json.encode(params)))


class Browser:
    """Somebody's browser, without the page."""

    def __init__(self, user: User | None = None) -> None:
        self.client = Client(raise_request_exception=False)
        if user is not None:
            self.client.force_login(user)

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status, and the decoded body if there is one."""
        data = {} if body is None else {"data": msgspec.json.encode(body), "content_type": "application/json"}
        response = self.client.generic(method, f"/api/{path}", **data)
        return response.status_code, msgspec.json.decode(response.content) if response.content else None

    def get(self, path: str) -> Any:
        status, body = self("GET", path)
        assert status == 200, body
        return body
