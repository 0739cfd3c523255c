"""Whatever takes a credential away reaches live connections in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from tests.support.orders import closed_tokens, closed_users, orders
from vestnik.apps.accounts.authenticators import session_user
from vestnik.apps.accounts.models import Device
from vestnik.apps.accounts.tokens import issue_token, token_id
from vestnik.apps.eventlog.models import LoggedEvent
from vestnik.core.codes import DisconnectCode, should_reconnect

Sign = Callable[..., Client]


@pytest.fixture
def olga(db: None, django_user_model: type[User]) -> User:
    """Somebody else, whose credentials must be left alone."""
    user = django_user_model.objects.create_user("olga", password="correct horse")
    issue_token(user, "Olga's")
    return user


def personal_events(user: User) -> list[dict[str, object]]:
    rows = LoggedEvent.objects.filter(stream__channel=f"user:#{user.pk}").order_by("offset")
    return [json.loads(data) for data in rows.values_list("data", flat=True)]


def only_token_of(user: User) -> str:
    return token_id(AuthToken.objects.get(user=user))


def test_signing_out_revokes_this_token_and_no_other(masha: User, olga: User, signed_in: Sign) -> None:
    laptop, phone = signed_in("masha", device="Laptop"), signed_in("masha", device="Phone")
    of_laptop = Device.objects.get(label="Laptop").token_id
    response = laptop.post("/api/auth/logout/")
    assert (response.status_code, response.content) == (204, b"")
    assert closed_tokens() == [of_laptop]
    assert closed_users() == []
    assert laptop.get("/api/auth/me/").status_code == 401
    assert phone.get("/api/auth/me/").status_code == 200
    assert set(Device.objects.values_list("label", flat=True)) == {"Phone", "Olga's"}


def test_the_order_tells_the_client_not_to_come_back_and_why(masha: User, signed_in: Sign) -> None:
    signed_in("masha").post("/api/auth/logout/")
    (order,) = orders()
    assert (order.code, order.reason) == (DisconnectCode.INVALID_TOKEN, "signed out")
    assert not should_reconnect(order.code)


def test_signing_out_everywhere_revokes_all_tokens_and_tells_the_devices(
    masha: User, olga: User, signed_in: Sign
) -> None:
    laptop, phone = signed_in("masha"), signed_in("masha")
    ids = {token_id(row) for row in AuthToken.objects.filter(user=masha)}
    assert laptop.post("/api/auth/logout-all/").status_code == 204
    assert set(closed_tokens()) == ids
    assert closed_users() == [str(masha.pk)]
    assert [(event["type"], event["reason"]) for event in personal_events(masha)] == [
        ("signed_out", "signed_out_everywhere")
    ]
    assert laptop.get("/api/auth/me/").status_code == phone.get("/api/auth/me/").status_code == 401
    assert AuthToken.objects.filter(user=olga).exists()


@pytest.mark.parametrize("path", ["/api/auth/logout/", "/api/auth/logout-all/", "/api/realtime/token/"])
def test_who_is_not_signed_in_can_sign_nobody_out(masha: User, path: str) -> None:
    assert Client().post(path).status_code == 401
    assert Client(headers={"authorization": "Token " + "a" * 64}).post(path).status_code == 401
    assert orders() == []


def test_a_token_is_not_revoked_if_the_order_cannot_be_given(masha: User, signed_in: Sign) -> None:
    laptop = signed_in("masha")
    with mock.patch("vestnik.apps.eventlog.log._log_collected", side_effect=RuntimeError("the disk is full")):
        assert laptop.post("/api/auth/logout/").status_code == 500
    assert laptop.get("/api/auth/me/").status_code == 200
    assert orders() == []


def test_deactivation_ends_everything(masha: User, olga: User, signed_in: Sign) -> None:
    signed_in("masha")
    revoked = only_token_of(masha)
    masha.is_active = False
    masha.save()
    assert closed_tokens() == [revoked]
    assert closed_users() == [str(masha.pk)]
    assert not AuthToken.objects.filter(user=masha).exists()


def test_a_new_password_ends_everything(masha: User, olga: User, signed_in: Sign) -> None:
    client = signed_in("masha")
    revoked = only_token_of(masha)
    masha.set_password("battery staple")
    masha.save()
    assert closed_tokens() == [revoked]
    assert closed_users() == [str(masha.pk)]
    assert client.get("/api/auth/me/").status_code == 401


def test_a_hash_that_is_upgraded_at_sign_in_ends_nothing(masha: User, signed_in: Sign, settings) -> None:
    laptop = signed_in("masha")
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    signed_in("masha")
    masha.refresh_from_db()
    assert masha.password.startswith("pbkdf2_sha1")
    assert orders() == []
    assert laptop.get("/api/auth/me/").status_code == 200


def test_other_changes_of_a_user_end_nothing(masha: User, signed_in: Sign) -> None:
    signed_in("masha")
    masha.first_name = "Мария"
    masha.save()
    masha.save(update_fields=["last_name"])
    assert orders() == []


def test_deleting_a_user_closes_their_connections(masha: User, signed_in: Sign) -> None:
    signed_in("masha")
    revoked, user_id = only_token_of(masha), str(masha.pk)
    masha.delete()
    assert closed_tokens() == [revoked]
    assert closed_users() == [user_id]


def test_deleting_a_token_in_the_admin_closes_its_connections(
    masha: User, signed_in: Sign, admin_client: Client
) -> None:
    signed_in("masha")
    row = AuthToken.objects.get(user=masha)
    response = admin_client.post(f"/admin/knox/authtoken/{row.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert closed_tokens() == [token_id(row)]


def test_deleting_tokens_in_bulk_in_the_admin_closes_their_connections(
    masha: User, signed_in: Sign, admin_client: Client
) -> None:
    signed_in("masha"), signed_in("masha")
    rows = list(AuthToken.objects.filter(user=masha))
    data = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
    assert admin_client.post("/admin/knox/authtoken/", data).status_code == 302
    assert set(closed_tokens()) == {token_id(row) for row in rows}


def test_clearing_away_a_token_that_had_expired_orders_nothing(masha: User) -> None:
    row, _ = issue_token(masha)
    row.expiry = timezone.now() - timedelta(seconds=1)
    row.save()
    row.delete()
    assert orders() == []


# Sessions --------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(masha: User) -> Client:
    """A page of the site, signed in by its cookie; checks CSRF as a browser's does."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(masha)
    return client


def csrf(client: Client) -> dict[str, str]:
    client.get("/admin/login/")
    return {"X-CSRFToken": client.cookies["csrftoken"].value}


def test_a_session_cookie_signs_in_too(page: Client) -> None:
    assert page.get("/api/auth/me/").json()["username"] == "masha"


def test_with_a_session_cookie_changes_need_the_csrf_token(page: Client) -> None:
    refused = page.patch("/api/auth/me/", {"language": "en"}, content_type="application/json")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "csrf_failed"
    assert page.get("/api/auth/me/").json()["language"] == "ru"
    done = page.patch("/api/auth/me/", {"language": "en"}, content_type="application/json", headers=csrf(page))
    assert done.json()["language"] == "en"


def test_a_token_needs_no_csrf_token_even_beside_a_cookie(masha: User, page: Client) -> None:
    _, token = issue_token(masha)
    response = page.post("/api/realtime/token/", headers={"authorization": f"Token {token}"})
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/api/auth/logout/", "/api/auth/logout-all/"])
def test_signing_out_of_a_session_ends_it_and_its_connections(masha: User, page: Client, path: str) -> None:
    headers = csrf(page)
    found = session_user({"sessionid": page.cookies["sessionid"].value})
    assert found is not None
    assert page.post(path, headers=headers).status_code == 204
    assert found.user_token in closed_tokens()
    assert page.get("/api/auth/me/").status_code == 401


def test_signing_out_in_the_admin_ends_the_connections_of_that_session(admin_client: Client) -> None:
    found = session_user({"sessionid": admin_client.cookies["sessionid"].value})
    assert found is not None
    admin_client.post("/admin/logout/")
    assert closed_tokens() == [found.user_token]
