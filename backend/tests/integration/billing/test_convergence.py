"""Snapshot and events make a fresh snapshot, after every action and for all who may see the invoice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.support.school import School
from tests.support.till import (
    AMOUNT,
    InvoicesClient,
    assert_invoices_converge,
    attempt,
    decide,
    draft,
    noon,
    paid,
    pay_at_provider,
    sent,
    tell,
)
from vestnik.apps.billing import actions
from vestnik.apps.billing.models import Invoice, Payment
from vestnik.apps.billing.providers.sandbox import SandboxProvider
from vestnik.apps.billing.settling import settle
from vestnik.apps.billing.states import PaymentStatus


def finish(school: School, invoice: Invoice, status: PaymentStatus, received_minor: int | None = None) -> None:
    payment = Payment.objects.get(invoice=invoice, status="pending")
    decide(payment, status, received_minor=received_minor)
    tell(payment)


def begun(school: School) -> Invoice:
    invoice = sent(school)
    attempt(school, invoice)
    return invoice


def half_paid(school: School) -> Invoice:
    invoice = sent(school)
    pay_at_provider(attempt(school, invoice), received_minor=AMOUNT // 2)
    return invoice


def refund_elsewhere(school: School, invoice: Invoice) -> None:
    payment = Payment.objects.get(invoice=invoice)
    SandboxProvider().refund(payment.provider_payment_id, idempotence_key=uuid4(), amount_minor=10)
    settle(payment)


PAID = ["payment.changed", "invoice.changed", "invoice.paid"]

# what: how the invoice was made before, what is done, what the issuer hears, what the payer hears
STEPS: dict[str, tuple[Callable, Callable, list[str], list[str]]] = {
    "made": (lambda s: None, lambda s, i: draft(s), ["invoice.created"], []),
    "sent": (draft, lambda s, i: actions.send(s.tutor, i.pk), ["invoice.changed"], ["invoice.created"]),
    "viewed": (sent, lambda s, i: actions.view(s.parent, i.pk), ["invoice.changed"], ["invoice.changed"]),
    "draft voided": (draft, lambda s, i: actions.void(s.tutor, i.pk), ["invoice.changed"], []),
    "voided": (sent, lambda s, i: actions.void(s.tutor, i.pk), ["invoice.changed"], ["invoice.changed"]),
    "voided while being paid": (
        begun,
        lambda s, i: actions.void(s.tutor, i.pk),
        ["payment.changed", "invoice.changed", "invoice.changed"],
        ["payment.changed", "invoice.changed", "invoice.changed"],
    ),
    "payment begun": (
        sent,
        lambda s, i: actions.pay(s.parent, i.pk),
        ["payment.changed", "invoice.changed"] * 2,
        ["payment.changed", "invoice.changed"] * 2,
    ),
    "payment resumed": (begun, lambda s, i: actions.pay(s.parent, i.pk), [], []),
    "paid": (begun, lambda s, i: finish(s, i, PaymentStatus.SUCCEEDED), PAID, PAID),
    "declined": (begun, lambda s, i: finish(s, i, PaymentStatus.CANCELED), PAID[:2], PAID[:2]),
    "half paid": (begun, lambda s, i: finish(s, i, PaymentStatus.SUCCEEDED, AMOUNT // 2), PAID[:2], PAID[:2]),
    "rest paid": (
        half_paid,
        lambda s, i: pay_at_provider(attempt(s, i)),
        ["payment.changed", "invoice.changed"] * 2 + PAID,
        ["payment.changed", "invoice.changed"] * 2 + PAID,
    ),
    "refunded in part": (
        paid,
        lambda s, i: actions.refund(s.tutor, i.pk, amount_minor=1),
        ["payment.changed", "invoice.changed"] * 2,
        ["payment.changed", "invoice.changed"] * 2,
    ),
    "refunded": (
        half_paid,
        lambda s, i: actions.refund(s.tutor, i.pk),
        ["payment.changed", "invoice.changed"] * 2,
        ["payment.changed", "invoice.changed"] * 2,
    ),
    "refunded elsewhere": (paid, refund_elsewhere, PAID[:2], PAID[:2]),
    "overdue": (
        sent,
        lambda s, i: actions.mark_overdue(now=noon(i.due_date + timedelta(days=2))),
        ["invoice.changed"],
        ["invoice.changed"],
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_snapshot_and_the_events_after_it_make_a_fresh_snapshot(school: School, name: str) -> None:
    make, act, issuer_hears, payer_hears = STEPS[name]
    paid(school)
    invoice = make(school)
    received = assert_invoices_converge(lambda: act(school, invoice), school.tutor, school.parent, school.student)
    assert [event["type"] for event in received[school.tutor.pk]] == issuer_hears
    assert [event["type"] for event in received[school.parent.pk]] == payer_hears
    assert received[school.student.pk] == []


def test_events_say_from_which_status_to_which(school: School) -> None:
    invoice = begun(school)
    parent = InvoicesClient(school.parent)
    finish(school, invoice, PaymentStatus.SUCCEEDED)
    payment, changed, settled = parent.catch_up()
    assert payment["payment"]["status"] == "succeeded"
    assert (changed["old_status"], changed["new_status"], changed["invoice"]["status"]) == ("open", "paid", "paid")
    assert settled["payment"] == payment["payment"]
    assert settled["invoice"] == changed["invoice"]
    assert all("at" in event for event in (payment, changed, settled))


def test_nobody_but_issuer_and_payer_hears_of_anything(school: School) -> None:
    others = [user for user in school.everybody if user not in (school.tutor, school.parent) and not user.is_staff]
    clients = [InvoicesClient(user) for user in others]
    invoice = paid(school)
    actions.refund(school.tutor, invoice.pk)
    assert [client.catch_up() for client in clients] == [[]] * len(others)


def test_a_whole_life_converges(school: School) -> None:
    def live() -> None:
        invoice = draft(school)
        actions.send(school.tutor, invoice.pk)
        actions.view(school.parent, invoice.pk)
        payment = attempt(school, invoice)
        decide(payment, PaymentStatus.CANCELED)
        tell(payment)
        pay_at_provider(attempt(school, invoice), received_minor=AMOUNT // 3)
        actions.mark_overdue(now=noon(invoice.due_date + timedelta(days=2)))
        pay_at_provider(attempt(school, invoice))
        actions.refund(school.admin, invoice.pk, amount_minor=AMOUNT // 2)
        actions.refund(school.tutor, invoice.pk)

    assert_invoices_converge(live, school.tutor, school.parent)
