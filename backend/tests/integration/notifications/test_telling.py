"""Telling people something: wording, levels, folding, preferences, rollback."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import msgspec
import pytest
from django.contrib.auth.models import User

from vestnik.apps.eventlog.log import transaction
from vestnik.apps.eventlog.models import LoggedEvent
from vestnik.apps.notifications import actions
from vestnik.apps.notifications.actions import notify, notify_all
from vestnik.apps.notifications.events import notification
from vestnik.apps.notifications.models import Notification
from vestnik.core.errors import InvalidParameters, LocalError

pytestmark = pytest.mark.django_db

MONEY = {"amount_minor": 150_000, "currency": "RUB"}


def events_of(user: User) -> list[dict]:
    rows = LoggedEvent.objects.filter(stream__channel=f"notifications:#{user.pk}").order_by("offset")
    return [msgspec.json.decode(row.data) for row in rows]


def test_words_are_in_the_language_of_the_one_who_is_told(anna: User, boris: User) -> None:
    for user in (anna, boris):
        notify(user, "payment.receipt", params={"amount": MONEY, "number": "2026-00007"}, link="/invoices/7")
    english, russian = events_of(anna)[0]["notification"], events_of(boris)[0]["notification"]
    assert (english["title"], english["body"]) == ("Payment received: 1,500.00\xa0₽", "Invoice 2026-00007")
    assert (russian["title"], russian["body"]) == ("Оплата получена: 1\xa0500,00\xa0₽", "Счёт 2026-00007")
    assert english["link"] == "/invoices/7"
    assert english["level"] == "success"


def test_a_feed_is_in_one_language_after_its_owner_changes_theirs(anna: User) -> None:
    row = notify(anna, "payment.receipt", params={"amount": MONEY, "number": "1"})
    assert row is not None
    assert notification(row, "ru").body == "Счёт 1"
    assert notification(row, "en").body == "Invoice 1"


@pytest.mark.parametrize(
    ("count", "english", "russian"),
    [
        (1, "New message from Anna", "Анна: новое сообщение"),
        (2, "2 new messages from Anna", "Анна: 2 новых сообщения"),
        (5, "5 new messages from Anna", "Анна: 5 новых сообщений"),
        (11, "11 new messages from Anna", "Анна: 11 новых сообщений"),
        (21, "21 new messages from Anna", "Анна: 21 новое сообщение"),
        (112, "112 new messages from Anna", "Анна: 112 новых сообщений"),
    ],
)
def test_plurals_are_those_of_the_language(anna: User, count: int, english: str, russian: str) -> None:
    row = Notification(user=anna, kind="chat.message", params={"sender": "Anna", "text": "hi"}, count=count)
    assert notification(row, "en").title == english
    row.params = {"sender": "Анна", "text": "привет"}
    assert notification(row, "ru").title == russian


def test_an_unread_one_with_the_same_key_is_updated(anna: User) -> None:
    for number in range(1, 6):
        notify(anna, "chat.message", params={"sender": "Boris", "text": f"part {number}"}, collapse_key="chat:1")
    row = Notification.objects.get()
    assert row.count == 5
    assert notification(row, "en").title == "5 new messages from Boris"
    assert notification(row, "en").body == "part 5"
    events = events_of(anna)
    assert [event["type"] for event in events] == ["notification.created"] + ["notification.changed"] * 4
    assert events[-1]["counts"] == {"unseen": 1, "unread": 1}


def test_a_seen_one_is_unseen_again_when_another_is_folded_into_it(anna: User) -> None:
    row = notify(anna, "chat.message", params={"sender": "Boris", "text": "1"}, collapse_key="chat:1")
    assert row is not None
    assert actions.seen(anna, ids=[row.pk]).unseen == 0
    again = notify(anna, "chat.message", params={"sender": "Boris", "text": "2"}, collapse_key="chat:1")
    assert again is not None
    assert (again.pk, again.seen_at) == (row.pk, None)


@pytest.mark.parametrize("action", [actions.read, actions.archive])
def test_one_that_was_dealt_with_is_left_alone(anna: User, action) -> None:
    first = notify(anna, "chat.message", params={"sender": "Boris", "text": "1"}, collapse_key="chat:1")
    assert first is not None
    action(anna, ids=[first.pk])
    second = notify(anna, "chat.message", params={"sender": "Boris", "text": "2"}, collapse_key="chat:1")
    assert second is not None
    assert second.pk != first.pk
    assert second.count == 1


def test_keys_of_different_people_do_not_meet(anna: User, boris: User) -> None:
    told = notify_all([boris, anna], "chat.message", params={"sender": "V", "text": "1"}, collapse_key="chat:1")
    assert [row.user_id for row in told] == sorted([anna.pk, boris.pk])
    assert {row.count for row in told} == {1}


def test_values_are_what_json_has(anna: User) -> None:
    key = uuid.uuid4()
    row = notify(
        anna,
        "invoice.overdue",
        params={"number": "1", "amount": MONEY, "due_date": date(2026, 3, 1)},
        data={"key": key, "at": datetime(2026, 3, 2, tzinfo=UTC)},
    )
    assert row is not None
    sent = events_of(anna)[0]["notification"]
    row.refresh_from_db()
    assert row.data == sent["data"] == {"key": str(key), "at": "2026-03-02T00:00:00Z"}
    assert sent["body"] == "1,500.00\xa0₽ was due on 1 March 2026"


def test_an_unknown_kind_needs_a_title(anna: User) -> None:
    with pytest.raises(LocalError, match=r"no notification kind 'school\.party'"):
        notify(anna, "school.party")
    with pytest.raises(LocalError, match="body without a title"):
        notify(anna, "school.party", body="come all")
    row = notify(anna, "school.party", title="Party", body="come all")
    assert row is not None
    assert notification(row, "ru").title == "Party"


def test_what_a_template_needs_is_missed_at_once_and_by_name(anna: User) -> None:
    with pytest.raises(LocalError, match="amount"):
        notify(anna, "payment.receipt", params={"number": "1"})
    with pytest.raises(LocalError, match="cannot fill"):
        notify(anna, "invoice.overdue", params={"number": "1", "amount": MONEY, "due_date": "tomorrow"})
    assert not Notification.objects.exists()


@pytest.mark.parametrize("link", ["https://example.com/", "//example.com/", "javascript:alert(1)", "/" + "a" * 500])
def test_a_link_leads_into_the_app(anna: User, link: str) -> None:
    with pytest.raises(LocalError, match="link"):
        notify(anna, "school.party", title="Party", link=link)


def test_text_of_a_user_is_never_taken_for_a_template(anna: User) -> None:
    row = notify(anna, "chat.message", params={"sender": "{count.__class__}", "text": "{0} {sender}"})
    assert row is not None
    assert notification(row, "en").title == "New message from {count.__class__}"
    assert notification(row, "en").body == "{0} {sender}"


def test_nothing_is_told_when_the_transaction_fails(anna: User) -> None:
    with pytest.raises(RuntimeError), transaction():
        notify(anna, "school.party", title="Party")
        raise RuntimeError
    assert not Notification.objects.exists()
    assert events_of(anna) == []


def test_what_is_switched_off_is_not_told(anna: User, boris: User) -> None:
    actions.set_preferences(anna, {"chat.mention": {"in_app": False}})
    params = {"sender": "V", "room": "Maths", "text": "look"}
    assert notify(anna, "chat.mention", params=params) is None
    assert notify(boris, "chat.mention", params=params) is not None
    assert events_of(anna) == []


def test_security_and_receipts_cannot_be_switched_off(anna: User) -> None:
    for kind in ("security.signed_in", "security.password_changed", "payment.receipt", "payment.refunded"):
        with pytest.raises(InvalidParameters, match=f"{kind} cannot be switched off"):
            actions.set_preferences(anna, {"chat.mention": {"in_app": False}, kind: {"email": False}})
    assert not [
        row for row in actions.set_preferences(anna, {}).kinds if row.kind == "chat.mention" and not row.ways["in_app"]
    ]


def test_switching_a_way_on_and_off_is_told_once(anna: User) -> None:
    for _ in range(2):
        actions.set_preferences(anna, {"invoice.paid": {"web_push": True}})
    rows = LoggedEvent.objects.filter(stream__channel=f"user:#{anna.pk}")
    (event,) = [msgspec.json.decode(row.data) for row in rows]
    assert event["type"] == "notification_preferences.changed"
    (row,) = [row for row in event["preferences"]["kinds"] if row["kind"] == "invoice.paid"]
    assert row["ways"]["web_push"] is True
