"""Invoices for tests: how one comes to be, how the sandbox tells of it, and a client that follows it by events."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

import msgspec
from django.contrib.auth.models import User
from django.utils import timezone

from tests.support.school import Browser, School
from vestnik.apps.billing import actions, webhooks
from vestnik.apps.billing.models import Invoice, Payment, SandboxPayment
from vestnik.apps.billing.providers.port import ProviderEvent
from vestnik.apps.billing.providers.sandbox import SandboxProvider, event_of, finish, signed
from vestnik.apps.billing.states import PaymentStatus
from vestnik.apps.eventlog.models import LoggedEvent

AMOUNT = 150_000


def draft(school: School, **changes: Any) -> Invoice:
    """A draft by the tutor for the student, of 1,500.00 roubles unless told otherwise."""
    wanted: dict[str, Any] = {
        "student_id": school.student.pk,
        "amount_minor": AMOUNT,
        "currency": "RUB",
        "description": "Eight lessons",
        "due_date": in_a_week(),
        **changes,
    }
    return Invoice.objects.get(pk=actions.create(school.tutor, **wanted).id)


def sent(school: School, **changes: Any) -> Invoice:
    invoice = draft(school, **changes)
    actions.send(school.tutor, invoice.pk)
    return fresh(invoice)


def attempt(school: School, invoice: Invoice) -> Payment:
    """The parent has clicked *Pay* and is on the provider's page."""
    return Payment.objects.get(pk=actions.pay(school.parent, invoice.pk).payment.id)


def paid(school: School, **changes: Any) -> Invoice:
    invoice = sent(school, **changes)
    pay_at_provider(attempt(school, invoice))
    return fresh(invoice)


def pay_at_provider(payment: Payment, *, received_minor: int | None = None) -> None:
    """The payer pays on the provider's page, and the provider tells us."""
    decide(payment, PaymentStatus.SUCCEEDED, received_minor=received_minor)
    assert tell(payment) is HTTPStatus.OK


def decide(payment: Payment, status: PaymentStatus, *, received_minor: int | None = None) -> None:
    """… and the provider has not told us yet."""
    payment.refresh_from_db()
    received = (payment.amount_minor if received_minor is None else received_minor) if status == "succeeded" else 0
    finish(payment.provider_payment_id, status, received_minor=received)


def tell(payment: Payment, event: ProviderEvent | None = None) -> HTTPStatus:
    """The provider's webhook about a payment as it is there now, or one that claims something else."""
    row = SandboxPayment.objects.get(pk=Payment.objects.get(pk=payment.pk).provider_payment_id)
    body, headers = signed(event or event_of(row), now=time.time())
    return webhooks.receive(SandboxProvider.name, body, headers)


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.get(pk=invoice.pk)


def in_a_week() -> date:
    return timezone.localdate() + timedelta(days=7)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


class InvoicesClient:
    """Keeps all invoices of a user by events, as a browser does."""

    def __init__(self, user: User) -> None:
        page = Browser(user).get("invoices/?limit=100")
        assert page["next"] is None, "the snapshot must be whole"
        self._channel = page["channel"]
        self.offset = page["position"]["offset"]
        self.invoices = {invoice["id"]: invoice for invoice in page["results"]}

    def catch_up(self) -> list[dict[str, Any]]:
        """Apply everything that was logged since; returns it."""
        rows = LoggedEvent.objects.filter(stream__channel=self._channel, offset__gt=self.offset).order_by("offset")
        received = []
        for row in rows:
            assert row.offset == self.offset + 1, "a gap"
            self.offset = row.offset
            event = msgspec.json.decode(row.data)
            self._apply(event)
            received.append(event)
        return received

    def _apply(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "invoice.created" | "invoice.changed" | "invoice.paid":
                self.invoices[event["invoice"]["id"]] = event["invoice"]
            case "payment.changed":
                payment = event["payment"]
                invoice = self.invoices.get(payment["invoice"])
                if invoice is not None and payment["id"] >= (invoice["payment"] or {"id": 0})["id"]:
                    invoice["payment"] = payment
            case other:
                raise AssertionError(f"unknown event {other}")


def assert_invoices_converge(action: Callable[[], object], *users: User) -> dict[int, list[dict[str, Any]]]:
    """Run ``action`` while ``users`` look on: applying their events must give what reloading the page would, also to
    a client whose snapshot holds the action already.

    Returns:
        By user id, the events that each received.
    """
    watching = {user.pk: InvoicesClient(user) for user in users}
    before = {user.pk: watching[user.pk].offset for user in users}
    action()
    received = {user.pk: watching[user.pk].catch_up() for user in users}
    for user in users:
        reloaded, late = InvoicesClient(user), InvoicesClient(user)
        assert watching[user.pk].invoices == reloaded.invoices
        assert watching[user.pk].offset == reloaded.offset
        late.offset = before[user.pk]
        late.catch_up()
        assert late.invoices == reloaded.invoices
    return received
