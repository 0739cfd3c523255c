"""How an invoice and a payment look to those concerned, and what is published when they change."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from django.db.models import QuerySet

from vestnik.apps.accounts.events import Person, person
from vestnik.apps.billing import models
from vestnik.apps.billing.states import (
    DisplayStatus,
    InvoiceStatus,
    PaymentStatus,
    RefundStatus,
    display_status,
)
from vestnik.apps.eventlog.events import Event


class RefundPart(msgspec.Struct, frozen=True, kw_only=True):
    """Money given back of a payment, or on its way back."""

    id: int
    status: RefundStatus
    amount_minor: int
    created_at: datetime
    finished_at: datetime | None


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to settle an invoice.

    Attributes:
        invoice: The invoice's id.
        amount_minor: What was asked for.
        received_minor: What came in; 0 until it has succeeded.
        refunded_minor: What was given back of that.
    """

    id: int
    invoice: int
    provider: str
    status: PaymentStatus
    amount_minor: int
    currency: str
    received_minor: int
    refunded_minor: int
    created_at: datetime
    finished_at: datetime | None
    refunds: list[RefundPart]


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the invoice's timeline.

    Attributes:
        what: ``created``, ``sent``, ``viewed``, ``overdue``, ``voided``, ``payment_started``, ``payment_waiting``,
            ``payment_succeeded``, ``payment_canceled``, ``refund_started``, ``refunded`` or ``refund_canceled``.
        actor: The person who did it; ``None`` when a provider or the clock did.
        provider: The provider that told us of it; ``""`` when none did.
        amount_minor: How much money, where it is about money.
    """

    id: int
    at: datetime
    what: str
    old_status: str
    new_status: str
    actor: Person | None
    provider: str
    amount_minor: int | None


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice as all those see it who may see it.

    Attributes:
        display_status: The status together with the facts viewed and overdue, for people.
        payment: The latest attempt to pay it.
    """

    id: int
    number: str
    status: InvoiceStatus
    display_status: DisplayStatus
    amount_minor: int
    currency: str
    paid_minor: int
    refunded_minor: int
    description: str
    due_date: date
    issuer: Person
    payer: Person
    student: Person
    created_at: datetime
    sent_at: datetime | None
    first_viewed_at: datetime | None
    paid_at: datetime | None
    overdue_since: datetime | None
    payment: Payment | None
    history: list[HistoryEntry]


class InvoiceCreated(Event, frozen=True, tag="invoice.created"):
    """An invoice came to the reader's knowledge: to its issuer when made, to its payer when sent."""

    invoice: Invoice


class InvoiceChanged(Event, frozen=True, tag="invoice.changed"):
    """Anything of an invoice changed; the statuses are the same when only a fact or the history did."""

    invoice: Invoice
    old_status: InvoiceStatus
    new_status: InvoiceStatus


class InvoicePaid(Event, frozen=True, tag="invoice.paid"):
    """An invoice was settled by ``payment``. It is accompanied by an ``invoice.changed``."""

    invoice: Invoice
    payment: Payment


class PaymentChanged(Event, frozen=True, tag="payment.changed"):
    """An attempt began, went on or ended, or money of it was given back."""

    payment: Payment


def with_parts(invoices: QuerySet[models.Invoice]) -> QuerySet[models.Invoice]:
    """Fetch along all that :func:`invoice` renders: a page costs a few queries, whatever its size."""
    return invoices.select_related("issuer__profile", "payer__profile", "student__profile").prefetch_related(
        "history__actor__profile", "payments__refunds"
    )


def invoice(row: models.Invoice) -> Invoice:
    """The one rendering of an invoice, for REST, rpc and events alike; ``row`` comes :func:`with_parts`."""
    status = InvoiceStatus(row.status)
    latest = max(row.payments.all(), key=lambda attempt: attempt.pk, default=None)
    return Invoice(
        id=row.pk,
        number=row.number,
        status=status,
        display_status=display_status(status, first_viewed_at=row.first_viewed_at, overdue_since=row.overdue_since),
        amount_minor=row.amount_minor,
        currency=row.currency,
        paid_minor=row.paid_minor,
        refunded_minor=row.refunded_minor,
        description=row.description,
        due_date=row.due_date,
        issuer=person(row.issuer),
        payer=person(row.payer),
        student=person(row.student),
        created_at=row.created_at,
        sent_at=row.sent_at,
        first_viewed_at=row.first_viewed_at,
        paid_at=row.paid_at,
        overdue_since=row.overdue_since,
        payment=None if latest is None else payment(latest),
        history=[_entry(entry) for entry in sorted(row.history.all(), key=lambda entry: entry.pk)],
    )


def payment(row: models.Payment) -> Payment:
    """The one rendering of a payment."""
    return Payment(
        id=row.pk,
        invoice=row.invoice_id,
        provider=row.provider,
        status=PaymentStatus(row.status),
        amount_minor=row.amount_minor,
        currency=row.currency,
        received_minor=row.received_minor,
        refunded_minor=row.refunded_minor,
        created_at=row.created_at,
        finished_at=row.finished_at,
        refunds=[
            RefundPart(
                id=refund.pk,
                status=RefundStatus(refund.status),
                amount_minor=refund.amount_minor,
                created_at=refund.created_at,
                finished_at=refund.finished_at,
            )
            for refund in sorted(row.refunds.all(), key=lambda refund: refund.pk)
        ],
    )


def _entry(row: models.InvoiceHistory) -> HistoryEntry:
    return HistoryEntry(
        id=row.pk,
        at=row.at,
        what=row.what,
        old_status=row.old_status,
        new_status=row.new_status,
        actor=None if row.actor is None else person(row.actor),
        provider=row.provider,
        amount_minor=row.amount_minor,
    )
