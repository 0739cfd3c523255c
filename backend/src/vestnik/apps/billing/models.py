"""Invoices, what was paid and given back on them, and what providers told us about it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from vestnik.apps.billing.states import UNFINISHED, InvoiceStatus, PaymentStatus, RefundStatus

MAX_AMOUNT = 10**12  # minor units: ten milliards of roubles; a larger one is a slip of the finger
MAX_DESCRIPTION = 1000  # characters
MAX_RETURN_URL = 2000  # characters; what every browser takes


class InvoiceCounter(models.Model):
    """The last number given in a year. Its row is locked until commit, so that numbers have no gaps."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "invoice counter"
        verbose_name_plural = "invoice counters"

    def __str__(self) -> str:
        return f"{self.year}-{self.last:05d}"


class Invoice(models.Model):
    """What a parent owes for a student. The issuer made it, the payer pays it, the student does not see it.

    ``paid_minor`` and ``refunded_minor`` are the sums of its payments and refunds, brought up to date with them.
    """

    Status = InvoiceStatus

    number = models.CharField(max_length=32, unique=True)
    issuer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    status = models.CharField(
        max_length=20, choices=[(status.value, status.value) for status in InvoiceStatus], default=InvoiceStatus.DRAFT
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    paid_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    description = models.CharField(max_length=MAX_DESCRIPTION)
    due_date = models.DateField()
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    first_viewed_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    overdue_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "invoice"
        verbose_name_plural = "invoices"
        indexes = [
            models.Index(fields=["issuer", "-id"], name="vestnik_invoice_issuer"),
            models.Index(fields=["payer", "-id"], name="vestnik_invoice_payer"),
            models.Index(
                fields=["due_date"],
                condition=Q(status__in=["open", "partially_paid"], overdue_since__isnull=True),
                name="vestnik_invoice_due",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=list(InvoiceStatus)), name="vestnik_invoice_status"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1, amount_minor__lte=MAX_AMOUNT), name="vestnik_invoice_amount"
            ),
            models.CheckConstraint(
                condition=Q(paid_minor__gte=0, refunded_minor__gte=0, refunded_minor__lte=models.F("paid_minor")),
                name="vestnik_invoice_refunds_are_of_what_was_paid",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "void"]) | Q(sent_at__isnull=False),
                name="vestnik_invoice_owed_means_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"invoice {self.number}"


class Payment(models.Model):
    """One attempt to settle an invoice.

    ``idempotence_key`` is what the provider knows the attempt by: the same however often we have to ask.
    ``amount_minor`` is what was asked for, ``received_minor`` what came in once it has succeeded.
    """

    Status = PaymentStatus

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payments")
    provider = models.CharField(max_length=32)
    provider_payment_id = models.CharField(max_length=200, blank=True)
    idempotence_key = models.UUIDField(default=uuid.uuid4, unique=True)
    status = models.CharField(
        max_length=20,
        choices=[(status.value, status.value) for status in PaymentStatus],
        default=PaymentStatus.CREATED,
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    received_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    return_url = models.CharField(max_length=MAX_RETURN_URL)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "payment"
        verbose_name_plural = "payments"
        indexes = [models.Index(fields=["status", "created_at"], name="vestnik_payment_to_reconcile")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=list(PaymentStatus)), name="vestnik_payment_status"),
            models.UniqueConstraint(
                fields=["provider", "provider_payment_id"],
                condition=~Q(provider_payment_id=""),
                name="vestnik_payment_once_per_provider",
            ),
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(status__in=sorted(UNFINISHED)),
                name="vestnik_payment_one_unfinished_attempt",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1)
                & Q(received_minor__gte=0)
                & Q(received_minor__lte=models.F("amount_minor"))
                & Q(refunded_minor__gte=0)
                & Q(refunded_minor__lte=models.F("received_minor")),
                name="vestnik_payment_amounts",
            ),
            models.CheckConstraint(
                condition=Q(status=PaymentStatus.SUCCEEDED, received_minor__gte=1)
                | (~Q(status=PaymentStatus.SUCCEEDED) & Q(received_minor=0)),
                name="vestnik_payment_money_means_success",
            ),
        ]

    def __str__(self) -> str:
        return f"payment {self.pk} of invoice {self.invoice_id}"


class Refund(models.Model):
    """Money given back of one payment; by us, or by somebody in the provider's own office."""

    Status = RefundStatus

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    provider_refund_id = models.CharField(max_length=200, blank=True)
    idempotence_key = models.UUIDField(default=uuid.uuid4, unique=True)
    client_id = models.UUIDField(null=True, blank=True)
    status = models.CharField(
        max_length=20, choices=[(status.value, status.value) for status in RefundStatus], default=RefundStatus.PENDING
    )
    amount_minor = models.BigIntegerField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "refund"
        verbose_name_plural = "refunds"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=list(RefundStatus)), name="vestnik_refund_status"),
            models.CheckConstraint(condition=Q(amount_minor__gte=1), name="vestnik_refund_amount"),
            models.UniqueConstraint(
                fields=["payment", "provider_refund_id"],
                condition=~Q(provider_refund_id=""),
                name="vestnik_refund_once_per_provider",
            ),
            models.UniqueConstraint(fields=["payment", "client_id"], name="vestnik_refund_once_per_client_id"),
        ]

    def __str__(self) -> str:
        return f"refund {self.pk} of payment {self.payment_id}"


class InvoiceHistory(models.Model):
    """What happened to an invoice, when, and by whom: a person, a provider, or the clock."""

    class What(models.TextChoices):
        CREATED = "created"
        SENT = "sent"
        VIEWED = "viewed"
        OVERDUE = "overdue"
        VOIDED = "voided"
        PAYMENT_STARTED = "payment_started"
        PAYMENT_WAITING = "payment_waiting"
        PAYMENT_SUCCEEDED = "payment_succeeded"
        PAYMENT_CANCELED = "payment_canceled"
        REFUND_STARTED = "refund_started"
        REFUNDED = "refunded"
        REFUND_CANCELED = "refund_canceled"

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="history")
    at = models.DateTimeField()
    what = models.CharField(max_length=20, choices=What.choices)
    old_status = models.CharField(max_length=20)
    new_status = models.CharField(max_length=20)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True)
    provider = models.CharField(max_length=32, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = "history of an invoice"
        verbose_name_plural = "history of invoices"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.what} at {self.at:%Y-%m-%d %H:%M}"


class WebhookDelivery(models.Model):
    """A provider's message, written down before anybody believes it, and what became of it."""

    class Outcome(models.TextChoices):
        RECEIVED = "received"
        FORGED = "forged"
        MALFORMED = "malformed"
        PROCESSED = "processed"
        DUPLICATE = "duplicate"
        UNKNOWN_OBJECT = "unknown_object"
        REFUSED = "refused"
        FAILED = "failed"

    provider = models.CharField(max_length=32)
    received_at = models.DateTimeField(default=timezone.now)
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    is_verified = models.BooleanField(default=False)
    event = models.CharField(max_length=100, blank=True)
    object_id = models.CharField(max_length=200, blank=True)
    object_status = models.CharField(max_length=32, blank=True)
    payment_id_at_provider = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, default=Outcome.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        indexes = [models.Index(fields=["outcome", "received_at"], name="vestnik_delivery_outcome")]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "event", "object_id", "object_status"],
                condition=Q(outcome="processed"),
                name="vestnik_delivery_processed_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event or 'delivery'} {self.object_id}"


# The sandbox's own books: what a real provider has on its side ---------------------------------------------------


class SandboxPayment(models.Model):
    """A payment as the sandbox knows it. Its id is all that the checkout page asks for, so it cannot be guessed."""

    id = models.CharField(max_length=64, primary_key=True)
    idempotence_key = models.UUIDField(unique=True)
    status = models.CharField(max_length=20, default=PaymentStatus.PENDING)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    received_minor = models.BigIntegerField(default=0)
    description = models.CharField(max_length=MAX_DESCRIPTION)
    language = models.CharField(max_length=8)
    return_url = models.CharField(max_length=MAX_RETURN_URL)
    created_at = models.DateTimeField(default=timezone.now)
    is_webhook_due = models.BooleanField(default=False)

    class Meta:
        verbose_name = "sandbox payment"
        verbose_name_plural = "sandbox payments"

    def __str__(self) -> str:
        return f"sandbox payment {self.id[:8]}…"


class SandboxRefund(models.Model):
    """A refund as the sandbox knows it."""

    id = models.CharField(max_length=64, primary_key=True)
    payment = models.ForeignKey(SandboxPayment, models.CASCADE, related_name="refunds")
    idempotence_key = models.UUIDField(unique=True)
    amount_minor = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "sandbox refund"
        verbose_name_plural = "sandbox refunds"
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gte=1), name="vestnik_sandbox_refund_amount"),
        ]

    def __str__(self) -> str:
        return f"sandbox refund {self.id[:8]}…"
