"""Two clicks, two webhooks, two of anything at the same moment: real threads, each with a connection of its own."""

from __future__ import annotations

import time
from http import HTTPStatus

import msgspec
import pytest

from tests.support.school import School, make_school
from tests.support.threads import at_the_same_time
from tests.support.till import AMOUNT, InvoicesClient, attempt, decide, draft, fresh, paid, sent, tell
from vestnik.apps.billing import actions, webhooks
from vestnik.apps.billing.models import (
    Invoice,
    InvoiceHistory,
    Payment,
    Refund,
    SandboxPayment,
    SandboxRefund,
    WebhookDelivery,
)
from vestnik.apps.billing.providers.sandbox import event_of, signed
from vestnik.apps.billing.reconciliation import reconcile
from vestnik.apps.billing.states import PaymentStatus
from vestnik.apps.eventlog.models import LoggedEvent
from vestnik.apps.notifications import actions as notifications
from vestnik.apps.notifications.models import Notification
from vestnik.core.errors import VestnikError

AT_ONCE = 4


@pytest.fixture
def school(transactional_db: None) -> School:
    return make_school()


def refused(action):
    """Run it; what it refuses with, or ``None``."""
    try:
        action()
    except VestnikError as error:
        return error
    return None


def test_clicks_at_the_same_moment_make_one_attempt(school: School) -> None:
    invoice = sent(school)
    checkouts = at_the_same_time(*[lambda: actions.pay(school.parent, invoice.pk)] * AT_ONCE)
    assert len({checkout.confirmation_url for checkout in checkouts}) == 1
    assert len({checkout.payment.id for checkout in checkouts}) == 1
    assert Payment.objects.count() == SandboxPayment.objects.count() == 1
    assert InvoiceHistory.objects.filter(what="payment_started").count() == 1


def test_webhooks_at_the_same_moment_book_once(school: School) -> None:
    invoice = sent(school)
    payment = attempt(school, invoice)
    decide(payment, PaymentStatus.SUCCEEDED)
    body, headers = signed(event_of(SandboxPayment.objects.get()), now=time.time())
    parent = InvoicesClient(school.parent)
    answers = at_the_same_time(*[lambda: webhooks.receive("sandbox", body, headers)] * AT_ONCE)
    assert answers == [HTTPStatus.OK] * AT_ONCE
    outcomes = sorted(WebhookDelivery.objects.values_list("outcome", flat=True))
    assert outcomes == ["duplicate"] * (AT_ONCE - 1) + ["processed"]
    assert (fresh(invoice).status, fresh(invoice).paid_minor) == ("paid", AMOUNT)
    assert [event["type"] for event in parent.catch_up()] == ["payment.changed", "invoice.changed", "invoice.paid"]
    assert Notification.objects.filter(user=school.parent, kind="payment.receipt").count() == 1


def test_a_webhook_a_click_and_reconciling_at_the_same_moment_book_once(school: School) -> None:
    invoice = sent(school)
    payment = attempt(school, invoice)
    decide(payment, PaymentStatus.SUCCEEDED)
    at_the_same_time(lambda: tell(payment), lambda: refused(lambda: actions.pay(school.parent, invoice.pk)), reconcile)
    assert (fresh(invoice).status, fresh(invoice).paid_minor) == ("paid", AMOUNT)
    assert Payment.objects.count() == 1
    assert Notification.objects.filter(user=school.parent, kind="payment.receipt").count() == 1


def test_two_payments_of_one_invoice_booked_at_the_same_moment_are_both_counted(school: School) -> None:
    invoice = sent(school)
    older = attempt(school, invoice)
    Payment.objects.update(status="canceled")  # we gave it up, the provider did not
    newer = attempt(school, invoice)
    for payment in (older, newer):
        decide(payment, PaymentStatus.SUCCEEDED, received_minor=AMOUNT // 2)
    answers = at_the_same_time(lambda: tell(older), lambda: tell(newer))
    assert answers == [HTTPStatus.OK] * 2
    assert (fresh(invoice).status, fresh(invoice).paid_minor) == ("paid", AMOUNT)


def test_refunds_at_the_same_moment_give_back_once(school: School) -> None:
    invoice = paid(school)
    at_the_same_time(*[lambda: refused(lambda: actions.refund(school.tutor, invoice.pk))] * AT_ONCE)
    assert (fresh(invoice).status, fresh(invoice).refunded_minor) == ("refunded", AMOUNT)
    assert Refund.objects.count() == SandboxRefund.objects.count() == 1


def test_voiding_and_paying_at_the_same_moment_leave_one_truth(school: School) -> None:
    invoice = sent(school)
    at_the_same_time(
        lambda: refused(lambda: actions.void(school.tutor, invoice.pk)),
        lambda: refused(lambda: actions.pay(school.parent, invoice.pk)),
    )
    under_way = Payment.objects.filter(status="pending").count()
    assert (fresh(invoice).status, under_way) in {("void", 0), ("open", 1)}
    assert SandboxPayment.objects.filter(status="pending").count() == under_way


def test_sending_at_the_same_moment_sends_once(school: School) -> None:
    invoice = draft(school)
    errors = at_the_same_time(*[lambda: refused(lambda: actions.send(school.tutor, invoice.pk))] * AT_ONCE)
    assert errors.count(None) == 1
    assert Notification.objects.filter(user=school.parent, kind="invoice.issued").count() == 1


def test_numbers_given_at_the_same_moment_differ_and_have_no_gaps(school: School) -> None:
    at_the_same_time(*[lambda: draft(school)] * AT_ONCE)
    numbers = sorted(int(number.partition("-")[2]) for number in Invoice.objects.values_list("number", flat=True))
    assert numbers == list(range(1, AT_ONCE + 1))


def test_what_is_folded_at_the_same_moment_is_one_notification_that_counts_all(school: School) -> None:
    params = {"sender": "Tutor", "text": "hello"}

    def tell_parent() -> None:
        notifications.notify(school.parent, "chat.message", params=params, collapse_key="chat:1")

    at_the_same_time(*[tell_parent] * AT_ONCE)
    assert Notification.objects.get(user=school.parent).count == AT_ONCE


def test_counts_in_events_are_those_of_the_feed_at_that_event(school: School) -> None:
    at_the_same_time(*[lambda: notifications.notify(school.parent, "school.party", title="Party")] * AT_ONCE)
    rows = LoggedEvent.objects.filter(stream__channel=f"notifications:#{school.parent.pk}").order_by("offset")
    assert [msgspec.json.decode(row.data)["counts"]["unread"] for row in rows] == list(range(1, AT_ONCE + 1))


def test_people_are_told_in_opposite_orders_without_waiting_for_each_other(school: School) -> None:
    pair = [school.parent, school.tutor]

    def tell_all(people) -> None:
        for _ in range(5):
            notifications.notify_all(people, "school.party", title="Party")

    at_the_same_time(lambda: tell_all(pair), lambda: tell_all(pair[::-1]))
    assert Notification.objects.count() == 20
