"""The log in the admin: to be looked at, never to be changed."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from tests.support.notes import write_note, write_notes
from vestnik.apps.eventlog.models import LoggedEvent, Stream

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "demo"))
    return client


def test_streams_are_listed_and_found_by_the_start_of_their_name(admin: Client) -> None:
    write_note("chat:1", "news:1")
    page = admin.get(reverse("admin:vestnik_eventlog_stream_changelist"), {"q": "chat:"}).content.decode()
    assert "chat:1" in page
    assert "news:1" not in page


def test_events_are_listed_with_their_type_and_found_by_channel(admin: Client) -> None:
    write_notes("chat:1", 2)
    write_note("news:1")
    page = admin.get(reverse("admin:vestnik_eventlog_loggedevent_changelist"), {"q": "chat:1"})
    assert page.status_code == 200
    assert page.context["cl"].result_count == 2
    assert '<td class="field-type">note</td>' in page.content.decode()


def test_an_event_that_is_no_object_is_listed_too(admin: Client) -> None:
    write_note("chat:1")
    LoggedEvent.objects.update(data="[1]")
    assert admin.get(reverse("admin:vestnik_eventlog_loggedevent_changelist")).status_code == 200


@pytest.mark.parametrize("model", [Stream, LoggedEvent])
def test_even_a_superuser_changes_nothing(admin: Client, model: type[Stream | LoggedEvent]) -> None:
    write_note("chat:1")
    before = list(model.objects.values())
    name = f"admin:vestnik_eventlog_{model._meta.model_name}"
    row = model.objects.get()
    assert admin.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
    assert admin.post(reverse(f"{name}_change", args=[row.pk]), {"top": 5, "offset": 5}).status_code == 403
    assert admin.get(reverse(f"{name}_add")).status_code == 403
    assert admin.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    admin.post(reverse(f"{name}_changelist"), {"action": "delete_selected", "_selected_action": [row.pk]})
    assert list(model.objects.values()) == before
