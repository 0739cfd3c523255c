"""The sandbox: a provider of our own with a checkout page on this site, for development and demonstration.

It keeps its books apart from ours and signs what it tells us: what is true of a real provider is true of it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from vestnik.apps.billing.models import MAX_DESCRIPTION, SandboxPayment, SandboxRefund
from vestnik.apps.billing.providers.port import (
    ForgedWebhook,
    MalformedWebhook,
    ProviderEvent,
    ProviderPayment,
    ProviderRefund,
    UnknownPayment,
)
from vestnik.apps.billing.states import PaymentStatus, RefundStatus
from vestnik.core.errors import BackendError, LocalError

SIGNATURE_HEADER = "sandbox-signature"
SIGNATURE_GOOD_FOR = 300.0  # seconds; as long as Stripe's, enough for clocks that differ
ID_BYTES = 24  # of an id: whoever has it may pay, so it must not be guessed


class SandboxProvider:
    """See :class:`vestnik.apps.billing.providers.port.Provider`."""

    name = "sandbox"

    def create_payment(
        self,
        *,
        idempotence_key: UUID,
        amount_minor: int,
        currency: str,
        description: str,
        return_url: str,
        language: str,
    ) -> ProviderPayment:
        row, _ = SandboxPayment.objects.get_or_create(
            idempotence_key=idempotence_key,
            defaults={
                "id": f"sbx_{secrets.token_urlsafe(ID_BYTES)}",
                "amount_minor": amount_minor,
                "currency": currency,
                "description": description[:MAX_DESCRIPTION],
                "return_url": return_url,
                "language": language,
            },
        )
        return _payment(row)

    def fetch(self, payment_id: str) -> ProviderPayment:
        return _payment(_row(payment_id))

    def cancel(self, payment_id: str) -> ProviderPayment:
        return _payment(finish(payment_id, PaymentStatus.CANCELED))

    def refund(self, payment_id: str, *, idempotence_key: UUID, amount_minor: int) -> ProviderRefund:
        with transaction.atomic():
            payment = _row(payment_id, lock=True)
            done = SandboxRefund.objects.filter(idempotence_key=idempotence_key).first()
            if done is not None:
                return _refund(done)
            given_back = payment.refunds.aggregate(sum=Sum("amount_minor"))["sum"] or 0
            left = payment.received_minor - given_back
            if not 1 <= amount_minor <= left:
                raise BackendError(
                    f"the sandbox cannot refund {amount_minor} of payment {payment_id[:12]}: {left} are left",
                    temporary=False,
                )
            return _refund(
                SandboxRefund.objects.create(
                    id=f"sbxr_{secrets.token_urlsafe(ID_BYTES)}",
                    payment=payment,
                    idempotence_key=idempotence_key,
                    amount_minor=amount_minor,
                )
            )

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], *, now: float) -> ProviderEvent:
        claimed, _, given = headers.get(SIGNATURE_HEADER, "").partition(",")
        timestamp = claimed.removeprefix("t=")
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 16 and given.startswith("v1=")):
            raise ForgedWebhook("no signature")
        if not hmac.compare_digest(given.removeprefix("v1=").encode(), _digest(timestamp, body).encode()):
            raise ForgedWebhook("the signature does not fit")
        if abs(now - int(timestamp)) > SIGNATURE_GOOD_FOR:
            raise ForgedWebhook("the signature is too old, or from the future")
        try:
            return msgspec.json.decode(body, type=ProviderEvent)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedWebhook(str(error)) from error


# The provider's side of the checkout page ------------------------------------------------------------------------


def finish(payment_id: str, status: PaymentStatus, *, received_minor: int = 0) -> SandboxPayment:
    """The payer has decided, or the shop has canceled; what is finished already stays as it is.

    Returns:
        The payment as it is now.

    Raises:
        UnknownPayment: There is no such payment.
        LocalError: More or less money than there can be.
    """
    with transaction.atomic():
        row = _row(payment_id, lock=True)
        if row.status != PaymentStatus.PENDING:
            return row
        if not 0 <= received_minor <= row.amount_minor or (status is PaymentStatus.SUCCEEDED) == (received_minor == 0):
            raise LocalError(f"a payment of {row.amount_minor} cannot be {status} with {received_minor}")
        row.status, row.received_minor, row.is_webhook_due = status, received_minor, True
        row.save(update_fields=["status", "received_minor", "is_webhook_due"])
        return row


def event_of(row: SandboxPayment) -> ProviderEvent:
    """What the sandbox has to tell of a payment."""
    return ProviderEvent(name=f"payment.{row.status}", object_id=row.id, status=row.status, payment_id=row.id)


def event_of_refund(refund: ProviderRefund, payment_id: str) -> ProviderEvent:
    """What the sandbox has to tell of a refund."""
    return ProviderEvent(
        name=f"refund.{refund.status}", object_id=refund.id, status=refund.status, payment_id=payment_id
    )


def signed(event: ProviderEvent, *, now: float) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a webhook, as :meth:`SandboxProvider.verify_webhook` takes them."""
    body = msgspec.json.encode(event)
    timestamp = str(int(now))
    return body, {
        "content-type": "application/json",
        SIGNATURE_HEADER: f"t={timestamp},v1={_digest(timestamp, body)}",
    }


def _digest(timestamp: str, body: bytes) -> str:
    # The time is signed too: a message that was overheard cannot be sent again next week.
    key = hashlib.sha256(b"vestnik.billing.sandbox:" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _row(payment_id: str, *, lock: bool = False) -> SandboxPayment:
    rows = SandboxPayment.objects.select_for_update() if lock else SandboxPayment.objects.all()
    row = rows.filter(pk=payment_id).first()
    if row is None:
        raise UnknownPayment("the sandbox", payment_id)
    return row


def _payment(row: SandboxPayment) -> ProviderPayment:
    is_pending = row.status == PaymentStatus.PENDING
    return ProviderPayment(
        id=row.id,
        reference=str(row.idempotence_key),
        status=PaymentStatus(row.status),
        amount_minor=row.amount_minor,
        currency=row.currency,
        received_minor=row.received_minor,
        # Relative, so that it works on whatever port the browser sees us.
        confirmation_url=f"/api/payments/sandbox/{row.id}/" if is_pending else "",
        refunds=tuple(_refund(refund) for refund in row.refunds.order_by("created_at", "pk")),
    )


def _refund(row: SandboxRefund) -> ProviderRefund:
    return ProviderRefund(
        id=row.id, reference=str(row.idempotence_key), status=RefundStatus.SUCCEEDED, amount_minor=row.amount_minor
    )
