"""Repairs what lost webhooks, crashes and outages left: asks the providers about everything that may have changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec
from django.db.models import Q
from django.utils import timezone

from vestnik.apps.billing import webhooks
from vestnik.apps.billing.booking import TruthDiffers
from vestnik.apps.billing.models import Payment, Refund, WebhookDelivery
from vestnik.apps.billing.settling import settle, settle_refund
from vestnik.apps.billing.states import UNFINISHED, PaymentStatus, RefundStatus
from vestnik.core.errors import BackendError, PeerError

logger = logging.getLogger(__name__)

# A refund made in the provider's own office, or money that came in for an attempt that had been given up, has no row
# of ours that would be waiting for it. A provider's retries end after three days at most.
LOOK_BACK = timedelta(days=4)


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """What was done: how many were asked about, how many of them had changed, how many could not be asked about."""

    checked: int
    changed: int
    failed: int


def reconcile(*, older_than: timedelta = timedelta(), now: datetime | None = None) -> Reconciled:
    """Process failed deliveries again, then ask about all payments and refunds that may have changed. Repeatable.

    Args:
        older_than: Leave alone what was begun less than this ago: it may be under way at this moment. That is harmless,
            but asks the provider in vain.
        now: The present when omitted.
    """
    now = now or timezone.now()
    before = now - older_than
    counts = [
        _count(_process_again, WebhookDelivery.objects.filter(outcome="failed", received_at__lte=before)),
        _count(_settle_refund, Refund.objects.filter(status=RefundStatus.PENDING, created_at__lte=before)),
        _count(
            _settle,
            Payment.objects.filter(
                Q(status__in=UNFINISHED, created_at__lte=before)
                | Q(status=PaymentStatus.SUCCEEDED, finished_at__gte=now - LOOK_BACK)
                | Q(status=PaymentStatus.CANCELED, finished_at__gte=now - LOOK_BACK) & ~Q(provider_payment_id="")
            ),
        ),
    ]
    return Reconciled(
        checked=sum(count.checked for count in counts),
        changed=sum(count.changed for count in counts),
        failed=sum(count.failed for count in counts),
    )


def _count(job: Callable[[int], bool], rows: Iterable[WebhookDelivery | Refund | Payment]) -> Reconciled:
    checked = changed = failed = 0
    for row in list(rows):
        checked += 1
        try:
            changed += job(row.pk)
        except (BackendError, PeerError, TruthDiffers) as error:
            # One that fails is no reason to leave the others unrepaired.
            failed += 1
            logger.warning("cannot reconcile %s: %s", row, error)
    return Reconciled(checked=checked, changed=changed, failed=failed)


def _process_again(delivery_id: int) -> bool:
    delivery = WebhookDelivery.objects.get(pk=delivery_id)
    if webhooks.process(delivery) is WebhookDelivery.Outcome.FAILED:
        raise BackendError("it failed again, the delivery holds the traceback")
    return True


def _settle(payment_id: int) -> bool:
    payment = Payment.objects.select_related("invoice", "created_by").get(pk=payment_id)
    before = (payment.status, payment.refunded_minor)
    settle(payment)
    payment.refresh_from_db()
    return before != (payment.status, payment.refunded_minor)


def _settle_refund(refund_id: int) -> bool:
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.status == RefundStatus.PENDING:
        settle_refund(refund)
        refund.refresh_from_db()
    return refund.status != RefundStatus.PENDING
