"""What people may change of their account."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from vestnik.apps.accounts.access import profile_of
from vestnik.apps.accounts.events import LanguageName, RoleName, ThemeName, account
from vestnik.apps.accounts.models import Language, Profile, Role, Theme
from vestnik.apps.eventlog.models import LoggedEvent

Sign = Callable[..., Client]


def events(user: User) -> list[dict[str, object]]:
    rows = LoggedEvent.objects.filter(stream__channel=f"user:#{user.pk}").order_by("offset")
    return [json.loads(data) for data in rows.values_list("data", flat=True)]


def patch(client: Client, **body: object):
    return client.patch("/api/auth/me/", body, content_type="application/json")


def test_a_choice_is_kept_and_told_to_the_other_devices(masha: User, signed_in: Sign) -> None:
    response = patch(signed_in("masha"), language="en", theme="dark")
    assert (response.json()["language"], response.json()["theme"]) == ("en", "dark")
    profile = Profile.objects.get(user=masha)
    assert (profile.language, profile.theme) == ("en", "dark")
    (event,) = events(masha)
    assert (event["type"], event["language"], event["theme"]) == ("preferences.changed", "en", "dark")


def test_what_is_not_named_stays(masha: User, signed_in: Sign) -> None:
    client = signed_in("masha")
    patch(client, theme="dark")
    patch(client, language="en")
    given = client.get("/api/auth/me/").json()
    assert (given["language"], given["theme"]) == ("en", "dark")


def test_choosing_what_is_chosen_tells_nobody(masha: User, signed_in: Sign) -> None:
    client = signed_in("masha")
    patch(client, language="en")
    patch(client, language="en")
    patch(client)
    assert len(events(masha)) == 1


def test_nobody_makes_a_teacher_of_themselves(masha: User, signed_in: Sign) -> None:
    response = patch(signed_in("masha"), role="teacher", display_name="Анна Сергеевна", id=1, is_staff=True)
    assert (response.json()["role"], response.json()["display_name"]) == ("student", "Маша Иванова")


@pytest.mark.parametrize(("field", "value"), [("language", "de"), ("language", 7), ("theme", ""), ("theme", ["dark"])])
def test_another_value_is_refused_by_name(masha: User, signed_in: Sign, field: str, value: object) -> None:
    response = patch(signed_in("masha"), **{field: value})
    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [field]
    assert events(masha) == []


def test_a_change_in_the_admin_is_told_too(masha: User, admin_client: Client) -> None:
    profile = profile_of(masha)
    form = {"user": masha.pk, "role": "teacher", "display_name": "Мария", "language": "en", "theme": "light"}
    response = admin_client.post(f"/admin/vestnik_accounts/profile/{profile.pk}/change/", form)
    assert response.status_code == 302
    assert [event["language"] for event in events(masha)] == ["en"]


def test_a_user_without_a_profile_gets_one_when_it_is_needed(db: None, django_user_model: type[User]) -> None:
    (plain,) = django_user_model.objects.bulk_create([django_user_model(username="plain")])
    staff = django_user_model.objects.create_superuser("boss", password="x")
    assert (account(plain).role, account(plain).display_name) == ("student", "plain")
    assert account(staff).role == "admin"
    assert Profile.objects.count() == 2


def test_the_words_on_the_wire_are_those_in_the_database() -> None:
    assert set(RoleName.__args__) == set(Role.values)
    assert set(LanguageName.__args__) == set(Language.values)
    assert set(ThemeName.__args__) == set(Theme.values)
