"""Writes what happens to one invoice: the guarded move, the line of history, at the end one word to all concerned."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Sum

from vestnik.apps.billing import events, models
from vestnik.apps.billing.channels import channel_of
from vestnik.apps.billing.models import Invoice, InvoiceHistory, Payment
from vestnik.apps.billing.states import (
    InvoiceStatus,
    RefundStatus,
    check_invoice_move,
    status_by_money,
)
from vestnik.apps.eventlog.log import append
from vestnik.apps.notifications.actions import notify
from vestnik.core.errors import LocalError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

What = InvoiceHistory.What


class Ledger:
    """What one transaction does to one invoice.

    Example::

        with transaction():
            ledger = Ledger(invoice_for(user, invoice_id, lock=True), now=now)
            ledger.record(What.SENT, actor=user, status=InvoiceStatus.OPEN, sent_at=now)
            ledger.close()

    Args:
        invoice: Locked by the caller's transaction, or made in it.
        now: When it is done.
        is_new: It was made in it.
    """

    def __init__(self, invoice: Invoice, *, now: datetime, is_new: bool = False) -> None:
        self.invoice = invoice
        self.now = now
        self._is_new = is_new
        self._old_status = InvoiceStatus(invoice.status)
        self._was_sent = invoice.sent_at is not None
        self._payments: list[Payment] = []
        self._settled_by: Payment | None = None
        self._notices: list[tuple[int, str, dict[str, Any]]] = []

    @property
    def status(self) -> InvoiceStatus:
        return InvoiceStatus(self.invoice.status)

    def record(
        self,
        what: InvoiceHistory.What,
        *,
        at: datetime | None = None,
        actor: User | None = None,
        provider: str = "",
        amount_minor: int | None = None,
        status: InvoiceStatus | None = None,
        **facts: Any,
    ) -> None:
        """Something happened: move the invoice to ``status`` if given, set ``facts`` on it, and note it in the history.

        Raises:
            Conflict: The table has no such edge.
            LocalError: The invoice was not locked.
        """
        old = self.status
        if status is not None and status is not old:
            check_invoice_move(old, status)
            facts["status"] = status
        if facts:
            if not Invoice.objects.filter(pk=self.invoice.pk, status=old).update(**facts):
                raise LocalError(f"{self.invoice} is not {old} any more: it was not locked")
            for name, value in facts.items():
                setattr(self.invoice, name, value)
        InvoiceHistory.objects.create(
            invoice=self.invoice,
            at=at or self.now,
            what=what,
            old_status=old,
            new_status=self.status,
            actor=actor,
            provider=provider,
            amount_minor=amount_minor,
        )

    def record_money(
        self, what: InvoiceHistory.What, payment: Payment, *, amount_minor: int, actor: User | None = None
    ) -> None:
        """Money of ``payment`` came in or went back: sum up, and let the sums decide the status."""
        given_back = payment.refunds.filter(status=RefundStatus.SUCCEEDED).aggregate(sum=Sum("amount_minor"))["sum"]
        payment.refunded_minor = given_back or 0
        payment.save(update_fields=["refunded_minor"])
        sums = Payment.objects.filter(invoice=self.invoice).aggregate(
            paid=Sum("received_minor"), refunded=Sum("refunded_minor")
        )
        old = self.status
        status = status_by_money(
            old, amount=self.invoice.amount_minor, paid=sums["paid"] or 0, refunded=sums["refunded"] or 0
        )
        facts: dict[str, Any] = {"paid_minor": sums["paid"] or 0, "refunded_minor": sums["refunded"] or 0}
        if status is InvoiceStatus.PAID and status is not old:
            facts["paid_at"] = self.now
            self._settled_by = payment
        self.record(what, actor=actor, provider=payment.provider, amount_minor=amount_minor, status=status, **facts)
        self.touch(payment)

    def touch(self, payment: Payment) -> None:
        """``payment`` has changed, and that is to be told."""
        if payment not in self._payments:
            self._payments.append(payment)

    def tell(self, user_id: int, kind: str, **params: Any) -> None:
        """Notify the issuer or the payer of this when the ledger is closed."""
        self._notices.append((user_id, kind, params))

    def close(self) -> events.Invoice:
        """Publish what has become of the invoice to those who may see it, and notify. The last thing to do."""
        row = events.with_parts(Invoice.objects.all()).get(pk=self.invoice.pk)
        rendered = events.invoice(row)
        payments = [attempt for attempt in row.payments.all() if attempt in self._payments]
        payments.sort(key=lambda attempt: self._payments.index(attempt))
        # The payer is left out until it is sent. The order of the channels is the log's business.
        for user in {row.issuer_id, *([row.payer_id] if row.sent_at is not None else [])}:
            is_new = self._is_new if user == row.issuer_id else not self._was_sent
            self._publish(channel_of(user), rendered, payments, is_new=is_new)
        self._notify(row)
        return rendered

    def _publish(self, channel: str, rendered: events.Invoice, payments: list[models.Payment], *, is_new: bool) -> None:
        for payment in payments:
            append(channel, events.PaymentChanged(payment=events.payment(payment)))
        if is_new:
            append(channel, events.InvoiceCreated(invoice=rendered))
        else:
            append(
                channel,
                events.InvoiceChanged(invoice=rendered, old_status=self._old_status, new_status=rendered.status),
            )
        if self._settled_by is not None:
            settled_by = next(payment for payment in payments if payment == self._settled_by)
            append(channel, events.InvoicePaid(invoice=rendered, payment=events.payment(settled_by)))

    def _notify(self, row: Invoice) -> None:
        people = {row.issuer_id: row.issuer, row.payer_id: row.payer}
        # In the order of ids, as notify() asks.
        for user_id, kind, params in sorted(self._notices, key=lambda notice: notice[0]):
            notify(
                people[user_id],
                kind,
                params={"number": row.number, "amount": money(row.amount_minor, row.currency), **params},
                link=f"/invoices/{row.pk}",
                data={"invoice": row.pk},
                now=self.now,
            )


def money(amount_minor: int, currency: str) -> dict[str, Any]:
    """Money as it goes over the wire."""
    return {"amount_minor": amount_minor, "currency": currency}
