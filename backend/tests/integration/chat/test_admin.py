"""The admin: rooms to look at and lock, messages without their text."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.support.school import School, say
from vestnik.apps.chat.models import Message, Room

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(school: School) -> Client:
    school.admin.is_staff = school.admin.is_superuser = True
    school.admin.save()
    client = Client()
    client.force_login(school.admin)
    return client


def test_rooms_are_locked_and_unlocked(office: Client, school: School, group: int) -> None:
    for action, locked in (("lock", True), ("unlock", False)):
        response = office.post("/admin/vestnik_chat/room/", {"action": action, "_selected_action": [group]})
        assert response.status_code == 302
        assert Room.objects.get(pk=group).is_locked is locked


def test_staff_of_another_role_cannot_lock(office: Client, school: School, group: int) -> None:
    school.admin.profile.role = "tutor"
    school.admin.profile.save()
    office.post("/admin/vestnik_chat/room/", {"action": "lock", "_selected_action": [group]})
    assert Room.objects.get(pk=group).is_locked is False


def test_what_people_wrote_is_neither_shown_nor_changed(office: Client, school: School, group: int) -> None:
    said = say(school.student, group, "between us")
    for path in ("message/", f"message/{said.id}/change/", "room/", f"room/{group}/change/"):
        response = office.get(f"/admin/vestnik_chat/{path}")
        assert response.status_code == 200
        assert "between us" not in response.content.decode()
    for path in ("message/add/", "room/add/", f"message/{said.id}/delete/", f"room/{group}/delete/"):
        assert office.post(f"/admin/vestnik_chat/{path}", {"post": "yes"}).status_code == 403
    assert office.post(f"/admin/vestnik_chat/message/{said.id}/change/", {"text": "x"}).status_code == 403
    assert Message.objects.get().text == "between us"
