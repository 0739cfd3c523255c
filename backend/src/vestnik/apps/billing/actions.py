"""What can be done with invoices: make, send, look at, pay, void, give back, and find overdue."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from django.db.models import F
from django.utils import timezone

from vestnik.apps.billing import events
from vestnik.apps.billing.access import (
    check_may_manage,
    check_may_pay,
    invoice_for,
    payer_for_invoice,
    student_for_invoice,
)
from vestnik.apps.billing.ledger import Ledger, What, money
from vestnik.apps.billing.models import (
    MAX_AMOUNT,
    MAX_DESCRIPTION,
    MAX_RETURN_URL,
    Invoice,
    InvoiceCounter,
    Payment,
    Refund,
)
from vestnik.apps.billing.providers import default_provider, provider_named
from vestnik.apps.billing.settling import settle, settle_refund
from vestnik.apps.billing.states import (
    PAYABLE,
    UNFINISHED,
    InvoiceStatus,
    PaymentStatus,
    RefundStatus,
    check_invoice_move,
)
from vestnik.apps.conf import vestnik_settings
from vestnik.apps.eventlog.log import transaction
from vestnik.apps.notifications.currencies import MINOR_DIGITS
from vestnik.core.errors import Conflict, InvalidParameters
from vestnik.core.values import text_problem

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger(__name__)

# Every round ends one attempt, and there is at most one that is unfinished: the second round makes a new one.
ROUNDS = 3
FURTHEST_DUE = timedelta(days=3660)  # ten years; what lies beyond is a slip of the finger


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """Where the payer goes on: ``confirmation_url`` is the provider's page, absolute or a path of this site."""

    payment: events.Payment
    confirmation_url: str


def create(
    user: User,
    *,
    student_id: int,
    amount_minor: int,
    currency: str,
    description: str,
    due_date: date,
    payer_id: int | None = None,
    now: datetime | None = None,
) -> events.Invoice:
    """Make a draft. Nobody but its issuer and staff knows of it until it is sent.

    Args:
        student_id: One of the tutor's own students.
        amount_minor: In the smallest unit of ``currency``: 150000 is 1,500.00 roubles.
        currency: A code of ISO 4217.
        due_date: The last day on which it is paid in time; today or later.
        payer_id: Which parent pays; the one who came to the school first when omitted.
        now: When it is made; the present when omitted, here and below.

    Raises:
        PermissionDenied: ``user`` is no tutor.
        InvalidParameters: Names the field.
    """
    now = now or timezone.now()
    student = student_for_invoice(user, student_id)
    payer = payer_for_invoice(student, payer_id)
    description = description.strip()
    _check_draft(amount_minor, currency, description, due_date, now)
    with transaction():
        invoice = Invoice.objects.create(
            number=_next_number(now),
            issuer=user,
            payer=payer,
            student=student,
            amount_minor=amount_minor,
            currency=currency,
            description=description,
            due_date=due_date,
            created_at=now,
        )
        ledger = Ledger(invoice, now=now, is_new=True)
        ledger.record(What.CREATED, actor=user, amount_minor=amount_minor)
        return ledger.close()


def send(user: User, invoice_id: int, *, now: datetime | None = None) -> events.Invoice:
    """Send a draft to its payer, who is notified.

    Raises:
        NotFound, PermissionDenied: It is not the user's to send.
        Conflict: It was sent already, is void, or its due date has passed.
    """
    now = now or timezone.now()
    with transaction():
        invoice = invoice_for(user, invoice_id, lock=True)
        check_may_manage(user, invoice)
        ledger = Ledger(invoice, now=now)
        if ledger.status is InvoiceStatus.DRAFT and invoice.due_date < _today(now):
            raise Conflict(f"the invoice was due on {invoice.due_date}", slug="invoice_due_date_passed")
        if ledger.status is not InvoiceStatus.DRAFT:
            raise Conflict(f"the invoice is {ledger.status}, only a draft can be sent", slug="invoice_already_sent")
        ledger.record(What.SENT, actor=user, status=InvoiceStatus.OPEN, sent_at=now)
        ledger.tell(
            invoice.payer_id, "invoice.issued", description=invoice.description, due_date=invoice.due_date.isoformat()
        )
        return ledger.close()


def view(user: User, invoice_id: int, *, now: datetime | None = None) -> events.Invoice:
    """Note that the payer has looked at the invoice for the first time. Anybody else's look, or a second one, changes
    nothing.

    Raises:
        NotFound: The user may not see it.
    """
    now = now or timezone.now()
    with transaction():
        invoice = invoice_for(user, invoice_id, lock=True)
        if invoice.payer_id != user.pk or invoice.first_viewed_at is not None:
            return events.invoice(events.with_parts(Invoice.objects.all()).get(pk=invoice.pk))
        ledger = Ledger(invoice, now=now)
        ledger.record(What.VIEWED, actor=user, first_viewed_at=now)
        return ledger.close()


def pay(
    user: User,
    invoice_id: int,
    *,
    provider: str = "",
    return_url: str = "",
    own_host: str = "",
    now: datetime | None = None,
) -> Checkout:
    """Begin to pay what is left of the invoice, or go on with the attempt that is under way.

    A second click, from another tab or at the same moment, gets the same attempt. An attempt that the provider has
    ended without our hearing of it is booked first.

    Args:
        provider: Which of the site's providers; the first when omitted. An attempt under way keeps its own.
        return_url: Where the payer comes back to: a path, or an address on this site or an allowed origin; the
            invoice's page of the web app when omitted.
        own_host: How the payer's browser calls this site: ``localhost:8080``.

    Raises:
        NotFound, PermissionDenied: It is not the user's to pay.
        Conflict: There is nothing to pay, or the site takes no payments.
        InvalidParameters: ``return_url`` leads elsewhere.
        BackendError: The provider does not answer; a later click goes on with the same attempt.
    """
    return_url = _checked_return_url(return_url, own_host)
    name = provider or default_provider()
    provider_named(name)
    for _ in range(ROUNDS):
        payment, owed = _attempt(user, invoice_id, name, return_url=return_url, now=now)
        truth = settle(payment, cancel=payment.amount_minor != owed, now=now)
        payment.refresh_from_db()
        # What is owed changes under an attempt when an older one goes through after all; that one is then canceled.
        if payment.status in UNFINISHED:
            return Checkout(payment=events.payment(payment), confirmation_url=truth.confirmation_url)
    raise Conflict("the payment cannot be begun now, try again", slug="payment_not_begun")


def void(user: User, invoice_id: int, *, now: datetime | None = None) -> events.Invoice:
    """Declare that it is not owed. Attempts under way are canceled with their provider first.

    Raises:
        NotFound, PermissionDenied: It is not the user's to void.
        Conflict: Something was paid, or an attempt under way went through at this moment.
        BackendError: The provider does not answer, so that the attempt may still go through; nothing is void.
    """
    now = now or timezone.now()
    invoice = invoice_for(user, invoice_id)
    check_may_manage(user, invoice)
    if invoice.status in {InvoiceStatus.DRAFT, InvoiceStatus.OPEN}:
        for payment in invoice.payments.filter(status__in=UNFINISHED):
            settle(payment, cancel=True, now=now)
    with transaction():
        invoice = invoice_for(user, invoice_id, lock=True)
        ledger = Ledger(invoice, now=now)
        if invoice.payments.filter(status__in=UNFINISHED).exists():
            raise Conflict("the invoice is being paid", slug="invoice_being_paid")
        check_invoice_move(ledger.status, InvoiceStatus.VOID)
        ledger.record(What.VOIDED, actor=user, status=InvoiceStatus.VOID)
        if invoice.sent_at is not None:
            ledger.tell(invoice.payer_id, "invoice.voided")
        return ledger.close()


def refund(
    user: User,
    invoice_id: int,
    *,
    amount_minor: int | None = None,
    client_id: UUID | None = None,
    now: datetime | None = None,
) -> events.Invoice:
    """Give money back, of the latest payments first.

    A refund that the provider has not answered for yet is gone on with rather than a second one being made.

    Args:
        amount_minor: How much; all that is left when omitted.
        client_id: The caller's own name for this refund: a repeated call with the same one gives nothing back twice.

    Raises:
        NotFound, PermissionDenied: It is not the user's to refund.
        InvalidParameters: More than there is to give back.
        Conflict: There is nothing to give back, or a refund of another amount is under way.
        BackendError: The provider does not answer; a later call goes on with the same refund.
    """
    for begun in _begin_refund(user, invoice_id, amount_minor=amount_minor, client_id=client_id, now=now):
        settle_refund(begun, now=now)
    return events.invoice(events.with_parts(Invoice.objects.all()).get(pk=invoice_id))


def mark_overdue(*, now: datetime | None = None) -> list[events.Invoice]:
    """Note on all invoices that are owed, and whose due date has passed, since when they are overdue. Repeatable.

    Returns:
        Those on which it was noted now; their payers and issuers are notified.
    """
    now = now or timezone.now()
    late = Invoice.objects.filter(status__in=PAYABLE, overdue_since=None, due_date__lt=_today(now))
    marked = []
    for invoice_id in list(late.order_by("pk").values_list("pk", flat=True)):
        with transaction():
            invoice = late.filter(pk=invoice_id).select_for_update().first()
            if invoice is None:
                continue  # paid or voided meanwhile
            since = _end_of(invoice.due_date)
            ledger = Ledger(invoice, now=now)
            ledger.record(What.OVERDUE, at=since, overdue_since=since)
            owed = money(invoice.amount_minor - invoice.paid_minor, invoice.currency)
            for user_id in {invoice.payer_id, invoice.issuer_id}:
                ledger.tell(user_id, "invoice.overdue", amount=owed, due_date=invoice.due_date.isoformat())
            marked.append(ledger.close())
    return marked


def _check_draft(amount_minor: int, currency: str, description: str, due_date: date, now: datetime) -> None:
    if not 1 <= amount_minor <= MAX_AMOUNT:
        raise InvalidParameters(amount_minor=f"from 1 to {MAX_AMOUNT}")
    if currency not in MINOR_DIGITS:
        raise InvalidParameters(currency="no currency of ISO 4217")
    if not description or len(description) > MAX_DESCRIPTION:
        raise InvalidParameters(description=f"from 1 to {MAX_DESCRIPTION} characters")
    if problem := text_problem(description):
        raise InvalidParameters(description=problem)
    if not _today(now) <= due_date <= _today(now) + FURTHEST_DUE:
        raise InvalidParameters(due_date="from today to ten years from now")


def _next_number(now: datetime) -> str:
    year = timezone.localtime(now).year
    InvoiceCounter.objects.bulk_create([InvoiceCounter(year=year)], ignore_conflicts=True)
    counter = InvoiceCounter.objects.select_for_update().get(year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return str(counter)


def _attempt(
    user: User, invoice_id: int, provider: str, *, return_url: str, now: datetime | None
) -> tuple[Payment, int]:
    """The attempt under way, or a new one; and what is owed."""
    with transaction():
        invoice = invoice_for(user, invoice_id, lock=True)
        check_may_pay(user, invoice)
        ledger = Ledger(invoice, now=now or timezone.now())
        if ledger.status not in PAYABLE:
            raise Conflict(f"the invoice is {ledger.status}, there is nothing to pay", slug="invoice_not_payable")
        owed = invoice.amount_minor - invoice.paid_minor
        under_way = invoice.payments.filter(status__in=UNFINISHED).first()
        if under_way is not None:
            return under_way, owed
        payment = Payment.objects.create(
            invoice=invoice,
            provider=provider,
            amount_minor=owed,
            currency=invoice.currency,
            return_url=return_url or f"/invoices/{invoice.pk}",
            created_by=user,
            created_at=ledger.now,
        )
        ledger.record(What.PAYMENT_STARTED, actor=user, provider=provider, amount_minor=owed)
        ledger.touch(payment)
        ledger.close()
        return payment, owed


def _begin_refund(
    user: User, invoice_id: int, *, amount_minor: int | None, client_id: UUID | None, now: datetime | None
) -> list[Refund]:
    """Write down what is to be given back, before any provider is asked to."""
    with transaction():
        invoice = invoice_for(user, invoice_id, lock=True)
        check_may_manage(user, invoice)
        refunds = Refund.objects.filter(payment__invoice=invoice).select_related("payment")
        if client_id is not None and refunds.filter(client_id=client_id).exists():
            return list(refunds.filter(client_id=client_id, status=RefundStatus.PENDING))
        under_way = list(refunds.filter(status=RefundStatus.PENDING))
        if under_way:
            amount_under_way = sum(refund.amount_minor for refund in under_way)
            if client_id is not None or amount_minor not in {None, amount_under_way}:
                raise Conflict(f"a refund of {amount_under_way} is under way", slug="refund_under_way")
            return under_way
        payments = invoice.payments.filter(
            status=PaymentStatus.SUCCEEDED, received_minor__gt=F("refunded_minor")
        ).order_by("-pk")
        left = sum(payment.received_minor - payment.refunded_minor for payment in payments)
        if left == 0:
            raise Conflict("there is nothing to give back", slug="nothing_to_refund")
        if amount_minor is not None and not 1 <= amount_minor <= left:
            raise InvalidParameters(amount_minor=f"from 1 to {left}")
        open_amount = left if amount_minor is None else amount_minor
        ledger, begun = Ledger(invoice, now=now or timezone.now()), []
        for payment in payments:
            part = min(open_amount, payment.received_minor - payment.refunded_minor)
            if part == 0:
                break
            open_amount -= part
            begun.append(
                Refund.objects.create(
                    payment=payment, client_id=client_id, amount_minor=part, created_by=user, created_at=ledger.now
                )
            )
            ledger.record(What.REFUND_STARTED, actor=user, provider=payment.provider, amount_minor=part)
            ledger.touch(payment)
        ledger.close()
        return begun


def _checked_return_url(return_url: str, own_host: str) -> str:
    """``return_url``, as a path if it is on this site: what is a path cannot lead away."""
    refusal = InvalidParameters(return_url="neither a path, nor on this site or an allowed origin")
    # Browsers read a backslash as a slash, and drop what is not printable.
    if len(return_url) > MAX_RETURN_URL or not return_url.isprintable() or "\\" in return_url or " " in return_url:
        raise refusal
    try:
        parts = urlsplit(return_url)
    except ValueError:
        raise refusal from None
    if parts.netloc and parts.netloc == own_host and parts.scheme in {"http", "https"}:
        parts = parts._replace(scheme="", netloc="")
        return_url = parts.geturl() or "/"
    is_path = return_url.startswith("/") and not return_url.startswith("//")
    if return_url and not is_path and f"{parts.scheme}://{parts.netloc}" not in vestnik_settings().allowed_origins:
        raise refusal
    return return_url


def _today(now: datetime) -> date:
    return timezone.localtime(now).date()


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=timezone.get_current_timezone()).astimezone(UTC)
