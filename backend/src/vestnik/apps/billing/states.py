"""The states of invoices, payment attempts and refunds, and every legal edge between them.

Money decides an invoice: what succeeded, less what was given back. An attempt and a refund are monotone: whatever the
order in which their provider's news arrives, they end in the same state, and nothing undoes ``succeeded``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from vestnik.core.errors import Conflict


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOID = "void"


class PaymentStatus(StrEnum):
    CREATED = "created"
    PENDING = "pending"
    WAITING_FOR_CAPTURE = "waiting_for_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class RefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class DisplayStatus(StrEnum):
    """An invoice's status together with the facts that matter while it is open."""

    DRAFT = "draft"
    SENT = "sent"
    VIEWED = "viewed"
    OVERDUE = "overdue"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOID = "void"


INVOICE_TRANSITIONS: Mapping[InvoiceStatus, frozenset[InvoiceStatus]] = {
    InvoiceStatus.DRAFT: frozenset({InvoiceStatus.OPEN, InvoiceStatus.VOID}),
    InvoiceStatus.OPEN: frozenset({InvoiceStatus.PARTIALLY_PAID, InvoiceStatus.PAID, InvoiceStatus.VOID}),
    InvoiceStatus.PARTIALLY_PAID: frozenset(
        {InvoiceStatus.PAID, InvoiceStatus.PARTIALLY_REFUNDED, InvoiceStatus.REFUNDED}
    ),
    InvoiceStatus.PAID: frozenset({InvoiceStatus.PARTIALLY_REFUNDED, InvoiceStatus.REFUNDED}),
    InvoiceStatus.PARTIALLY_REFUNDED: frozenset({InvoiceStatus.REFUNDED}),
    # Money that a provider took although the attempt had been given up is money all the same: it is shown, so that it
    # can be given back.
    InvoiceStatus.REFUNDED: frozenset({InvoiceStatus.PARTIALLY_REFUNDED}),
    InvoiceStatus.VOID: frozenset({InvoiceStatus.PARTIALLY_PAID, InvoiceStatus.PAID}),
}

PAYMENT_TRANSITIONS: Mapping[PaymentStatus, frozenset[PaymentStatus]] = {
    PaymentStatus.CREATED: frozenset(
        {
            PaymentStatus.PENDING,
            PaymentStatus.WAITING_FOR_CAPTURE,
            PaymentStatus.CANCELED,
            PaymentStatus.SUCCEEDED,
        }
    ),
    PaymentStatus.PENDING: frozenset(
        {PaymentStatus.WAITING_FOR_CAPTURE, PaymentStatus.CANCELED, PaymentStatus.SUCCEEDED}
    ),
    PaymentStatus.WAITING_FOR_CAPTURE: frozenset({PaymentStatus.CANCELED, PaymentStatus.SUCCEEDED}),
    PaymentStatus.CANCELED: frozenset({PaymentStatus.SUCCEEDED}),
    PaymentStatus.SUCCEEDED: frozenset(),
}

REFUND_TRANSITIONS: Mapping[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.PENDING: frozenset({RefundStatus.CANCELED, RefundStatus.SUCCEEDED}),
    RefundStatus.CANCELED: frozenset({RefundStatus.SUCCEEDED}),
    RefundStatus.SUCCEEDED: frozenset(),
}

UNFINISHED = frozenset({PaymentStatus.CREATED, PaymentStatus.PENDING, PaymentStatus.WAITING_FOR_CAPTURE})
"""An attempt in one of these is resumed rather than a second one being made."""

PAYABLE = frozenset({InvoiceStatus.OPEN, InvoiceStatus.PARTIALLY_PAID})

State = TypeVar("State", bound=StrEnum)


def check_invoice_move(old: InvoiceStatus, new: InvoiceStatus) -> None:
    """Refuse an edge that the table does not have.

    Raises:
        Conflict: Names both states.
    """
    if new not in INVOICE_TRANSITIONS[old]:
        raise Conflict(f"the invoice is {old}, it cannot become {new}", slug=f"invoice_{old}")


def advance(transitions: Mapping[State, frozenset[State]], current: State, reported: State) -> State:
    """What a monotone thing is after its provider's news: ``reported`` if that lies ahead, ``current`` if not."""
    return reported if reported in transitions[current] else current


def status_by_money(current: InvoiceStatus, *, amount: int, paid: int, refunded: int) -> InvoiceStatus:
    """What an invoice is by the sums of what succeeded and of what was given back, in minor units."""
    if paid == 0:
        return current
    if refunded == 0:
        return InvoiceStatus.PAID if paid >= amount else InvoiceStatus.PARTIALLY_PAID
    return InvoiceStatus.REFUNDED if refunded >= paid else InvoiceStatus.PARTIALLY_REFUNDED


def display_status(
    status: InvoiceStatus, *, first_viewed_at: datetime | None, overdue_since: datetime | None
) -> DisplayStatus:
    """What people are shown: viewed and overdue are facts, and matter only while nothing was paid."""
    if status is not InvoiceStatus.OPEN:
        return DisplayStatus(status.value)
    if overdue_since is not None:
        return DisplayStatus.OVERDUE
    return DisplayStatus.SENT if first_viewed_at is None else DisplayStatus.VIEWED
