"""Asks a provider how things stand and books the answer: what a click, a cron job and a webhook have in common."""

from __future__ import annotations

import logging
from datetime import datetime

from vestnik.apps.accounts.access import profile_of
from vestnik.apps.billing.booking import book, give_up_payment, give_up_refund
from vestnik.apps.billing.models import MAX_DESCRIPTION, Payment, Refund
from vestnik.apps.billing.providers import provider_named
from vestnik.apps.billing.providers.port import ProviderPayment
from vestnik.apps.billing.states import UNFINISHED
from vestnik.core.errors import BackendError, Conflict

logger = logging.getLogger(__name__)


def settle(payment: Payment, *, cancel: bool = False, now: datetime | None = None) -> ProviderPayment:
    """Bring an attempt to what its provider says. Not inside a transaction: it waits for the provider.

    An attempt that the provider was not told of, because we were interrupted, is made there now under the same key.

    Args:
        payment: The attempt.
        cancel: Have it canceled, unless it is finished already.
        now: When we learn of it; the present when omitted.

    Raises:
        BackendError: The provider does not answer.
        Conflict: It refuses for good; the attempt is given up.
        TruthDiffers: What it says cannot be of this payment.
    """
    try:
        truth = _ask(payment)
        if cancel and truth.status in UNFINISHED:
            truth = provider_named(payment.provider).cancel(truth.id)
    except BackendError as error:
        if error.temporary:
            raise
        logger.warning("the provider refuses a payment: %s", error, extra={"payment": payment.pk})
        give_up_payment(payment.pk, now=now)
        raise Conflict("the payment provider refuses this payment", slug="payment_refused") from error
    book(payment.pk, truth, quietly=cancel, now=now)
    return truth


def settle_refund(refund: Refund, *, now: datetime | None = None) -> None:
    """Have a refund made, and book it. Repeatable: the provider knows it by its key.

    Raises:
        BackendError: The provider does not answer.
        Conflict: It refuses for good; the refund is given up.
    """
    payment = refund.payment
    provider = provider_named(payment.provider)
    try:
        provider.refund(
            payment.provider_payment_id, idempotence_key=refund.idempotence_key, amount_minor=refund.amount_minor
        )
        truth = provider.fetch(payment.provider_payment_id)
    except BackendError as error:
        if error.temporary:
            raise
        logger.warning("the provider refuses a refund: %s", error, extra={"refund": refund.pk})
        give_up_refund(refund.pk, now=now)
        raise Conflict("the payment provider refuses this refund", slug="refund_refused") from error
    book(payment.pk, truth, now=now)


def _ask(payment: Payment) -> ProviderPayment:
    provider = provider_named(payment.provider)
    if payment.provider_payment_id:
        return provider.fetch(payment.provider_payment_id)
    invoice = payment.invoice
    return provider.create_payment(
        idempotence_key=payment.idempotence_key,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        description=f"{invoice.number}: {invoice.description}"[:MAX_DESCRIPTION],
        return_url=payment.return_url,
        language=profile_of(payment.created_by).language,
    )
