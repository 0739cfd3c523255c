"""Invoices of the demo: five, in five states, made by the actions that people use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from vestnik.apps.billing import actions, webhooks
from vestnik.apps.billing.models import Invoice, Payment
from vestnik.apps.billing.providers.sandbox import SandboxProvider, event_of, finish, signed
from vestnik.apps.billing.states import DisplayStatus, PaymentStatus, display_status
from vestnik.apps.eventlog.log import transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User

DAY = timedelta(days=1)
CURRENCY = "RUB"


class Story:
    """How one invoice came to be as it is.

    Args:
        people: The people of the demo, by username.
        now: When the story ends: now.
    """

    def __init__(self, people: Mapping[str, User], now: datetime) -> None:
        self._tutor, self._parent, self._student = people["tutor"], people["parent"], people["student"]
        self._now = now

    def draft(self, what: str, amount_minor: int, *, days_ago: int = 0, due_in: int = 14) -> int:
        made = self._now - days_ago * DAY
        return actions.create(
            self._tutor,
            student_id=self._student.pk,
            payer_id=self._parent.pk,
            amount_minor=amount_minor,
            currency=CURRENCY,
            description=what,
            due_date=(timezone.localtime(made) + due_in * DAY).date(),
            now=made,
        ).id

    def sent(self, what: str, amount_minor: int, *, days_ago: int = 1, due_in: int = 14) -> int:
        invoice_id = self.draft(what, amount_minor, days_ago=days_ago, due_in=due_in)
        actions.send(self._tutor, invoice_id, now=self._now - days_ago * DAY + timedelta(minutes=5))
        return invoice_id

    def overdue(self, what: str, amount_minor: int) -> int:
        invoice_id = self.sent(what, amount_minor, days_ago=20, due_in=15)
        actions.view(self._parent, invoice_id, now=self._now - 19 * DAY)
        actions.mark_overdue(now=self._now - 4 * DAY)
        return invoice_id

    def paid(self, what: str, amount_minor: int) -> int:
        invoice_id = self.sent(what, amount_minor, days_ago=40)
        actions.view(self._parent, invoice_id, now=self._now - 39 * DAY)
        self._pay_in_full(invoice_id, self._now - 38 * DAY)
        return invoice_id

    def partially_refunded(self, what: str, amount_minor: int) -> int:
        invoice_id = self.paid(what, amount_minor)
        actions.refund(self._tutor, invoice_id, amount_minor=amount_minor // 4, now=self._now - 7 * DAY)
        return invoice_id

    def _pay_in_full(self, invoice_id: int, at: datetime) -> None:
        actions.pay(self._parent, invoice_id, provider=SandboxProvider.name, now=at)
        attempt = Payment.objects.get(invoice_id=invoice_id)
        row = finish(attempt.provider_payment_id, PaymentStatus.SUCCEEDED, received_minor=attempt.amount_minor)
        told_at = (at + timedelta(minutes=1)).timestamp()
        body, headers = signed(event_of(row), now=told_at)
        webhooks.receive(SandboxProvider.name, body, headers, now=told_at)


def fill(people: Mapping[str, User]) -> None:
    """Make those invoices that are missing; what is there stays, so that after paying one there is another to pay.

    Args:
        people: The demo's users by username: ``tutor``, ``parent`` and ``student`` are needed.
    """
    story = Story(people, timezone.now())
    wanted: list[tuple[DisplayStatus, Callable[[str, int], int], str, int]] = [
        (DisplayStatus.PARTIALLY_REFUNDED, story.partially_refunded, "Математика, 8 занятий, октябрь", 1_200_000),
        (DisplayStatus.PAID, story.paid, "Английский язык, 4 занятия, октябрь", 640_000),
        (DisplayStatus.OVERDUE, story.overdue, "Подготовка к экзамену, вводный курс", 950_000),
        (DisplayStatus.SENT, story.sent, "Математика, 8 занятий, ноябрь", 1_200_000),
        (DisplayStatus.DRAFT, story.draft, "Английский язык, 4 занятия, ноябрь", 640_000),
    ]
    there = {
        (invoice.description, _state_of(invoice))
        for invoice in Invoice.objects.filter(issuer=people["tutor"], payer=people["parent"])
    }
    for state, make, what, amount_minor in wanted:
        if (what, state) not in there:
            with transaction():  # a story is told whole or not at all
                make(what, amount_minor)


def _state_of(invoice: Invoice) -> DisplayStatus:
    state = display_status(
        invoice.Status(invoice.status), first_viewed_at=invoice.first_viewed_at, overdue_since=invoice.overdue_since
    )
    return DisplayStatus.SENT if state is DisplayStatus.VIEWED else state
