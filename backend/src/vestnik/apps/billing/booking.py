"""Books what a provider says of a payment: the one way in which money reaches an invoice."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from vestnik.apps.accounts.access import profile_of
from vestnik.apps.billing.ledger import Ledger, What, money
from vestnik.apps.billing.models import Invoice, Payment, Refund
from vestnik.apps.billing.providers.port import ProviderPayment, ProviderRefund
from vestnik.apps.billing.states import (
    PAYMENT_TRANSITIONS,
    REFUND_TRANSITIONS,
    InvoiceStatus,
    PaymentStatus,
    RefundStatus,
    advance,
)
from vestnik.apps.eventlog.log import transaction
from vestnik.core.errors import VestnikError

logger = logging.getLogger(__name__)


class TruthDiffers(VestnikError):
    """What the provider says cannot be of our payment: another amount, another currency. Nothing was booked."""


def find_payment(provider: str, truth: ProviderPayment) -> Payment | None:
    """Our attempt that the provider speaks of.

    By the provider's id; or by our own key, if we were interrupted before we could write that id down.
    """
    payments = Payment.objects.filter(provider=provider)
    found = payments.filter(provider_payment_id=truth.id).first()
    if found is not None:
        return found
    key = _key(truth.reference)
    return payments.filter(idempotence_key=key, provider_payment_id="").first() if key else None


def book(payment_id: int, truth: ProviderPayment, *, quietly: bool = False, now: datetime | None = None) -> Payment:
    """Bring a payment, its refunds and its invoice to what the provider says. Booking twice changes nothing.

    The invoice's row is locked throughout, so bookings of one invoice follow one another. News that lie behind what we
    know already (a late ``pending``, a ``canceled`` after ``succeeded``) change nothing.

    Args:
        payment_id: Our attempt, from :func:`find_payment`.
        truth: As fetched from the provider, not as claimed by a webhook.
        quietly: The payer knows already that it was canceled, and is not notified of it.
        now: When we learnt of it; the present when omitted.

    Returns:
        The payment as it is now.

    Raises:
        TruthDiffers: The amount or the currency is not ours.
    """
    now = now or timezone.now()
    with transaction():
        ledger, payment = _locked(payment_id, now=now)
        _check_amounts(payment, truth)
        is_changed = _book_attempt(ledger, payment, truth, quietly=quietly)
        for refund in truth.refunds:
            is_changed |= _book_refund(ledger, payment, refund)
        if is_changed:
            ledger.close()
        return payment


def give_up_payment(payment_id: int, *, now: datetime | None = None) -> None:
    """The provider refuses to know of this attempt: it is canceled on our side. Should money come in nevertheless, it
    is booked as ever."""
    now = now or timezone.now()
    with transaction():
        ledger, payment = _locked(payment_id, now=now)
        if advance(PAYMENT_TRANSITIONS, PaymentStatus(payment.status), PaymentStatus.CANCELED) == payment.status:
            return
        _cancel(ledger, payment)
        ledger.close()


def give_up_refund(refund_id: int, *, now: datetime | None = None) -> None:
    """The provider refuses this refund."""
    now = now or timezone.now()
    with transaction():
        payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id)
        ledger, payment = _locked(payment_id, now=now)
        refund = Refund.objects.get(pk=refund_id)
        if advance(REFUND_TRANSITIONS, RefundStatus(refund.status), RefundStatus.CANCELED) == refund.status:
            return
        _finish_refund(ledger, payment, refund, RefundStatus.CANCELED)
        ledger.close()


def _locked(payment_id: int, *, now: datetime) -> tuple[Ledger, Payment]:
    # The invoice first, everywhere: who holds it may touch all that belongs to it.
    invoice_id = Payment.objects.values_list("invoice_id", flat=True).get(pk=payment_id)
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    return Ledger(invoice, now=now), Payment.objects.select_for_update().get(pk=payment_id)


def _check_amounts(payment: Payment, truth: ProviderPayment) -> None:
    if (truth.amount_minor, truth.currency) != (payment.amount_minor, payment.currency):
        raise TruthDiffers(
            f"{payment} asks for {payment.amount_minor} {payment.currency},"
            f" {payment.provider} has {truth.amount_minor} {truth.currency}"
        )
    is_paid = truth.status is PaymentStatus.SUCCEEDED
    if not (1 <= truth.received_minor <= payment.amount_minor if is_paid else truth.received_minor == 0):
        raise TruthDiffers(
            f"{payment} asks for {payment.amount_minor}, {payment.provider} has received {truth.received_minor}"
            f" and calls it {truth.status}"
        )


def _book_attempt(ledger: Ledger, payment: Payment, truth: ProviderPayment, *, quietly: bool) -> bool:
    old = PaymentStatus(payment.status)
    new = advance(PAYMENT_TRANSITIONS, old, truth.status)
    if not payment.provider_payment_id:
        payment.provider_payment_id = truth.id
        payment.save(update_fields=["provider_payment_id"])
    if new is old:
        return False
    logger.info(
        "payment %s", new, extra={"payment": payment.pk, "invoice": payment.invoice_id, "provider": payment.provider}
    )
    if new is PaymentStatus.CANCELED:
        _cancel(ledger, payment)
        if not quietly:
            amount = money(payment.amount_minor, payment.currency)
            ledger.tell(ledger.invoice.payer_id, "payment.failed", amount=amount)
    elif new is PaymentStatus.SUCCEEDED:
        payment.received_minor = truth.received_minor
        _move(ledger, payment, new, finished_at=ledger.now)
        _book_success(ledger, payment)
    else:
        _move(ledger, payment, new, finished_at=None)
        if new is PaymentStatus.WAITING_FOR_CAPTURE:
            ledger.record(What.PAYMENT_WAITING, provider=payment.provider, amount_minor=payment.amount_minor)
    return True


def _move(ledger: Ledger, payment: Payment, status: PaymentStatus, *, finished_at: datetime | None) -> None:
    payment.status, payment.finished_at = status, finished_at
    payment.save(update_fields=["status", "finished_at", "received_minor"])
    ledger.touch(payment)


def _cancel(ledger: Ledger, payment: Payment) -> None:
    _move(ledger, payment, PaymentStatus.CANCELED, finished_at=ledger.now)
    ledger.record(What.PAYMENT_CANCELED, provider=payment.provider, amount_minor=payment.amount_minor)


def _book_success(ledger: Ledger, payment: Payment) -> None:
    invoice, received = ledger.invoice, payment.received_minor
    if ledger.status is InvoiceStatus.VOID:
        logger.warning("money came in for a void invoice", extra={"payment": payment.pk, "invoice": invoice.pk})
    was_paid = ledger.status is InvoiceStatus.PAID
    ledger.record_money(What.PAYMENT_SUCCEEDED, payment, amount_minor=received)
    ledger.tell(invoice.payer_id, "payment.receipt", amount=money(received, payment.currency))
    if ledger.status is InvoiceStatus.PAID and not was_paid:
        ledger.tell(invoice.issuer_id, "invoice.paid", payer=profile_of(invoice.payer).display_name)
    elif ledger.status is InvoiceStatus.PARTIALLY_PAID:
        ledger.tell(invoice.issuer_id, "invoice.partially_paid", paid=money(invoice.paid_minor, invoice.currency))


def _book_refund(ledger: Ledger, payment: Payment, truth: ProviderRefund) -> bool:
    refund = _our_refund(payment, truth)
    is_new = refund is None
    if refund is None:
        # Somebody gave money back in the provider's own office.
        refund = Refund.objects.create(
            payment=payment, provider_refund_id=truth.id, amount_minor=truth.amount_minor, created_at=ledger.now
        )
    if refund.amount_minor != truth.amount_minor:
        raise TruthDiffers(f"{refund} is of {refund.amount_minor}, {payment.provider} has {truth.amount_minor}")
    if not refund.provider_refund_id:
        refund.provider_refund_id = truth.id
        refund.save(update_fields=["provider_refund_id"])
    old = RefundStatus(refund.status)
    new = advance(REFUND_TRANSITIONS, old, truth.status)
    if new is not old:
        _finish_refund(ledger, payment, refund, new)
    elif is_new:
        ledger.record(What.REFUND_STARTED, provider=payment.provider, amount_minor=refund.amount_minor)
        ledger.touch(payment)
    return is_new or new is not old


def _finish_refund(ledger: Ledger, payment: Payment, refund: Refund, status: RefundStatus) -> None:
    refund.status, refund.finished_at = status, ledger.now
    refund.save(update_fields=["status", "finished_at"])
    amount, actor = refund.amount_minor, refund.created_by
    if status is not RefundStatus.SUCCEEDED:
        ledger.record(What.REFUND_CANCELED, actor=actor, provider=payment.provider, amount_minor=amount)
        ledger.touch(payment)
        return
    if payment.refunded_minor + amount > payment.received_minor:
        raise TruthDiffers(
            f"{payment} has received {payment.received_minor},"
            f" {payment.provider} has given back {payment.refunded_minor + amount}"
        )
    ledger.record_money(What.REFUNDED, payment, amount_minor=amount, actor=actor)
    ledger.tell(ledger.invoice.payer_id, "payment.refunded", amount=money(amount, payment.currency))


def _our_refund(payment: Payment, truth: ProviderRefund) -> Refund | None:
    refunds = Refund.objects.select_for_update(of=("self",)).filter(payment=payment).select_related("created_by")
    found = refunds.filter(provider_refund_id=truth.id).first()
    key = _key(truth.reference)
    if found is None and key is not None:
        found = refunds.filter(idempotence_key=key, provider_refund_id="").first()
    return found


def _key(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None
