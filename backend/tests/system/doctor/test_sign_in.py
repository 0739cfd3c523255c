"""Tokens of every wrong kind, and what the server makes of a good one."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from vestnik.apps.accounts.authenticators import token_secrets
from vestnik.apps.accounts.tokens import issue_token
from vestnik.apps.eventlog import outlet
from vestnik.core.ports import Hint
from vestnik.core.tokens import ConnectionClaims, issue
from vestnik.doctor.identity import find_identity

pytestmark = pytest.mark.django_db(transaction=True)  # probes run in a thread of their own


@pytest.fixture
def masha() -> Any:
    return get_user_model().objects.create_user("masha", password="x")


@pytest.fixture
def well(masha: Any, backend: Any, look: Any) -> Any:
    """A situation in which all is well: the backend answers on the page's port too."""
    backend.user = str(masha.pk)
    return look(page=backend.port, backend=backend.port, username="masha")


def connection_token(user: Any, *, key: str = "", lifetime: float = 60.0) -> str:
    now = time.time()
    return issue(ConnectionClaims(sub=str(user.pk), iat=now, exp=now + lifetime), key or token_secrets()[0])


# The token itself ------------------------------------------------------------------------------------------------


def test_a_good_connection_token_is_well(found, look, masha):
    token = connection_token(masha)
    (finding,) = found("credentials", look(token=token))
    assert finding.level == "ok"
    assert f"user {masha.pk}" in finding.sentence
    assert token not in finding.sentence


def test_a_good_sign_in_token_is_well(found, look, masha):
    _, token = issue_token(masha)
    (finding,) = found("credentials", look(token=token))
    assert finding.level == "ok"
    assert "masha" in finding.sentence
    assert token not in finding.sentence


def test_an_expired_connection_token_is_told(found, look, masha):
    (finding,) = found("credentials", look(token=connection_token(masha, lifetime=-30.0)))
    assert (finding.level, finding.id) == ("error", "signed-out-expired")
    assert "POST /api/realtime/token/" in finding.hint


def test_a_token_signed_with_another_key_is_told(found, look, masha):
    (finding,) = found("credentials", look(token=connection_token(masha, key="another key, also long enough")))
    assert (finding.level, finding.id) == ("error", "token-foreign-key")
    assert "SECRET_KEY" in finding.hint


@pytest.mark.parametrize("token", ["a.b.c", "short", "with space in the middle of it", "e30.e30.e30"])
def test_a_malformed_token_is_told(found, look, token):
    (finding,) = found("credentials", look(token=token))
    assert (finding.level, finding.id) == ("error", "token-malformed")


def test_a_revoked_sign_in_token_is_told(found, look, masha):
    row, token = issue_token(masha)
    row.delete()
    (finding,) = found("credentials", look(token=token))
    assert (finding.level, finding.id) == ("error", "signed-out-revoked")


def test_an_expired_sign_in_token_is_told(found, look, masha):
    row, token = issue_token(masha)
    row.expiry = timezone.now() - timedelta(seconds=1)
    row.save()
    (finding,) = found("credentials", look(token=token))
    assert (finding.level, finding.id) == ("error", "signed-out-expired")


def test_a_user_who_is_not_there_is_told(found, look):
    (finding,) = found("credentials", look(username="nobody"))
    assert (finding.level, finding.id) == ("error", "user-unknown")


def test_without_token_and_users_nobody_is_signed_in(found, look):
    (finding,) = found("credentials", look())
    assert (finding.level, finding.id) == ("warn", "signed-out-missing")


def test_without_a_token_one_is_made_for_a_user(found, look, masha):
    (finding,) = found("credentials", look())
    assert finding.sentence == "signing in with a connection token made for masha"
    assert find_identity("", "").user == str(masha.pk)


# What the server makes of it ---------------------------------------------------------------------------------------


def test_a_sign_in_is_timed(found, well, backend):
    (finding,) = found("sign_in", well)
    assert finding.level == "ok"
    assert "ms" in finding.sentence
    assert backend.tokens == [well.identity.token]


def test_each_way_is_tried(found, look, backend, relay, masha):
    situation = look(page=relay(backend.port), backend=backend.port, username="masha")
    assert [finding.level for finding in found("sign_in", situation)] == ["ok", "ok"]


def test_an_expired_token_by_the_servers_clock_is_told(found, well, backend):
    backend.error = 109
    (finding,) = found("sign_in", well)
    assert (finding.level, finding.id) == ("error", "signed-out-expired")


def test_a_token_that_only_the_server_refuses_means_other_settings_there(found, well, backend):
    backend.disconnect = 3500
    (finding,) = found("sign_in", well)
    assert (finding.level, finding.id) == ("error", "token-foreign-key")
    assert "restart the server" in finding.hint


@pytest.mark.parametrize(("code", "reason"), [(3001, "server-draining"), (3504, "rate-limited"), (3507, "refused")])
def test_each_disconnect_has_its_reason(found, well, backend, code, reason):
    backend.disconnect = code
    (finding,) = found("sign_in", well)
    assert (finding.level, finding.id) == ("error", reason)


def test_a_server_that_speaks_another_protocol_is_told(found, well, backend, monkeypatch):
    monkeypatch.setattr(backend, "replies", lambda command: [["not", "an", "object"]])
    (finding,) = found("sign_in", well)
    assert finding.id == "backend-is-another-program"


def test_a_server_that_does_not_answer_connect_is_unhealthy(found, well, backend, monkeypatch):
    monkeypatch.setattr(backend, "replies", lambda command: [])
    (finding,) = found("sign_in", well)
    assert finding.id == "backend-unhealthy"


# What is published arrives ---------------------------------------------------------------------------------------


@pytest.fixture
def signed_in(found: Any, well: Any) -> Any:
    assert [finding.level for finding in found("sign_in", well)] == ["ok"]
    return well


def test_what_is_written_to_the_log_arrives_and_is_timed(found, signed_in, backend):
    def deliver(signal: Any) -> None:
        assert isinstance(signal, Hint)
        backend.publish(signal.channel, signal.data)

    stop = outlet.listen(deliver)
    try:
        findings = found("delivery", signed_in)
    finally:
        stop()
    assert [(finding.level, finding.id) for finding in findings] == [
        ("ok", "round-trip"),
        ("ok", "publish"),
        ("ok", "delivery"),
    ]


def test_what_does_not_arrive_is_told(found, signed_in, backend):
    findings = found("delivery", signed_in)
    assert (findings[-1].level, findings[-1].id) == ("error", "publications-do-not-arrive")
    assert "DATABASE_URL" in findings[-1].hint


def test_a_server_that_does_not_subscribe_the_user_is_told(found, signed_in, backend):
    backend.subscribes = False
    (finding,) = found("delivery", signed_in)
    assert (finding.level, finding.id) == ("error", "publications-do-not-arrive")


# Clocks ----------------------------------------------------------------------------------------------------------


def test_clocks_that_agree_are_well(found, signed_in):
    assert [finding.level for finding in found("clock", signed_in)] == ["ok"]


@pytest.mark.parametrize(("ahead", "level"), [(30.0, "warn"), (-30.0, "warn"), (3600.0, "error")])
def test_a_clock_that_is_off_is_told(found, signed_in, backend, ahead, level):
    backend.ahead = ahead
    (finding,) = found("clock", signed_in)
    assert (finding.level, finding.id) == (level, "clock-skew")
    assert ("ahead of" if ahead > 0 else "behind") in finding.sentence


def test_without_a_sign_in_the_date_header_tells_the_time(found, look, http_server):
    date = {"/healthz": (200, {"Date": "Mon, 01 Jan 2001 00:00:00 GMT"}, "{}")}
    (finding,) = found("clock", look(backend=http_server(date)))
    assert (finding.level, finding.id) == ("error", "clock-skew")


# Versions --------------------------------------------------------------------------------------------------------


def test_a_server_of_another_version_than_these_files_is_told(found, well, backend):
    backend.version = "0.0.1"
    found("sign_in", well)
    (finding,) = found("versions", well)
    assert (finding.level, finding.id) == ("warn", "protocol-version")


def test_a_library_that_speaks_protocol_1_is_told(found, look, frontend):
    package = frontend / "node_modules" / "centrifuge" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text('{"version": "2.8.5"}')
    (finding,) = found("versions", look())
    assert (finding.level, finding.id) == ("error", "protocol-version")
    package.write_text('{"version": "5.8.0"}')
    (finding,) = found("versions", look())
    assert finding.level == "ok"
