"""What providers tell us: written down first, then proved, then asked about, and only then booked."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from django.utils import timezone

from vestnik.apps.billing.booking import TruthDiffers, book, find_payment
from vestnik.apps.billing.models import WebhookDelivery
from vestnik.apps.billing.providers import provider_named
from vestnik.apps.billing.providers.port import (
    ForgedWebhook,
    MalformedWebhook,
    Provider,
    ProviderEvent,
    ProviderPayment,
    UnknownPayment,
)
from vestnik.apps.billing.states import PAYMENT_TRANSITIONS, REFUND_TRANSITIONS, PaymentStatus, RefundStatus, advance
from vestnik.apps.eventlog.log import transaction
from vestnik.core.codes import ErrorCode
from vestnik.core.errors import BackendError, PeerError

logger = logging.getLogger(__name__)

MAX_BODY = 262_144  # bytes; the largest notifications of the providers that we know are a tenth of it
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})

Outcome = WebhookDelivery.Outcome


def receive(provider_name: str, body: bytes, headers: Mapping[str, str], *, now: float | None = None) -> HTTPStatus:
    """Take a delivery. Nothing that it says is believed: it makes us ask the provider, and what that answers is booked.

    Args:
        provider_name: As in the address that it came to.
        body: As it came, byte for byte.
        headers: By their names in lower case.
        now: Unix time of its coming; the present when omitted.

    Returns:
        What to answer: 200 so that it does not come again (booked, known already, or nothing of ours), 401 for one that
        the provider has not signed, 400 for one that makes no sense, 503 so that the provider tries again.

    Raises:
        NotFound: There is no such provider; nothing is kept.
        PeerError: 413 for a body that is too large to be one; nothing is kept.
    """
    provider = provider_named(provider_name)
    if len(body) > MAX_BODY:
        raise PeerError(ErrorCode.TOO_LARGE, f"the body is larger than {MAX_BODY} bytes")
    now = time.time() if now is None else now
    at = datetime.fromtimestamp(now, UTC)
    delivery = WebhookDelivery.objects.create(
        provider=provider_name,
        received_at=at,
        body=body,
        headers={name: value for name, value in headers.items() if name not in SECRET_HEADERS},
    )
    try:
        event = provider.verify_webhook(body, headers, now=now)
    except ForgedWebhook as error:
        logger.warning("a forged webhook: %s", error, extra={"delivery": delivery.pk, "provider": provider_name})
        _note(delivery, Outcome.FORGED, error=str(error))
        return HTTPStatus.UNAUTHORIZED
    except MalformedWebhook as error:
        logger.warning("a malformed webhook: %s", error, extra={"delivery": delivery.pk, "provider": provider_name})
        _note(delivery, Outcome.MALFORMED, error=str(error))
        return HTTPStatus.BAD_REQUEST
    delivery.is_verified = True
    delivery.event, delivery.object_id, delivery.object_status = event.name, event.object_id, event.status
    delivery.payment_id_at_provider = event.payment_id
    delivery.save()
    return HTTPStatus.SERVICE_UNAVAILABLE if process(delivery, now=at) is Outcome.FAILED else HTTPStatus.OK


def process(delivery: WebhookDelivery, *, now: datetime | None = None) -> WebhookDelivery.Outcome:
    """Do what a verified delivery calls for, and note the outcome on it. Never raises; repeatable.

    Called when it comes in, and again by ``reconcile_payments`` for those that failed.
    """
    delivery.attempts += 1
    where = {"delivery": delivery.pk, "provider": delivery.provider, "event": delivery.event}
    try:
        return _process(delivery, now or timezone.now())
    except UnknownPayment as error:
        logger.warning("a webhook of an unknown object: %s", error, extra=where)
        return _note(delivery, Outcome.UNKNOWN_OBJECT, error=str(error))
    except TruthDiffers as error:
        # Asking again would get the same answer. This needs a person.
        logger.error("a payment was not booked: %s", error, extra=where)  # noqa: TRY400
        return _note(delivery, Outcome.REFUSED, error=str(error))
    except Exception:
        logger.exception("a webhook could not be processed", extra=where)
        return _note(delivery, Outcome.FAILED, error=traceback.format_exc())


def _process(delivery: WebhookDelivery, now: datetime) -> WebhookDelivery.Outcome:
    if _is_known(delivery):
        return _note(delivery, Outcome.DUPLICATE)
    provider = provider_named(delivery.provider)
    event = _event_of(delivery)
    truth = provider.fetch(event.payment_id)
    _check_not_behind(provider, event, truth)
    payment = find_payment(delivery.provider, truth)
    if payment is None:
        logger.warning(
            "a webhook of a payment that is not ours",
            extra={"delivery": delivery.pk, "provider": delivery.provider, "object": event.payment_id},
        )
        return _note(delivery, Outcome.UNKNOWN_OBJECT, error="no payment of ours")
    with transaction():
        book(payment.pk, truth, now=now)
        # Booking holds the invoice's lock, so of two equal deliveries at one moment the second sees the first here.
        return _note(delivery, Outcome.DUPLICATE if _is_known(delivery) else Outcome.PROCESSED)


def _event_of(delivery: WebhookDelivery) -> ProviderEvent:
    return ProviderEvent(
        name=delivery.event,
        object_id=delivery.object_id,
        status=delivery.object_status,
        payment_id=delivery.payment_id_at_provider,
    )


def _is_known(delivery: WebhookDelivery) -> bool:
    return (
        WebhookDelivery.objects.filter(
            provider=delivery.provider,
            event=delivery.event,
            object_id=delivery.object_id,
            object_status=delivery.object_status,
            outcome=Outcome.PROCESSED,
        )
        .exclude(pk=delivery.pk)
        .exists()
    )


def _check_not_behind(provider: Provider, event: ProviderEvent, truth: ProviderPayment) -> None:
    """A provider whose answer lies behind its own notification is asked again later: were the delivery taken for done,
    the repeated one would count as a duplicate and the payment would never be booked."""
    if event.object_id == truth.id:
        is_behind = event.status in set(PaymentStatus) and (
            advance(PAYMENT_TRANSITIONS, truth.status, PaymentStatus(event.status)) is not truth.status
        )
    else:
        refund = next((refund for refund in truth.refunds if refund.id == event.object_id), None)
        is_behind = event.status in set(RefundStatus) and (
            refund is None
            or advance(REFUND_TRANSITIONS, refund.status, RefundStatus(event.status)) is not refund.status
        )
    if is_behind:
        raise BackendError(f"{provider.name} says that {event.object_id[:64]} is {event.status}, and knows it not")


def _note(delivery: WebhookDelivery, outcome: WebhookDelivery.Outcome, *, error: str = "") -> WebhookDelivery.Outcome:
    delivery.outcome, delivery.error = outcome, error
    if outcome is not Outcome.FAILED:
        delivery.processed_at = timezone.now()
    delivery.save(update_fields=["outcome", "error", "processed_at", "attempts"])
    return outcome
