"""Who comes in over the socket: connection tokens, sign-in tokens, sessions, and nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from knox.models import AuthToken
from pytest_django import DjangoAssertNumQueries, Settings

from vestnik.apps.accounts.access import profile_of
from vestnik.apps.accounts.authenticators import (
    DefaultAuthenticator,
    HandshakeRefused,
    handshake_user,
    load_authenticator,
    session_user,
)
from vestnik.apps.accounts.tokens import token_id
from vestnik.core.codes import DisconnectCode, ErrorCode
from vestnik.core.errors import Disconnect, PeerError
from vestnik.core.namespaces import Caller
from vestnik.core.ports import Credentials, SignedIn

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Sign = Callable[..., Client]


def authenticate(token: str = "", **credentials: str) -> SignedIn:
    return DefaultAuthenticator().authenticate(Credentials(token=token, **credentials), time.time())


def refused(token: str = "", **credentials: str) -> str:
    with pytest.raises(Disconnect) as caught:
        authenticate(token, **credentials)
    assert caught.value.code == DisconnectCode.INVALID_TOKEN
    assert 0 < len(caught.value.reason.encode()) <= 123
    return caught.value.reason


def connection_token(client: Client) -> str:
    response = client.post("/api/realtime/token/")
    assert response.status_code == 200
    return response.json()["token"]


# The connection token --------------------------------------------------------------------------------------------


def test_a_connection_token_is_an_ordinary_jwt(masha: User, signed_in: Sign, settings: Settings) -> None:
    with time_machine.travel(NOW, tick=False):
        response = signed_in("masha").post("/api/realtime/token/")
        claims = jwt.decode(response.json()["token"], settings.SECRET_KEY, algorithms=["HS256"])
    now = int(NOW.timestamp())
    assert (claims["sub"], claims["iat"], claims["exp"]) == (str(masha.pk), now, now + 600)
    assert claims["tid"] == token_id(AuthToken.objects.get())
    assert claims["jti"]
    assert datetime.fromisoformat(response.json()["expires_at"]) == NOW + timedelta(seconds=600)


def test_no_two_connection_tokens_are_the_same(masha: User, signed_in: Sign) -> None:
    client = signed_in("masha")
    with time_machine.travel(NOW, tick=False):
        assert connection_token(client) != connection_token(client)


def test_a_connection_token_never_outlives_what_has_bought_it(masha: User, signed_in: Sign, settings: Settings) -> None:
    settings.VESTNIK = {"AUTH_TOKEN_TTL": 300.0}
    with time_machine.travel(NOW, tick=False):
        response = signed_in("masha").post("/api/realtime/token/")
    assert datetime.fromisoformat(response.json()["expires_at"]) == NOW + timedelta(seconds=300)


def test_a_connection_token_lets_in_without_a_query(
    masha: User, signed_in: Sign, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    token = connection_token(signed_in("masha"))
    with django_assert_num_queries(0):
        signed_in_as = authenticate(token)
    assert signed_in_as.caller == Caller(user=str(masha.pk), token=token_id(AuthToken.objects.get()))
    assert signed_in_as.expires_at == pytest.approx(time.time() + 600, abs=5)
    assert json.loads(signed_in_as.info) == {"id": masha.pk, "display_name": "Маша Иванова", "role": "student"}


def test_an_expired_connection_token_asks_for_another(masha: User, signed_in: Sign) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        token = connection_token(signed_in("masha"))
        clock.shift(599)
        authenticate(token)
        clock.shift(1)
        with pytest.raises(PeerError) as caught:
            authenticate(token)
    assert caught.value.code == ErrorCode.TOKEN_EXPIRED


def test_a_forged_connection_token_is_refused(settings: Settings) -> None:
    claims = {"sub": "1", "exp": int(time.time()) + 60}
    assert "signature" in refused(jwt.encode(claims, "another key that is long enough for this", algorithm="HS256"))
    assert "algorithm" in refused(jwt.encode(claims, "", algorithm="none"))
    assert "malformed" in refused("a.b")
    assert "malformed" in refused("." * 9000)


def test_the_token_secret_may_be_another_than_the_secret_key(masha: User, signed_in: Sign, settings: Settings) -> None:
    settings.VESTNIK = {"TOKEN_SECRET": "a secret that is long enough to sign with"}
    token = connection_token(signed_in("masha"))
    assert jwt.decode(token, "a secret that is long enough to sign with", algorithms=["HS256"])["sub"] == str(masha.pk)
    assert authenticate(token).caller.user == str(masha.pk)


def test_a_secret_that_is_being_rotated_out_is_still_believed(masha: User, signed_in: Sign, settings: Settings) -> None:
    token = connection_token(signed_in("masha"))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the new key, long enough to sign with too"
    assert authenticate(token).caller.user == str(masha.pk)


def test_a_token_made_by_others_may_name_channels_and_lack_dates(settings: Settings) -> None:
    token = jwt.encode({"sub": "42", "channels": ["news"], "subs": {"chat:1": {}}}, settings.SECRET_KEY, "HS256")
    given = authenticate(token)
    assert (given.caller, given.channels) == (Caller(user="42"), ["news", "chat:1"])
    assert (given.expires_at, given.issued_at) == (None, 0.0)


# The sign-in token -----------------------------------------------------------------------------------------------


def test_a_sign_in_token_lets_in_too(masha: User, signed_in: Sign) -> None:
    client = signed_in("masha")
    row = AuthToken.objects.get()
    given = authenticate(client.token)
    assert given.caller == Caller(user=str(masha.pk), token=token_id(row))
    assert given.expires_at == row.expiry.timestamp()
    assert json.loads(given.info)["display_name"] == "Маша Иванова"


def test_a_bad_sign_in_token_is_refused_and_says_which_way(masha: User, signed_in: Sign) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        expired = signed_in("masha").token
        clock.shift(timedelta(days=30))
        assert "expired" in refused(expired)
        good = signed_in("masha").token
        User.objects.update(is_active=False)
        assert "not active" in refused(good)
    AuthToken.objects.all().delete()
    assert "revoked" in refused(good)
    assert "malformed" in refused("короткий")
    assert "malformed" in refused("nul\x00" * 20)


def test_no_refusal_repeats_the_token(masha: User, signed_in: Sign) -> None:
    client = signed_in("masha")
    AuthToken.objects.all().delete()
    forged = jwt.encode({"sub": "1"}, "another key that is long enough for this", algorithm="HS256")
    for token in (client.token, forged):
        assert token not in refused(token)
        assert token.split(".")[0] not in refused(token)


# The transport's user, and nobody --------------------------------------------------------------------------------


def test_whom_the_transport_has_found_is_let_in(masha: User) -> None:
    profile_of(masha)
    given = authenticate(user=str(masha.pk), user_token="session-1")
    assert given.caller == Caller(user=str(masha.pk), token="session-1")
    assert json.loads(given.info)["id"] == masha.pk


def test_the_token_in_the_frame_counts_for_more_than_the_handshake(
    masha: User, signed_in: Sign, django_user_model: type[User]
) -> None:
    olga = django_user_model.objects.create_user("olga")
    assert authenticate(signed_in("masha").token, user=str(olga.pk)).caller.user == str(masha.pk)
    refused("a" * 64, user=str(olga.pk))


@pytest.mark.parametrize("user", ["0", "-1", "masha", "9" * 30, "1\x00", "٣"])
def test_a_user_that_is_none_is_refused(db: None, user: str) -> None:
    assert "not active" in refused(user=user)


def test_nobody_is_refused(db: None) -> None:
    assert "no token" in refused()


def test_nobody_is_let_in_where_a_test_server_is_insecure(db: None, settings: Settings) -> None:
    settings.VESTNIK = {"CLIENT_INSECURE": True}
    settings.DEBUG = True
    assert authenticate().caller == Caller(user="")
    settings.DEBUG = False
    refused()


# A project's own authenticator -----------------------------------------------------------------------------------


def test_a_project_may_bring_its_own_authenticator(settings: Settings) -> None:
    assert isinstance(load_authenticator(), DefaultAuthenticator)
    settings.VESTNIK = {"AUTHENTICATOR": "tests.support.badges.Badges"}
    assert load_authenticator().authenticate(Credentials(token="7"), 0.0).caller.user == "7"


def test_an_authenticator_that_is_not_there_is_named(settings: Settings) -> None:
    settings.VESTNIK = {"AUTHENTICATOR": "school.badges.Badges"}
    with pytest.raises(ImproperlyConfigured, match="AUTHENTICATOR: No module named 'school'"):
        load_authenticator()


# The handshake ---------------------------------------------------------------------------------------------------


def refused_handshake(headers: dict[str, str] | None = None, query: str = "") -> str:
    with pytest.raises(HandshakeRefused) as caught:
        handshake_user(headers or {}, query)
    return caught.value.reason


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, ""),
        ({}, "token="),
        ({}, "format=json&other=1"),
        ({"authorization": "Basic bWFzaGE6ZGVtbw=="}, ""),
        ({"authorization": ""}, ""),
    ],
)
def test_a_handshake_without_a_token_is_left_to_the_first_frame(headers: dict[str, str], query: str) -> None:
    assert handshake_user(headers, query) is None


def test_a_handshake_with_a_good_token_is_admitted(masha: User, signed_in: Sign) -> None:
    client = signed_in("masha")
    jwt_token = connection_token(client)
    credential = token_id(AuthToken.objects.get())
    for token in (client.token, jwt_token):
        for headers, query in (
            ({"authorization": f"Token {token}"}, ""),
            ({"authorization": f"bearer {token}"}, ""),
            ({}, f"x=1&token={token}"),
        ):
            found = handshake_user(headers, query)
            assert found is not None
            assert (found.user, found.user_token, found.token) == (str(masha.pk), credential, token)
            assert token not in repr(found)


def test_a_handshake_with_a_bad_token_is_refused_and_says_which_way(
    masha: User, signed_in: Sign, settings: Settings
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = signed_in("masha")
        jwt_token = connection_token(client)
        head, payload, _ = jwt_token.split(".")
        assert refused_handshake(query=f"token={head}.{payload}") == "missing_signature"
        assert refused_handshake(query=f"token={head}.{payload}.") == "missing_signature"
        assert refused_handshake(query="token=null") == "malformed"
        assert refused_handshake({"authorization": "Token"}) == "malformed"
        assert refused_handshake({"authorization": "Token a.b.c.d"}) == "malformed"
        assert refused_handshake({"authorization": "Token " + "a" * 64}) == "revoked"
        other = jwt.encode({"sub": "1"}, "another key that is long enough for this", algorithm="HS256")
        assert refused_handshake({"authorization": f"Bearer {other}"}) == "wrong_signature"
        clock.shift(600)
        assert refused_handshake({"authorization": f"Bearer {jwt_token}"}) == "expired"
        User.objects.update(is_active=False)
        assert refused_handshake({"authorization": f"Token {client.token}"}) == "revoked"
        clock.shift(timedelta(days=30))
        assert refused_handshake({"authorization": f"Token {client.token}"}) == "expired"


# The session cookie ----------------------------------------------------------------------------------------------


def test_a_session_cookie_names_its_user(masha: User) -> None:
    client = Client()
    client.force_login(masha)
    key = client.cookies["sessionid"].value
    found = session_user({"sessionid": key, "other": "x"})
    assert found is not None
    assert found.user == str(masha.pk)
    assert key not in found.user_token


def test_a_session_that_is_over_names_nobody(masha: User) -> None:
    client = Client()
    client.force_login(masha)
    cookies = {"sessionid": client.cookies["sessionid"].value}
    masha.set_password("battery staple")
    masha.save()
    assert session_user(cookies) is None
    client.force_login(masha)
    cookies = {"sessionid": client.cookies["sessionid"].value}
    assert session_user(cookies) is not None
    User.objects.update(is_active=False)
    assert session_user(cookies) is None


@pytest.mark.parametrize("cookies", [{}, {"sessionid": ""}, {"sessionid": "x" * 5000}, {"sessionid": "a\x00b"}])
def test_a_cookie_that_is_none_names_nobody(db: None, cookies: dict[str, str]) -> None:
    assert session_user(cookies) is None
