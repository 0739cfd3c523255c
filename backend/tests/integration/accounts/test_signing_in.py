"""Signing in over HTTP: what is answered, to whom, and how often."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken

from vestnik.apps.accounts.models import Device
from vestnik.apps.accounts.throttle import PER_ADDRESS, PER_USERNAME
from vestnik.apps.accounts.tokens import token_id

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse"


def sign_in(client: Client, username: str, password: str = PASSWORD, **more: object):
    body = {"username": username, "password": password, **more}
    return client.post("/api/auth/login/", body, content_type="application/json")


def refusal(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_the_answer_holds_a_token_its_end_and_the_account(masha: User, anonymous: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        response = sign_in(anonymous, "masha")
    assert response.status_code == 200
    given = response.json()
    assert datetime.fromisoformat(given["expires_at"]) == NOW + timedelta(days=30)
    assert given["user"] == {
        "id": masha.pk,
        "username": "masha",
        "display_name": "Маша Иванова",
        "role": "student",
        "language": "ru",
        "theme": "system",
    }
    assert response.headers["Cache-Control"] == "no-store"
    masha.refresh_from_db()
    assert masha.last_login is not None


def test_the_token_opens_what_needs_one(masha: User, signed_in: Callable[..., Client]) -> None:
    client = signed_in("masha")
    assert client.get("/api/auth/me/").json()["username"] == "masha"
    bearer = Client(headers={"authorization": f"bearer {client.token}"})
    assert bearer.get("/api/auth/me/").status_code == 200


def test_the_database_holds_no_token_but_its_hash(masha: User, signed_in: Callable[..., Client]) -> None:
    client = signed_in("masha")
    row = AuthToken.objects.get()
    assert client.token not in (row.digest, row.token_key)
    assert len(row.digest) == 128


def test_each_device_has_a_token_and_a_label(masha: User, signed_in: Callable[..., Client]) -> None:
    laptop, phone = signed_in("masha", device="Laptop"), signed_in("masha", device="Телефон")
    assert laptop.token != phone.token
    assert set(Device.objects.values_list("label", flat=True)) == {"Laptop", "Телефон"}
    assert set(Device.objects.values_list("token_id", flat=True)) == {token_id(row) for row in AuthToken.objects.all()}
    assert laptop.get("/api/auth/me/").status_code == phone.get("/api/auth/me/").status_code == 200


def test_wrong_password_unknown_user_and_inactive_user_get_one_answer(
    masha: User, anonymous: Client, django_user_model: type[User]
) -> None:
    django_user_model.objects.create_user("gone", password=PASSWORD, is_active=False)
    answers = []
    hashings = []
    for username, password in (("masha", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD)):
        with mock.patch.object(
            MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode
        ) as encode:
            response = sign_in(anonymous, username, password)
        answers.append((response.status_code, response.content, response.headers["WWW-Authenticate"]))
        hashings.append(encode.call_count)
    assert set(answers) == {
        (
            401,
            b'{"error":{"code":"wrong_credentials","message":"wrong username or password","fields":{}}}',
            "Token",
        )
    }
    # Hashing is what takes the time: each of them costs one.
    assert hashings == [1, 1, 1]
    assert not AuthToken.objects.exists()


def test_who_is_deactivated_while_the_password_is_checked_does_not_get_in(masha: User, anonymous: Client) -> None:
    for change in ({"is_active": False}, {"is_active": True, "password": "another"}):

        def authenticate(request: object, change: dict[str, object] = change, **_: object) -> User:
            User.objects.filter(pk=masha.pk).update(**change)
            return masha

        with mock.patch("vestnik.apps.accounts.actions.authenticate", side_effect=authenticate):
            assert refusal(sign_in(anonymous, "masha")) == (401, "wrong_credentials")
    assert not AuthToken.objects.exists()


def test_a_token_gone_bad_does_not_keep_one_from_signing_in_again(masha: User) -> None:
    client = Client(headers={"authorization": "Token 0123456789abcdef0123"})
    assert sign_in(client, "masha").status_code == 200


@pytest.mark.parametrize("header", [None, "", "Basic bWFzaGE6ZGVtbw=="])
def test_without_a_token_the_answer_is_401_and_says_how(db: None, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    response = Client(headers=headers).get("/api/auth/me/")
    assert refusal(response) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Token", "token_malformed"),
        ("Token ", "token_malformed"),
        ("Token short", "token_malformed"),
        ("Token two words that are long enough", "token_malformed"),
        ("Token \xff\xfe0123456789abcdef", "token_malformed"),
        ("Token 0123456789abcdef\x000123456789abcdef", "token_malformed"),
        ("Token " + "a" * 5000, "token_malformed"),
        ("Token " + "a" * 64, "token_revoked"),
        ("Bearer " + "a" * 64, "token_revoked"),
    ],
)
def test_a_bad_token_is_401_and_says_which_way(db: None, header: str, code: str) -> None:
    response = Client(raise_request_exception=False).get("/api/auth/me/", headers={"authorization": header})
    assert refusal(response) == (401, code)
    assert response.headers["WWW-Authenticate"] == "Token"


def test_a_token_of_a_deactivated_user_opens_nothing(masha: User, signed_in: Callable[..., Client]) -> None:
    client = signed_in("masha")
    # By an update that sends no signal, so that the token is still there.
    User.objects.filter(pk=masha.pk).update(is_active=False)
    assert refusal(client.get("/api/auth/me/")) == (401, "token_inactive")


# Expiry ----------------------------------------------------------------------------------------------------------


def test_a_token_that_is_not_used_expires(masha: User, signed_in: Callable[..., Client]) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = signed_in("masha")
        clock.shift(timedelta(days=30))
        assert refusal(client.get("/api/auth/me/")) == (401, "token_expired")
        assert refusal(client.get("/api/auth/me/")) == (401, "token_expired"), "it is still said the second time"


def test_using_a_token_renews_it_at_most_once_a_day(masha: User, signed_in: Callable[..., Client]) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = signed_in("masha")
        clock.shift(timedelta(hours=23))
        client.get("/api/auth/me/")
        assert AuthToken.objects.get().expiry == NOW + timedelta(days=30)
        clock.shift(timedelta(hours=1))
        client.get("/api/auth/me/")
        assert AuthToken.objects.get().expiry == NOW + timedelta(days=31)
        clock.shift(timedelta(days=29, hours=23))
        assert client.get("/api/auth/me/").status_code == 200


def test_a_token_that_is_revoked_while_it_is_renewed_stays_revoked(
    masha: User, signed_in: Callable[..., Client]
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = signed_in("masha")
        clock.shift(timedelta(days=2))
        stale = AuthToken.objects.get()
        AuthToken.objects.all().delete()
        with mock.patch("vestnik.apps.accounts.tokens.get_token_model") as model:
            # The row is read, then revoked by another process, then renewed.
            model.return_value.objects.filter.side_effect = [
                mock.Mock(**{"select_related.return_value.first.return_value": stale}),
                AuthToken.objects.filter(digest=stale.digest),
            ]
            client.get("/api/auth/me/")
        assert not AuthToken.objects.exists()


def test_long_expired_tokens_are_cleared_away_by_signing_in(masha: User, signed_in: Callable[..., Client]) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        signed_in("masha", device="Old")
        clock.shift(timedelta(days=38))
        signed_in("masha", device="New")
    assert list(Device.objects.values_list("label", flat=True)) == ["New"]
    assert AuthToken.objects.count() == 1


# The throttle ----------------------------------------------------------------------------------------------------


def test_after_ten_failures_a_username_has_to_wait(masha: User, anonymous: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(PER_USERNAME.failures):
            assert sign_in(anonymous, "masha", "wrong").status_code == 401
        clock.shift(100)
        response = sign_in(anonymous, "Masha")
        assert refusal(response) == (429, "too_many_requests")
        assert response.headers["Retry-After"] == "200"
        clock.shift(199)
        assert sign_in(anonymous, "masha").status_code == 429, "the right password does not help"
        clock.shift(1)
        assert sign_in(anonymous, "masha").status_code == 200


def test_an_unknown_username_is_throttled_just_the_same(db: None, anonymous: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        statuses = [sign_in(anonymous, "nobody").status_code for _ in range(PER_USERNAME.failures + 1)]
    assert statuses == [401] * PER_USERNAME.failures + [429]


def test_another_username_may_still_sign_in(masha: User, anonymous: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        for _ in range(PER_USERNAME.failures + 1):
            sign_in(anonymous, "nobody")
        assert sign_in(anonymous, "masha").status_code == 200


def test_an_address_has_to_wait_whatever_usernames_it_tries(masha: User, anonymous: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        for number in range(PER_ADDRESS.failures):
            assert sign_in(anonymous, f"nobody-{number}").status_code == 401
        assert refusal(sign_in(anonymous, "masha")) == (429, "too_many_requests")
        elsewhere = Client(REMOTE_ADDR="198.51.100.7")
        assert sign_in(elsewhere, "masha").status_code == 200


def test_a_forged_forwarding_header_does_not_make_another_address(masha: User) -> None:
    with time_machine.travel(NOW, tick=False):
        for number in range(PER_ADDRESS.failures):
            forging = Client(headers={"x-forwarded-for": f"198.51.100.{number}"})
            sign_in(forging, f"nobody-{number}")
        assert sign_in(Client(headers={"x-forwarded-for": "203.0.113.1"}), "masha").status_code == 429


def test_success_is_not_counted_and_forgives_the_username(masha: User, anonymous: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        for _ in range(PER_ADDRESS.failures + 5):
            assert sign_in(anonymous, "masha").status_code == 200
        for _ in range(3):
            for _ in range(PER_USERNAME.failures - 1):
                assert sign_in(anonymous, "masha", "wrong").status_code == 401
            assert sign_in(anonymous, "masha").status_code == 200


# Secrets ---------------------------------------------------------------------------------------------------------


def test_nothing_secret_is_logged(masha: User, anonymous: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = sign_in(anonymous, "masha").json()["token"]
    sign_in(anonymous, "masha", "wrong password of hers")
    client = Client(headers={"authorization": f"Token {token}"})
    connection = client.post("/api/realtime/token/").json()["token"]
    client.post("/api/auth/login/", b'{"username": "masha", "password": 123454321}', content_type="application/json")
    client.post("/api/auth/logout/")
    client.get("/api/auth/me/")
    logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    for secret in (token, connection, PASSWORD, "wrong password of hers", "123454321"):
        assert secret not in logged
