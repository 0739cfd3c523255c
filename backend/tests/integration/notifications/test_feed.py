"""The feed as its owner sees and changes it, over REST and rpc, and as strangers do not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.support.feed_reader import Reader
from vestnik.apps.notifications import actions
from vestnik.apps.notifications.actions import notify
from vestnik.apps.notifications.models import Notification
from vestnik.apps.notifications.rpc import procedures
from vestnik.core.codes import ErrorCode
from vestnik.core.errors import InvalidParameters, NotFound, PeerError
from vestnik.core.namespaces import Caller

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
minutes = itertools.count()


def tell(user: User, text: str = "hello", *, key: str = "") -> Notification:
    row = notify(
        user,
        "chat.message",
        params={"sender": "Vera", "text": text},
        collapse_key=key,
        now=START + timedelta(minutes=next(minutes)),
    )
    assert row is not None
    return row


@pytest.fixture
def browser() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(user)
        return client

    return sign_in


def get(client: Client, path: str) -> dict[str, Any]:
    response = client.get(path)
    assert response.status_code == 200, response.content
    return msgspec.json.decode(response.content)


def call(user: User, method: str, **params: Any) -> Any:
    return msgspec.json.decode(procedures.call(Caller(user=str(user.pk)), method, msgspec.json.encode(params)))


def pages(client: Client, limit: int) -> Iterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        page = get(client, f"/api/notifications/?limit={limit}&cursor={cursor}")
        yield page
        cursor = page["next"]


def test_the_feed_is_in_pages_the_latest_first(anna: User, browser) -> None:
    told = [tell(anna, str(number)).pk for number in range(7)]
    seen = [row["id"] for page in pages(browser(anna), 3) for row in page["results"]]
    assert seen == told[::-1]


def test_rows_of_the_same_instant_are_neither_repeated_nor_skipped(anna: User, browser) -> None:
    for _ in range(5):
        notify(anna, "school.party", title="Party", now=START)
    seen = [row["id"] for page in pages(browser(anna), 2) for row in page["results"]]
    assert len(seen) == len(set(seen)) == 5


def test_an_updated_one_comes_first(anna: User, browser) -> None:
    first = tell(anna, key="chat:1")
    tell(anna)
    tell(anna, key="chat:1")
    page = get(browser(anna), "/api/notifications/")
    assert page["results"][0]["id"] == first.pk
    assert page["results"][0]["count"] == 2


def test_the_feed_says_what_is_unseen_and_unread_and_where_changes_are_published(anna: User, browser) -> None:
    rows = [tell(anna) for _ in range(4)]
    actions.seen(anna, ids=[rows[0].pk])
    actions.read(anna, ids=[rows[1].pk])
    actions.archive(anna, ids=[rows[2].pk])
    page = get(browser(anna), "/api/notifications/")
    assert (page["unseen"], page["unread"]) == (1, 2)
    assert page["channel"] == f"notifications:#{anna.pk}"
    assert page["position"]["offset"] == 7
    unread = get(browser(anna), "/api/notifications/?unread=1")
    assert [row["id"] for row in unread["results"]] == [rows[3].pk, rows[0].pk]
    archived = get(browser(anna), "/api/notifications/?archived=1")
    assert [row["id"] for row in archived["results"]] == [rows[2].pk]


def test_reading_is_seeing(anna: User, browser) -> None:
    row = tell(anna)
    response = browser(anna).post(f"/api/notifications/{row.pk}/read/")
    assert (response.status_code, response.json()) == (200, {"unseen": 0, "unread": 0})
    row.refresh_from_db()
    assert row.read_at == row.seen_at is not None


def test_doing_it_twice_changes_nothing_and_tells_nobody(anna: User) -> None:
    row = tell(anna)
    for action in (actions.seen, actions.read, actions.archive):
        action(anna, ids=[row.pk])
        row.refresh_from_db()
        before = (row.seen_at, row.read_at, row.archived_at)
        reader = Reader(_snapshot(anna))
        action(anna, ids=[row.pk])
        action(anna, up_to=row.pk)
        row.refresh_from_db()
        assert (row.seen_at, row.read_at, row.archived_at) == before
        assert reader.catch_up() == []


def test_read_all_leaves_what_came_in_meanwhile(anna: User, browser) -> None:
    first, second = tell(anna), tell(anna)
    response = browser(anna).post("/api/notifications/read-all/", {"up_to": first.pk}, content_type="application/json")
    assert response.json() == {"unseen": 1, "unread": 1}
    second.refresh_from_db()
    assert second.read_at is None
    assert browser(anna).post("/api/notifications/read-all/", content_type="application/json").json() == {
        "unseen": 0,
        "unread": 0,
    }


def test_nobody_sees_or_marks_what_is_told_to_another(anna: User, boris: User, browser) -> None:
    row = tell(anna)
    stranger = browser(boris)
    assert get(stranger, "/api/notifications/")["results"] == []
    assert stranger.post(f"/api/notifications/{row.pk}/read/").status_code == 404
    for method in ("notifications.read", "notifications.seen", "notifications.archive"):
        with pytest.raises(NotFound, match="notification not found"):
            call(boris, method, ids=[row.pk])
        call(boris, method, up_to=row.pk)
    stranger.post("/api/notifications/read-all/")
    row.refresh_from_db()
    assert (row.seen_at, row.read_at, row.archived_at) == (None, None, None)


def test_staff_has_no_way_to_the_feed_of_another(anna: User, person, browser) -> None:
    row = tell(anna)
    assert browser(person("root", is_staff=True)).post(f"/api/notifications/{row.pk}/read/").status_code == 404


def test_one_foreign_id_among_ones_own_marks_nothing(anna: User, boris: User) -> None:
    mine, foreign = tell(anna), tell(boris)
    with pytest.raises(NotFound):
        call(anna, "notifications.read", ids=[mine.pk, foreign.pk])
    mine.refresh_from_db()
    assert mine.read_at is None


@pytest.mark.parametrize("path", ["", "read-all/", "read/", "seen/", "archive/", "preferences/", "1/read/"])
def test_nothing_is_served_to_who_is_not_signed_in(path: str) -> None:
    method = Client().get if path in {"", "preferences/"} else Client().post
    response = method(f"/api/notifications/{path}")
    assert response.status_code == 401
    assert response.json()["error"]["code"]


@pytest.mark.parametrize("method", ["notifications.read", "notifications.seen", "notifications.archive"])
def test_a_procedure_of_an_anonymous_connection_is_refused(method: str) -> None:
    with pytest.raises(PeerError) as refusal:
        procedures.call(Caller(user=""), method, b'{"up_to": 1}')
    assert refusal.value.code == ErrorCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("params", "field"),
    [
        (b"{}", "ids"),
        (b'{"ids": [1], "up_to": 1}', "ids"),
        (b'{"ids": []}', "ids"),
        (b'{"ids": [0]}', "ids"),
        (b'{"ids": ["1"]}', "ids"),
        (b'{"ids": "1"}', "ids"),
        (b'{"up_to": -1}', "up_to"),
        (b'{"up_to": 1.5}', "up_to"),
        (b'{"up_to": 99999999999999999999}', "up_to"),
        (b'{"ids": [' + b",".join([b"1"] * 501) + b"]}", "ids"),
        (b"[]", "params"),
        (b"{", "params"),
    ],
)
@pytest.mark.parametrize("method", ["notifications.read", "notifications.seen", "notifications.archive"])
def test_bad_parameters_are_refused_by_name(anna: User, method: str, params: bytes, field: str) -> None:
    row = tell(anna)
    with pytest.raises(InvalidParameters) as refusal:
        procedures.call(Caller(user=str(anna.pk)), method, params)
    assert field in str(refusal.value)
    row.refresh_from_db()
    assert (row.seen_at, row.read_at, row.archived_at) == (None, None, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("unread=perhaps", "unread"),
        ("cursor=%00", "cursor"),
        ("cursor=abc", "cursor"),
        ("cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwxXQ", "cursor"),  # an instant without a time zone
    ],
)
def test_a_bad_query_is_refused_by_name(anna: User, browser, query: str, field: str) -> None:
    response = browser(anna).get(f"/api/notifications/?{query}")
    assert response.status_code == 400
    assert field in response.json()["error"]["fields"]


def test_an_id_that_no_database_holds_is_not_found(anna: User, browser) -> None:
    assert browser(anna).post(f"/api/notifications/{10**30}/read/").status_code == 404


def test_preferences_are_a_matrix_that_can_be_put_back_as_it_came(anna: User, browser) -> None:
    client = browser(anna)
    matrix = get(client, "/api/notifications/preferences/")
    rows = {row["kind"]: row for row in matrix["kinds"]}
    assert rows["security.signed_in"]["locked"] is True
    assert rows["chat.message"] == {
        "kind": "chat.message",
        "label": "Direct messages",
        "locked": False,
        "ways": {"in_app": True, "email": True, "web_push": True},
    }
    put = client.put("/api/notifications/preferences/", matrix, content_type="application/json")
    assert (put.status_code, put.json()) == (200, matrix)
    rows["chat.message"]["ways"]["email"] = False
    client.put("/api/notifications/preferences/", matrix, content_type="application/json")
    assert get(client, "/api/notifications/preferences/") == matrix


@pytest.mark.parametrize(
    "body",
    [
        {"kinds": [{"kind": "no.such", "ways": {"email": False}}]},
        {"kinds": [{"kind": "payment.receipt", "ways": {"in_app": False}}]},
        {"kinds": [{"kind": "chat.message", "ways": {"pigeon": False}}]},
        {"kinds": [{"kind": "chat.message", "ways": {"email": "no"}}]},
        {"kinds": [{"ways": {}}]},
        {"kinds": {}},
        {},
    ],
)
def test_preferences_that_make_no_sense_are_refused(anna: User, browser, body: dict[str, Any]) -> None:
    client = browser(anna)
    before = get(client, "/api/notifications/preferences/")
    response = client.put("/api/notifications/preferences/", body, content_type="application/json")
    assert response.status_code == 400
    assert "kind" in response.json()["error"]["message"]
    assert get(client, "/api/notifications/preferences/") == before


def _snapshot(user: User) -> dict[str, Any]:
    client = Client()
    client.force_login(user)
    return get(client, "/api/notifications/?limit=100")


ACTIONS: dict[str, Callable[[User, list[Notification]], object]] = {
    "told": lambda user, rows: tell(user),
    "folded": lambda user, rows: tell(user, key="chat:1"),
    "read": lambda user, rows: actions.read(user, ids=[row.pk for row in rows[:2]]),
    "read up to": lambda user, rows: actions.read(user, up_to=rows[2].pk),
    "read all": lambda user, rows: actions.read_all(user),
    "seen": lambda user, rows: actions.seen(user, ids=[row.pk for row in rows[1:3]]),
    "seen up to": lambda user, rows: actions.seen(user, up_to=rows[2].pk),
    "archived": lambda user, rows: actions.archive(user, ids=[rows[0].pk]),
    "archived up to": lambda user, rows: actions.archive(user, up_to=rows[1].pk),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_a_snapshot_and_the_events_after_it_make_a_fresh_snapshot(anna: User, boris: User, name: str) -> None:
    rows = [tell(anna, key="chat:1"), *(tell(anna) for _ in range(4))]
    actions.seen(anna, ids=[rows[0].pk])
    actions.read(anna, ids=[rows[1].pk])
    tell(boris)
    reader = Reader(_snapshot(anna))
    ACTIONS[name](anna, rows)
    assert reader.catch_up(), "the action told nobody"
    fresh = _snapshot(anna)
    assert reader.feed() == {key: fresh[key] for key in ("results", "unseen", "unread")}


def test_all_actions_in_a_row_converge_too(anna: User) -> None:
    rows = [tell(anna, key="chat:1"), *(tell(anna) for _ in range(6))]
    reader = Reader(_snapshot(anna))
    for action in ACTIONS.values():
        action(anna, rows)
    reader.catch_up()
    fresh = _snapshot(anna)
    assert reader.feed() == {key: fresh[key] for key in ("results", "unseen", "unread")}
