"""Billing in the admin: to look at, and to act through the same actions as everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from vestnik.apps.billing import actions
from vestnik.apps.billing.models import Invoice, InvoiceHistory, Payment, Refund, WebhookDelivery
from vestnik.apps.eventlog.admin import ReadOnlyAdmin
from vestnik.apps.notifications.currencies import format_money
from vestnik.core.errors import BackendError, PeerError

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class HistoryInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    model = InvoiceHistory
    extra = 0
    can_delete = False
    fields = readonly_fields = ("at", "what", "old_status", "new_status", "actor", "provider", "amount_minor")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    list_display = ("number", "status", "amount", "paid_minor", "refunded_minor", "due_date", "payer", "issuer")
    list_filter = ("status", "currency")
    search_fields = ("number", "payer__username", "issuer__username", "student__username")
    list_select_related = ("payer", "issuer")
    date_hierarchy = "created_at"
    inlines = [HistoryInline]
    actions = ["send", "void", "refund"]

    @admin.display(description="amount")
    def amount(self, invoice: Invoice) -> str:
        return format_money(invoice.amount_minor, invoice.currency, "en")

    @admin.action(description="Send the selected drafts")
    def send(self, request: HttpRequest, invoices: QuerySet[Invoice]) -> None:
        self._each(request, invoices, actions.send, "sent")

    @admin.action(description="Void the selected invoices")
    def void(self, request: HttpRequest, invoices: QuerySet[Invoice]) -> None:
        self._each(request, invoices, actions.void, "voided")

    @admin.action(description="Refund all that was paid on the selected invoices")
    def refund(self, request: HttpRequest, invoices: QuerySet[Invoice]) -> None:
        self._each(request, invoices, actions.refund, "refunded")

    def _each(
        self, request: HttpRequest, invoices: QuerySet[Invoice], action: Callable[..., object], done: str
    ) -> None:
        for invoice in invoices:
            try:
                action(cast("User", request.user), invoice.pk)
            except (PeerError, BackendError) as error:
                self.message_user(request, f"{invoice.number}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{invoice.number}: {done}", messages.SUCCESS)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("id", "invoice", "provider", "provider_payment_id", "status", "amount_minor", "received_minor")
    list_filter = ("status", "provider")
    search_fields = ("invoice__number__exact", "provider_payment_id__exact")
    list_select_related = ("invoice",)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("id", "payment", "provider_refund_id", "status", "amount_minor", "created_at")
    list_filter = ("status",)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "provider", "event", "object_id", "is_verified", "outcome", "attempts")
    list_filter = ("outcome", "provider", "is_verified")
    search_fields = ("object_id__exact",)
