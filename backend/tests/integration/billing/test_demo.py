"""The demo data of notifications and billing: complete, and complete again after somebody has played with it."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from tests.support.school import Browser, School
from tests.support.till import attempt, pay_at_provider
from vestnik.apps.billing import demo as billing
from vestnik.apps.billing.models import Invoice
from vestnik.apps.notifications import demo as notifications
from vestnik.apps.notifications.kinds import KINDS
from vestnik.apps.notifications.models import Notification

STATES = {"draft", "sent", "overdue", "paid", "partially_refunded"}


@pytest.fixture
def people(school: School) -> dict:
    return {role: getattr(school, role) for role in ("student", "teacher", "tutor", "parent", "admin")}


def test_there_are_five_invoices_in_five_states(school: School, people: dict) -> None:
    billing.fill(people)
    rows = Browser(school.tutor).get("invoices/")["results"]
    assert len(rows) == 5
    assert {row["display_status"] for row in rows} == STATES
    assert all(row["created_at"] <= entry["at"] for row in rows for entry in row["history"])
    assert len(Browser(school.parent).get("invoices/")["results"]) == 4


def test_filling_twice_changes_nothing_and_what_was_paid_is_replaced(school: School, people: dict) -> None:
    for _ in range(2):
        billing.fill(people)
    assert Invoice.objects.count() == 5
    open_one = Invoice.objects.get(status="open", overdue_since=None)
    pay_at_provider(attempt(school, open_one))
    billing.fill(people)
    assert Invoice.objects.count() == 6
    assert {row["display_status"] for row in Browser(school.tutor).get("invoices/")["results"]} == STATES


def test_everybody_has_a_notification_of_every_kind_some_read_some_not(people: dict) -> None:
    for _ in range(2):
        notifications.fill(people)
    for user in people.values():
        rows = Notification.objects.filter(user=user)
        assert sorted(rows.values_list("kind", flat=True)) == sorted(kind.name for kind in KINDS)
        assert 0 < rows.filter(read_at=None).count() < rows.count()


def test_the_command_fills_them(db: None) -> None:
    call_command("demo")
    assert Notification.objects.exists()
    assert Invoice.objects.count() == 5
